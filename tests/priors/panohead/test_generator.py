"""The generator as a whole, with random weights of its own; ``tests/parity`` compares it with the published one."""

import pytest
import torch
from cameo.backend.errors import AssetError
from cameo.backend.priors.panohead import backbone
from cameo.backend.priors.panohead.backbone import SynthesisNetwork
from cameo.backend.priors.panohead.config import BackboneConfig, PanoHeadConfig
from cameo.backend.priors.panohead.generator import PanoHeadGenerator
from cameo.backend.priors.panohead.rays import pixel_rays
from cameo.backend.priors.panohead.superresolution import resized
from small_panohead import arguments, camera_label, random_state, released_arguments, small_generator


@pytest.fixture(scope="module")
def generator():
    return small_generator()


def drawn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def random_network(config):
    network = SynthesisNetwork(config).requires_grad_(False)
    for seed, value in enumerate([*network.parameters(), *network.buffers()]):
        value.copy_(drawn(*value.shape, seed=seed))
    return network


def test_the_released_sizes():
    """Entries and parameters of the released checkpoint, counted in its file's manifest."""
    with torch.device("meta"):
        generator = PanoHeadGenerator(PanoHeadConfig.of_checkpoint(released_arguments()))
    state = generator.state_dict()
    assert len(state) == 295
    assert sum(value.numel() for value in generator.parameters()) == 53_741_548
    assert generator.backbone.synthesis.styles == 14
    assert state["backbone.synthesis.b4.const"].shape == (512, 4, 4)
    assert state["backbone.synthesis.b256.torgb.weight"].shape == (288, 128, 1, 1)
    assert state["bcg_synthesis.b128.conv0.weight"].shape == (128, 256, 3, 3)
    assert state["superresolution.block1.conv0.affine.weight"].shape == (256, 512)
    assert state["t_mapping.fc0.weight"].shape == (3, 515)
    assert state["decoder.net.2.weight"].shape == (33, 64)


def test_weights_must_fit():
    config = PanoHeadConfig.of_checkpoint(arguments())
    state = random_state(config)
    wide = PanoHeadConfig.of_checkpoint(arguments(triplane_depth=3))
    for broken in ({**state, "extra": torch.zeros(1)}, dict(list(state.items())[1:])):
        with pytest.raises(RuntimeError, match=r"extra|backbone"):
            PanoHeadGenerator.of_state(config, broken)
    with pytest.raises(RuntimeError, match="size mismatch"):
        PanoHeadGenerator.of_state(wide, state)


@pytest.mark.parametrize(
    "change",
    [
        {"architecture": "resnet"},
        {"img_resolution": 256},
        {"superresolution_module": "training.superresolution.SuperresolutionHybrid4X"},
        {"ray_start": "auto"},
        {"disparity_space_sampling": True},
        {"decoder_activation": "sigmoid"},
        {"mapping_kwargs": {"num_layers": 2, "embed_features": 3}},
        {"mapping_kwargs": "two"},
        {"triplane_size": None},
    ],
)
def test_other_kinds_of_network_are_refused(change):
    with pytest.raises(AssetError) as refusal:
        PanoHeadConfig.of_checkpoint(arguments(**change))
    assert refusal.value.code == "panohead.unsupported"
    assert refusal.value.cause and refusal.value.fix


def test_synthesis_shares_the_colors_style_with_the_next_block():
    """Block by block, with the styles numbered by hand: 0 | 1 2 | 3 4 for the convolutions, 1, 3, 5 for the colours."""
    network = random_network(BackboneConfig(5, 16, 7, 64, 6, 0, None))
    styles = drawn(2, 6, 5)
    low, middle, high = network.blocks
    features = low.conv1(low.const.expand(2, -1, -1, -1), styles[:, 0], "const")
    picture = low.torgb(features, styles[:, 1])
    for block, first in ((middle, 1), (high, 3)):
        features = block.conv0(features, styles[:, first], "const")
        features = block.conv1(features, styles[:, first + 1], "const")
        kernel = block.resample_filter * 4
        larger = torch.nn.functional.conv_transpose2d(picture, kernel.expand(7, 1, 4, 4), stride=2, padding=1, groups=7)
        picture = larger + block.torgb(features, styles[:, first + 2])
    assert network.styles == 6
    torch.testing.assert_close(network(styles, "const"), picture)
    assert not torch.allclose(network(styles, "none"), picture)


def test_half_precision_is_for_the_highest_resolutions():
    """On a GPU only; which blocks it would be is decided when the network is made."""
    network = SynthesisNetwork(BackboneConfig(5, 64, 7, 64, 6, 2, 256.0))
    assert [block.in_half for block in network.blocks] == [False, False, False, True, True]
    assert not any(block.in_half for block in SynthesisNetwork(BackboneConfig(5, 64, 7, 64, 6, 0, None)).blocks)


