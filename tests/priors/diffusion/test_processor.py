"""The processor in a real UNet of diffusers: SDXL's shape, tiny widths, random weights."""

import pytest
import torch
from cameo.backend.priors.diffusion.attention import MutualAttention, Source
from cameo.backend.priors.diffusion.ddim import DdimSchedule, denoise, invert
from cameo.backend.priors.diffusion.processor import mutual_self_attention, self_attention_layers

diffusers = pytest.importorskip("diffusers", reason="diffusers is not installed (extra `diffusion`)")

GUIDANCE, LEVELS, SCHEDULE, VIEWS = 3.0, 2, DdimSchedule(25), 4


@pytest.fixture(scope="module")
def unet():
    torch.manual_seed(0)
    model = diffusers.UNet2DConditionModel(
        sample_size=8,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        block_out_channels=(8, 16, 32),
        transformer_layers_per_block=(1, 2, 10),
        attention_head_dim=(1, 2, 4),
        cross_attention_dim=24,
        use_linear_projection=True,
        norm_num_groups=4,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=64,
    )
    return model.eval().requires_grad_(False)


def conditions(views, halves):
    """The same prompt for every view, another one for each half."""
    text = torch.linspace(-1, 1, halves * 7 * 24).view(halves, 7, 24).repeat_interleave(views, 0)
    pooled = torch.linspace(1, -1, halves * 16).view(halves, 16).repeat_interleave(views, 0)
    return {
        "encoder_hidden_states": text,
        "added_cond_kwargs": {"text_embeds": pooled, "time_ids": torch.ones(halves * views, 6)},
    }


def plain_noise(unet):
    return lambda latent, timestep, step: unet(latent, timestep, **conditions(len(latent), 1)).sample


def guided_noise(unet, control, source):
    def noise(latent, timestep, step):
        control.begin(source, step, halves=2)
        away, towards = unet(torch.cat([latent, latent]), timestep, **conditions(len(latent), 2)).sample.chunk(2)
        return away + GUIDANCE * (towards - away)

    return noise


@pytest.fixture(scope="module")
def noisy(unet):
    latents = torch.randn(VIEWS, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    return invert(latents, plain_noise(unet), SCHEDULE, LEVELS)[-1]


def test_layers_are_numbered_as_the_network_runs(unet):
    ran = []
    modules = {name.removesuffix(".processor"): name for name in self_attention_layers(unet)}
    hooks = [
        module.register_forward_hook(lambda *_, layer=modules[name]: ran.append(layer))
        for name, module in unet.named_modules()
        if name in modules
    ]
    plain_noise(unet)(torch.zeros(1, 4, 8, 8), 1, 0)
    for hook in hooks:
        hook.remove()
    assert ran == self_attention_layers(unet)
    assert len(ran) == 70


def test_without_a_source_the_network_is_unchanged_and_afterwards_too(unet, noisy):
    before, processors = plain_noise(unet)(noisy, 81, 0), dict(unet.attn_processors)
    with mutual_self_attention(unet, MutualAttention(0, 0)):
        inside = plain_noise(unet)(noisy, 81, 0)
    assert torch.allclose(inside, before, atol=1e-5)
    assert unet.attn_processors == processors


@pytest.mark.parametrize(("start_step", "start_layer"), [(0, 0), (1, 44)])
def test_chunks_of_views_give_the_result_of_one_batch(unet, noisy, start_step, start_layer):
    control = MutualAttention(start_step, start_layer)
    with mutual_self_attention(unet, control):
        together = denoise(noisy, guided_noise(unet, control, Source.BATCH), SCHEDULE, LEVELS)
        control.forget()
        apart = [denoise(noisy[:1], guided_noise(unet, control, Source.BATCH), SCHEDULE, LEVELS)]
        for chunk in (noisy[1:3], noisy[3:]):
            apart.append(denoise(chunk, guided_noise(unet, control, Source.MEMORY), SCHEDULE, LEVELS))
    assert (torch.cat(apart) - together).abs().max() < 1e-5
    ordinary = denoise(noisy, guided_noise(unet, control, Source.NONE), SCHEDULE, LEVELS)
    assert torch.allclose(together[0], ordinary[0], atol=1e-5)
    assert (together[1:] - ordinary[1:]).abs().max() > 1e-3


def test_what_a_view_looks_like_beside_it_changes_nothing(unet, noisy):
    control = MutualAttention(0, 0)
    with mutual_self_attention(unet, control):
        results = [
            denoise(batch, guided_noise(unet, control, Source.BATCH), SCHEDULE, LEVELS)
            for batch in (noisy, torch.cat([noisy[:2], torch.zeros(3, 4, 8, 8)]), noisy[:2])
        ]
    assert torch.allclose(results[0][1], results[1][1], atol=1e-5)
    assert torch.allclose(results[0][1], results[2][1], atol=1e-5)
