"""A model read from its folder: text, sizes, latents and noise, and what is refused. diffusers is the other witness."""

import json
import shutil
import socket

import numpy as np
import pytest
import torch
from cameo.backend.errors import AssetError
from cameo.backend.priors.diffusion.attention import MutualAttention, Source
from cameo.backend.priors.diffusion.config import DiffusionConfig
from cameo.backend.priors.diffusion.ddim import DdimSchedule
from cameo.backend.priors.diffusion.sdxl import load_models

diffusers = pytest.importorskip("diffusers", reason="diffusers is not installed (extra `diffusion`)")
transformers = pytest.importorskip("transformers", reason="transformers is not installed (extra `diffusion`)")

from ...engines.facecraft4d.toy_sdxl import GAIN, write_sdxl, write_unet  # noqa: E402

PROMPT, NEGATIVE = "a photo of a head", "blurred"
CONTROL = MutualAttention(0, 0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_sdxl(tmp_path_factory.mktemp("sdxl"))


@pytest.fixture(scope="module")
def models(folder):
    return load_models(folder, DiffusionConfig())


@pytest.fixture
def copy(folder, tmp_path):
    return shutil.copytree(folder, tmp_path / "copy")


def picture(size=64):
    """float [1,3,size,size], smooth."""
    y, x = torch.meshgrid(torch.linspace(0, 1, size), torch.linspace(0, 1, size), indexing="ij")
    return torch.stack([x, y, 0.5 + 0.4 * torch.sin(6 * x + 4 * y)])[None]


def latent(seed=0):
    return 0.4 * torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(seed))


def change(path, **values):
    table = json.loads(path.read_text())
    path.write_text(json.dumps(table | values))


def test_a_picture_survives_the_autoencoder(models):
    pictures = torch.cat([picture(), picture().flip(-1)])
    latents = models.encode(pictures)
    assert models.cell == 2  # of this autoencoder, not SDXL's 8
    assert latents.shape == (2, 4, 32, 32)
    small = torch.nn.functional.avg_pool2d(pictures, 2) * 2 - 1
    assert torch.allclose(latents[:, :3], small * models.vae.config.scaling_factor, atol=2e-3)
    assert (models.decode(latents) - pictures).abs()[..., 1:-1, 1:-1].max() < 0.02


def test_without_a_prompt_the_text_is_zero_and_needs_no_encoders(copy):
    for name in ("text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2"):
        shutil.rmtree(copy / name)
    text = load_models(copy, DiffusionConfig()).text
    assert (text.features.shape, text.summary.shape) == ((2, 77, 24), (2, 16))
    assert not text.features.any() and not text.summary.any()


def test_text_and_sizes_are_those_of_diffusers_own_pipeline(folder):
    """The same folder, put together by hand as diffusers' pipeline."""
    pipeline = diffusers.StableDiffusionXLPipeline(
        vae=diffusers.AutoencoderKL.from_pretrained(folder / "vae"),
        text_encoder=transformers.CLIPTextModel.from_pretrained(folder / "text_encoder"),
        text_encoder_2=transformers.CLIPTextModelWithProjection.from_pretrained(folder / "text_encoder_2"),
        tokenizer=transformers.CLIPTokenizer.from_pretrained(folder / "tokenizer"),
        tokenizer_2=transformers.CLIPTokenizer.from_pretrained(folder / "tokenizer_2"),
        unet=diffusers.UNet2DConditionModel.from_pretrained(folder / "unet"),
        scheduler=diffusers.EulerDiscreteScheduler.from_pretrained(folder / "scheduler"),
    )
    for negative in (NEGATIVE, None):
        with torch.inference_mode():
            said, unsaid, summary, no_summary = pipeline.encode_prompt(PROMPT, negative_prompt=negative)
        models = load_models(folder, DiffusionConfig(prompt=PROMPT, negative_prompt=negative or ""))
        assert torch.allclose(models.text.features, torch.cat([unsaid, said]), atol=1e-5)
        assert torch.allclose(models.text.summary, torch.cat([no_summary, summary]), atol=1e-5)
    assert (models.text.features[1] - models.text.features[0]).abs().max() > 0.1
    ids = pipeline._get_add_time_ids((1024, 1024), (0, 0), (1024, 1024), torch.float32, 16)
    with torch.inference_mode():
        expected = pipeline.unet(
            latent(), 81, said, added_cond_kwargs={"text_embeds": summary, "time_ids": ids}, return_dict=False
        )[0]
        assert torch.allclose(models.noise(CONTROL, Source.NONE)(latent(), 81, 0), expected, atol=1e-5)


def test_guidance_leads_from_the_negative_prompt_to_the_prompt_but_not_in_inversion(folder):
    def answer(source, **settings):
        models = load_models(folder, DiffusionConfig(start_layer=99, **settings))
        with torch.inference_mode():
            return models.noise(CONTROL, source)(latent(), 81, 0)

    towards, away = answer(Source.NONE, prompt=PROMPT), answer(Source.NONE, prompt=NEGATIVE)
    both = {"prompt": PROMPT, "negative_prompt": NEGATIVE, "guidance": 50.0}
    assert torch.allclose(answer(Source.BATCH, **both), away + 50 * (towards - away), atol=1e-4)
    assert (towards - away).abs().max() > 1e-4
    assert torch.allclose(answer(Source.NONE, **both), towards, atol=1e-6)


