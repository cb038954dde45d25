"""What each appearance model promises."""

import pytest
import torch
from cameo.backend.config import AppearanceConfig
from cameo.backend.gaussians.appearance import make_appearance

REFERENCE, OTHER = 2, 0


def model(kind):
    places = torch.rand(50, 3, generator=torch.Generator().manual_seed(1)) * 0.2
    made = make_appearance(places, 4, REFERENCE, AppearanceConfig(kind=kind))
    with torch.no_grad():
        for parameter in made.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(2))
    return made


def seen(made, view, base):
    return base + made.offset(view, base)


def cost(made, view, base):
    return made.penalty(view, made.offset(view, base)).item()


@pytest.mark.parametrize("kind", ["plain", "paper", "anchored", "coin_plus"])
def test_untrained_models_change_nothing(kind):
    base = torch.rand(50, 3)
    made = make_appearance(torch.rand(50, 3), 4, REFERENCE, AppearanceConfig(kind=kind))
    assert torch.equal(seen(made, OTHER, base), base)
    assert torch.equal(made.baked(base), base)
    image, alpha = torch.rand(40, 30, 3), torch.rand(40, 30, 1)
    shown, shown_alpha = made.picture(OTHER, image, alpha, (5, 7, 64))
    assert torch.allclose(shown, image, atol=2e-5)
    assert torch.allclose(shown_alpha, alpha, atol=2e-5)
    assert cost(made, OTHER, base) == 0


@pytest.mark.parametrize("kind", ["anchored", "coin_plus"])
def test_the_reference_is_left_alone(kind):
    made, base = model(kind), torch.rand(50, 3)
    assert torch.equal(seen(made, REFERENCE, base), base)
    image, alpha = torch.rand(20, 20, 3), torch.rand(20, 20, 1)
    assert torch.equal(made.picture(REFERENCE, image, alpha, (0, 0, 64))[0], image)
    assert cost(made, REFERENCE, base) == 0
    assert cost(made, OTHER, base) > 0
    assert torch.equal(made.baked(base), base)
    image, alpha = seen(made, OTHER, base)[None], torch.ones(1, 50, 1)
    assert not torch.allclose(made.picture(OTHER, image, alpha, (0, 0, 64))[0][0], base, atol=1e-3)


@pytest.mark.parametrize("kind", ["paper", "anchored", "coin_plus"])
def test_another_view_can_be_baked(kind):
    made, base = model(kind), torch.rand(50, 3)
    look = seen(made, OTHER, base).detach()
    if kind == "coin_plus":
        look = made.of_view.tinted(OTHER, look).detach()
    assert torch.allclose(made.baked(base, OTHER), look)
    assert not torch.allclose(made.baked(base, OTHER), made.baked(base), atol=1e-3)


def test_the_paper_bakes_the_reference_embedding():
    made, base = model("paper"), torch.rand(50, 3)
    baked = made.baked(base)
    assert torch.allclose(baked, seen(made, REFERENCE, base).detach())
    assert not torch.allclose(baked, base, atol=1e-3)


def test_flow_moves_pixels_by_what_it_says():
    made = make_appearance(torch.rand(5, 3), 4, REFERENCE, AppearanceConfig(kind="coin_plus"))
    image = torch.zeros(32, 48, 3)
    image[10, 20] = 1
    with torch.no_grad():
        made.of_view.flow[OTHER, 0] = 3 * 2 / 64  # look three pixels to the right in a picture of 64
    shown, _ = made.picture(OTHER, image, image[..., :1], (8, 4, 64))
    assert shown[10, 17, 0].item() == pytest.approx(1, abs=1e-3)
    assert shown[10, 20, 0].item() == pytest.approx(0, abs=1e-3)


def test_affine_acts_on_premultiplied_colour():
    made = make_appearance(torch.rand(5, 3), 4, REFERENCE, AppearanceConfig(kind="coin_plus"))
    with torch.no_grad():
        made.of_view.affine[OTHER, :, 3] = 0.2
    alpha = torch.full((8, 8, 1), 0.5)
    shown, _ = made.picture(OTHER, torch.zeros(8, 8, 3), alpha, (0, 0, 8))
    assert torch.allclose(shown, torch.full_like(shown, 0.1), atol=1e-5)


def test_colour_gradient_does_not_pass_through_the_network_input():
    made = model("paper")
    base = torch.rand(50, 3, requires_grad=True)
    seen(made, OTHER, base).sum().backward()
    assert torch.equal(base.grad, torch.ones_like(base))


def test_softness_blurs_and_shading_darkens():
    made = make_appearance(torch.rand(5, 3), 4, REFERENCE, AppearanceConfig(kind="coin_plus"))
    image = torch.zeros(32, 32, 3)
    image[16, 16] = 1
    with torch.no_grad():
        made.of_view.softness[OTHER] = torch.tensor([0.0, 1.0])
        made.of_view.shading[OTHER, 1] = -0.5
    shown, _ = made.picture(OTHER, image, image[..., :1], (0, 0, 32))
    assert shown[16, 16, 0].item() == pytest.approx(1 / (2 * torch.pi * 1.2**2), rel=0.05)
    assert shown.sum((0, 1))[0].item() == pytest.approx(1, abs=1e-3)
    assert torch.allclose(shown[..., 1], 0.5 * shown[..., 0], atol=1e-5)


def test_what_contradicts_is_not_believed():
    made = make_appearance(torch.rand(5, 3), 4, REFERENCE, AppearanceConfig(kind="coin_plus"))
    image, target = torch.full((64, 64, 3), 0.5), torch.full((64, 64, 3), 0.5)
    target[20:30, 20:30] = 0.9
    trust = made.trust(OTHER, image, target, 64)
    assert trust is not None
    assert trust[25, 25].item() == pytest.approx(1 / (1 + (0.4 / AppearanceConfig().trust_scale) ** 2), rel=0.05)
    assert trust[50, 50].item() == 1
    assert made.trust(REFERENCE, image, target, 64) is None
