"""The fused photometric loss against torch, and the regularisers."""

import pytest
import torch
from cameo.backend.gaussians import losses


@pytest.mark.parametrize("size", [(40, 33), (7, 50), (120, 96)])
def test_fused_photometric_equals_torch_with_gradient(size):
    generator = torch.Generator().manual_seed(0)
    target = torch.rand(*size, 3, generator=generator)
    image = (target + 0.2 * torch.randn(*size, 3, generator=generator)).requires_grad_()
    exact = image.detach().double().requires_grad_()
    losses.photometric(image, target, 0.2).mul(3).backward()
    losses.photometric(exact, target.double(), 0.2).mul(3).backward()
    fast, slow = losses.photometric(image, target, 0.2), losses.photometric(exact, target.double(), 0.2)
    assert fast.item() == pytest.approx(slow.item(), rel=1e-5)
    assert torch.linalg.norm(image.grad - exact.grad) < 1e-4 * torch.linalg.norm(exact.grad)


def test_photometric_of_equal_pictures_is_zero():
    picture = torch.rand(30, 30, 3, requires_grad=True)
    loss = losses.photometric(picture, picture.detach(), 0.2)
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-6)
    assert picture.grad.abs().max() < 1e-6


def test_regularisers_are_quiet_inside_their_limits_and_speak_outside():
    log_sigma = torch.zeros(4)
    assert losses.offset_penalty(torch.full((4, 3), 0.5)) == 0
    assert losses.offset_penalty(torch.full((4, 3), 2.0)) > 2
    assert losses.scale_penalty(torch.full((4, 3), 0.69), log_sigma) == 0
    assert losses.scale_penalty(torch.full((4, 3), 1.69), log_sigma) == pytest.approx(1.0, abs=0.01)
    assert losses.needle_penalty(torch.tensor([[1.0, 0.0, -3.0]])) == 0
    assert losses.needle_penalty(torch.tensor([[0.0, 2.0, 0.0]])) > 0.8