def test_the_unet_may_come_from_elsewhere(folder, tmp_path, models):
    """From a folder that holds a UNet alone, or from another model's."""
    with torch.inference_mode():
        own = models.noise(CONTROL, Source.NONE)(latent(), 81, 0)
        half = write_unet(tmp_path / "alone", gain=GAIN / 2)
        other = load_models(folder, DiffusionConfig(), unet=half).noise(CONTROL, Source.NONE)(latent(), 81, 0)
        same = load_models(folder, DiffusionConfig(), unet=folder).noise(CONTROL, Source.NONE)(latent(), 81, 0)
    assert torch.equal(own, same)
    assert float(other.norm() / own.norm()) == pytest.approx(0.5, abs=0.1)


def test_nothing_asks_the_network(folder, monkeypatch):
    def refuse(*_):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert load_models(folder, DiffusionConfig(prompt=PROMPT)).cell == 2


def test_half_precision_files_and_files_in_parts_are_found(copy):
    weights = "diffusion_pytorch_model"
    (copy / "vae" / f"{weights}.safetensors").rename(copy / "vae" / f"{weights}.fp16.safetensors")
    unet = diffusers.UNet2DConditionModel.from_pretrained(copy / "unet")
    (copy / "unet" / f"{weights}.safetensors").unlink()
    unet.save_pretrained(copy / "unet", max_shard_size="50KB")
    assert (copy / "unet" / f"{weights}.safetensors.index.json").is_file()
    assert load_models(copy, DiffusionConfig()).cell == 2


def drop(name):
    return lambda folder: shutil.rmtree(folder / name)


def setting(path, **values):
    return lambda folder: change(folder / path, **values)


def to_bin(folder):
    path = folder / "unet" / "diffusion_pytorch_model.safetensors"
    path.rename(path.with_suffix(".bin"))


def cut_off(folder):
    path = folder / "vae" / "diffusion_pytorch_model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])


def other_unet(**settings):
    def swap(folder):
        config = dict(diffusers.UNet2DConditionModel.load_config(folder / "unet")) | settings
        diffusers.UNet2DConditionModel.from_config(config).save_pretrained(folder / "unet")

    return swap


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (drop("vae"), "sdxl.missing"),
        (drop("scheduler"), "sdxl.missing"),
        (drop("tokenizer_2"), "sdxl.missing"),
        (lambda folder: (folder / "unet" / "diffusion_pytorch_model.safetensors").unlink(), "sdxl.missing"),
        (to_bin, "sdxl.not_safetensors"),
        (cut_off, "sdxl.wrong_contents"),
        (lambda folder: (folder / "vae" / "config.json").write_text("{"), "sdxl.wrong_contents"),
        (setting("vae/config.json", _class_name="AutoencoderTiny"), "sdxl.wrong_contents"),
        (setting("vae/config.json", layers_per_block=2), "sdxl.wrong_contents"),
        (setting("unet/config.json", transformer_layers_per_block=[1, 1, 1]), "sdxl.wrong_contents"),
        (setting("unet/config.json", addition_embed_type=None), "sdxl.wrong_contents"),
        (setting("text_encoder/config.json", architectures=["T5EncoderModel"]), "sdxl.wrong_contents"),
        (other_unet(in_channels=9), "sdxl.wrong_contents"),
        (other_unet(in_channels=8, out_channels=8), "sdxl.wrong_contents"),
        (other_unet(cross_attention_dim=30), "sdxl.wrong_contents"),
        (setting("scheduler/scheduler_config.json", prediction_type="v_prediction"), "sdxl.other_schedule"),
        (setting("scheduler/scheduler_config.json", beta_schedule="linear"), "sdxl.other_schedule"),
        (setting("scheduler/scheduler_config.json", beta_end=0.02), "sdxl.other_schedule"),
        (setting("scheduler/scheduler_config.json", num_train_timesteps=500), "sdxl.other_schedule"),
        (setting("scheduler/scheduler_config.json", rescale_betas_zero_snr=True), "sdxl.other_schedule"),
    ],
)
def test_wrong_folders_are_refused(copy, spoil, code):
    spoil(copy)
    with pytest.raises(AssetError) as caught:
        load_models(copy, DiffusionConfig(prompt=PROMPT))
    assert caught.value.code == code


def test_how_the_published_scheduler_spaces_its_steps_does_not_matter(copy):
    betas = (np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2).tolist()
    table = {"timestep_spacing": "trailing", "steps_offset": 0, "trained_betas": betas}
    change(copy / "scheduler" / "scheduler_config.json", **table)
    assert load_models(copy, DiffusionConfig()).cell == 2


@pytest.mark.parametrize("steps", [10, 25])
def test_steps_are_those_of_diffusers_schedulers(steps):
    """Both directions, all levels, with the settings of Stable Diffusion."""
    settings = {
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "set_alpha_to_one": False,
        "steps_offset": 1,
        "clip_sample": False,
    }
    ours, down, up = (
        DdimSchedule(steps),
        diffusers.DDIMScheduler(**settings),
        diffusers.DDIMInverseScheduler(**settings, timestep_spacing="leading"),
    )
    down.set_timesteps(steps)
    up.set_timesteps(steps)
    assert down.timesteps.tolist() == ours.timesteps.tolist()
    assert up.timesteps.tolist() == ours.timesteps.flip(0).tolist()
    for timestep in ours.timesteps.tolist():
        noise, moved = latent(timestep), latent(1)
        expected = down.step(noise, timestep, moved).prev_sample
        assert torch.allclose(ours.denoise_step(moved, noise, timestep), expected, atol=1e-5)
        expected = up.step(noise, timestep, moved).prev_sample
        assert torch.allclose(ours.invert_step(moved, noise, timestep), expected, atol=1e-5)