def test_half_precision_gives_the_same_picture_but_for_rounding(monkeypatch):
    """What a GPU would compute, on the CPU."""
    network = random_network(BackboneConfig(5, 32, 7, 64, 6, 2, 256.0))
    styles = drawn(2, network.styles, 5)
    exact = network(styles, "const")
    monkeypatch.setattr(backbone, "computed_in", lambda half, _: torch.float16 if half else torch.float32)
    rounded = network(styles, "const")
    assert rounded.dtype == torch.float32 and not torch.equal(rounded, exact)
    assert (rounded - exact).abs().max() < 1e-2 * exact.abs().max()


def test_heads_in_one_batch_are_those_apart(generator):
    styles, labels = drawn(2, 6, 20), torch.cat([camera_label(0.3), camera_label(-2.0)])
    planes, rays = generator.planes(styles), pixel_rays(labels, 6)
    together = generator.render(planes, rays)
    for head in range(2):
        alone = generator.render(generator.planes(styles[head : head + 1]), pixel_rays(labels[head : head + 1], 6))
        torch.testing.assert_close(together.features[head], alone.features[0], atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(together.coverage[head], alone.coverage[0], atol=1e-4, rtol=1e-4)


def test_styles_and_camera(generator):
    latent, label = drawn(2, 24), camera_label().expand(2, 25)
    styles = generator.styles(latent, label)
    assert styles.shape == (2, 6, 20)
    assert (styles == styles[:, :1]).all()
    pulled = generator.styles(latent, label, 0.5, 2)
    torch.testing.assert_close(pulled[:, 2:], styles[:, 2:])
    torch.testing.assert_close(pulled[:, :2], (styles[:, :2] + generator.backbone.mapping.w_avg) / 2)
    assert generator.camera_shift(latent, label).shape == (2, 3)
    turned = generator.styles(latent, camera_label(1.0).expand(2, 25))
    assert not torch.allclose(turned, styles)


def test_a_mapping_that_sees_no_camera():
    blind = small_generator(c_gen_conditioning_zero=True)
    latent = drawn(1, 24)
    torch.testing.assert_close(blind.styles(latent, camera_label()), blind.styles(latent, camera_label(1.0)))


def test_pictures_of_a_head(generator):
    """Raw picture, depth and mask are what the parts say; the super-resolution (the slow part) gets them."""
    label, size = camera_label(0.4), 12
    styles = drawn(1, 6, 20, seed=4)
    planes = generator.planes(styles)
    assert planes.shape == (1, 3 * 32 * 2, 16, 16)
    given = []
    watch = generator.superresolution.register_forward_pre_hook(lambda _, values: given.append(values))
    seen = generator.images(styles, planes, label, size)
    watch.remove()
    assert [tuple(part.shape) for part in seen] == [(1, 3, 512, 512), (1, 3, 12, 12), (1, 1, 12, 12), (1, 1, 12, 12)]
    rendered = generator.render(planes, pixel_rays(label, size))
    row, column = 5, 8
    torch.testing.assert_close(seen.mask[0, 0, row, column], rendered.coverage[0, row * 12 + column, 0] * 1.002 - 0.001)
    torch.testing.assert_close(seen.depth[0, 0, row, column], rendered.depth[0, row * 12 + column, 0])
    behind = resized(generator.background(styles), size, True)
    whole = rendered.features[0].T.reshape(1, 32, 12, 12) + (1 - rendered.coverage.reshape(1, 1, 12, 12)) * behind
    torch.testing.assert_close(seen.raw, generator.torgb(whole, styles[:, -1]))
    features, raw, style, noise = given[0]
    torch.testing.assert_close(features, whole)
    assert torch.equal(raw, seen.raw) and torch.equal(style, styles[:, -1]) and noise == "none"
    assert torch.isfinite(seen.image).all() and seen.image.std() > 0.01


def test_too_few_styles_repeat_the_last_for_the_background(generator):
    styles = drawn(1, 6, 20)
    assert generator.bcg_synthesis.styles == 12
    full = torch.cat([styles, styles[:, -1:].expand(-1, 6, -1)], 1)
    torch.testing.assert_close(generator.background(styles), generator.bcg_synthesis(full, "const"))


def test_gradients_reach_styles_and_weights(generator):
    """What inversion needs; the weights are thawed for pivotal tuning."""
    styles = drawn(1, 6, 20).requires_grad_()
    weight = generator.backbone.synthesis.b16.conv1.weight.requires_grad_()
    planes = generator.planes(styles)
    generator.render(planes, pixel_rays(camera_label(), 6)).features.square().mean().backward()
    weight.requires_grad_(False)
    for gradient in (styles.grad, weight.grad):
        assert torch.isfinite(gradient).all() and gradient.abs().max() > 0


def test_plane_axes_of_the_checkpoint_are_used(generator):
    turned = PanoHeadGenerator.of_state(generator.config, generator.state_dict(), generator.plane_axes.roll(1, 0))
    planes, points = drawn(1, 3 * 32 * 2, 16, 16), drawn(1, 5, 3) * 0.2
    rolled = planes.reshape(1, 3, -1, 16, 16).roll(1, 1).reshape(planes.shape)
    torch.testing.assert_close(turned.field(rolled, points), generator.field(planes, points))
    assert not torch.allclose(turned.field(planes, points)[1], generator.field(planes, points)[1])
