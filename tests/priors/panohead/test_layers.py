"""Each layer against the sum that it stands for, written as loops."""

import itertools
import math

import numpy as np
import pytest
import torch
from cameo.backend.priors.panohead.layers import FullyConnected, doubled, leaky, smooth, unit_power
from cameo.backend.priors.panohead.mapping import MappingNetwork
from cameo.backend.priors.panohead.modulated import StyledColors, StyledConvolution, demodulation, modulated

KERNEL = torch.outer(torch.tensor([1.0, 4.0, 2.0, 1.0]), torch.tensor([3.0, 1.0, 2.0, 1.0])) / 56  # no symmetry


def drawn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed + sum(shape)))


def full_convolution(picture, kernel):
    """Every product of a pixel and a tap, added where both lead to: [H+k-1, W+k-1]."""
    result = np.zeros((picture.shape[0] + kernel.shape[0] - 1, picture.shape[1] + kernel.shape[1] - 1))
    for y, x in np.ndindex(*picture.shape):
        result[y : y + kernel.shape[0], x : x + kernel.shape[1]] += picture[y, x] * kernel
    return result


def with_zeros_between(picture):
    result = np.zeros((2 * picture.shape[0], 2 * picture.shape[1]))
    result[::2, ::2] = picture
    return result


def filled(module, seed=3):
    """``module`` with random parameters and buffers."""
    generator = torch.Generator().manual_seed(seed)
    for value in itertools.chain(module.parameters(), module.buffers()):
        value.data.normal_(generator=generator)
    return module.requires_grad_(False)


def test_smooth_is_a_convolution():
    picture = drawn(2, 3, 6, 5)
    result = smooth(picture, KERNEL, padding=1, gain=4.0)
    assert result.shape == (2, 3, 5, 4)
    whole = full_convolution(picture[1, 2].double().numpy(), KERNEL.double().numpy()) * 4
    np.testing.assert_allclose(result[1, 2].numpy(), whole[2:-2, 2:-2], atol=1e-5)


def test_doubled_puts_zeros_between_and_smooths():
    picture = drawn(2, 3, 4, 5)
    result = doubled(picture, KERNEL)
    assert result.shape == (2, 3, 8, 10)
    whole = full_convolution(with_zeros_between(picture[0, 1].numpy()), KERNEL.numpy()) * 4
    np.testing.assert_allclose(result[0, 1].numpy(), whole[1:9, 1:11], atol=1e-5)


def test_doubled_keeps_brightness():
    kernel = torch.outer(torch.tensor([1.0, 3.0, 3.0, 1.0]), torch.tensor([1.0, 3.0, 3.0, 1.0])) / 64
    result = doubled(torch.full((1, 1, 6, 6), 0.7), kernel)
    torch.testing.assert_close(result[..., 1:-1, 1:-1], torch.full((1, 1, 10, 10), 0.7))


def own_weights(weight, style):
    """One sample's kernel: scaled by its style, every output channel brought to unit length."""
    scaled = weight * style[None, :, None, None]
    return scaled / np.sqrt((scaled**2).sum((1, 2, 3), keepdims=True) + 1e-8)


@pytest.mark.parametrize("grows", [False, True])
def test_modulated_convolution_against_one_kernel_per_sample(grows):
    value, weight, style = drawn(2, 3, 4, 5), drawn(4, 3, 3, 3), drawn(2, 3)
    result = modulated(value, weight, style, KERNEL if grows else None)
    for sample, output in np.ndindex(2, 4):
        kernel = own_weights(weight.double().numpy(), style[sample].double().numpy())[output]
        expected = 0
        for channel in range(3):
            picture = value[sample, channel].double().numpy()
            if grows:
                whole = full_convolution(with_zeros_between(picture)[:-1, :-1], kernel[channel])
                expected = expected + full_convolution(whole, KERNEL.double().numpy())[2:-2, 2:-2] * 4
            else:
                expected = expected + full_convolution(picture, kernel[channel, ::-1, ::-1])[1:-1, 1:-1]
        np.testing.assert_allclose(result[sample, output].numpy(), expected, atol=2e-5)


def test_demodulation_gives_unit_variance():
    value, weight, style = drawn(1, 64, 32, 32), drawn(8, 64, 3, 3) * 7, drawn(1, 64) * 5
    inner = modulated(value, weight, style)[..., 1:-1, 1:-1]
    assert abs(float(inner.std()) - 1) < 0.1
    assert demodulation(weight, style).shape == (1, 8)


def test_half_precision_stands_large_styles_and_weights():
    """fp16 ends at 65504; without scaling, these products do not fit."""
    value, weight, style = drawn(2, 16, 6, 6), drawn(8, 16, 3, 3) * 300, drawn(2, 16) * 300
    exact = modulated(value, weight, style, KERNEL)
    half = modulated(value.half(), weight, style, KERNEL)
    assert half.dtype == torch.float16
    torch.testing.assert_close(half.float(), exact, atol=2e-2, rtol=2e-2)


@pytest.mark.parametrize("noise", ["const", "none"])
def test_styled_convolution_adds_noise_then_bias_then_bends_then_clamps(noise):
    layer = filled(StyledConvolution(3, 4, 5, 6, grows=False, clamp=1.5))
    value, style = drawn(2, 3, 6, 6), drawn(2, 5)
    plain = modulated(value, layer.weight, style @ layer.affine.weight.T / math.sqrt(5) + layer.affine.bias)
    if noise == "const":
        plain = plain + layer.noise_const * layer.noise_strength
    plain = plain + layer.bias[:, None, None]
    expected = (torch.where(plain > 0, plain, 0.2 * plain) * math.sqrt(2)).clamp(-1.5, 1.5)
    assert expected.abs().max() == 1.5
    torch.testing.assert_close(layer(value, style, noise), expected)


def test_colors_are_modulated_and_not_demodulated():
    layer = filled(StyledColors(3, 2, 5))
    value, style = drawn(2, 3, 4, 4), drawn(2, 5)
    scale = (style @ layer.affine.weight.T / math.sqrt(5) + layer.affine.bias) / math.sqrt(3)
    expected = torch.einsum("oi,ni,nihw->nohw", layer.weight[..., 0, 0], scale, value) + layer.bias[:, None, None]
    torch.testing.assert_close(layer(value, style), expected)


def test_mapping_by_its_formula():
    network = filled(MappingNetwork(6, 4, 5, 2))
    latent, label = drawn(3, 6), drawn(3, 4)
    embedded = label @ network.embed.weight.T / 2 + network.embed.bias
    value = torch.cat([part / part.square().mean(1, keepdim=True).sqrt() for part in (latent, embedded)], 1)
    for layer in (network.fc0, network.fc1):
        value = value @ layer.weight.T * (0.01 / math.sqrt(value.shape[1])) + layer.bias * 0.01
        value = torch.where(value > 0, value, 0.2 * value) * math.sqrt(2)
    torch.testing.assert_close(network(latent, label), value)


def test_a_linear_end_is_linear():
    network = filled(MappingNetwork(6, 4, 3, 2, rate=1.0, last="linear"))
    latent, label = drawn(9, 6), drawn(9, 4)
    hidden = network.fc0(torch.cat([unit_power(latent), unit_power(network.embed(label))], 1))
    torch.testing.assert_close(network(latent, label), hidden @ network.fc1.weight.T / 3**0.5 + network.fc1.bias)


def test_truncation_pulls_only_the_first_styles():
    network = filled(MappingNetwork(6, 4, 5, 1))
    styles = drawn(2, 4, 5)
    pulled = network.truncated(styles, 0.7, 3)
    torch.testing.assert_close(pulled[:, :3], network.w_avg + 0.7 * (styles[:, :3] - network.w_avg))
    torch.testing.assert_close(pulled[:, 3:], styles[:, 3:])
    torch.testing.assert_close(network.truncated(styles, 0.0, None), network.w_avg.expand(2, 4, 5))
    torch.testing.assert_close(network.truncated(styles, 1.0, 14), styles)


def test_layers_keep_power():
    assert abs(float(leaky(drawn(100_000)).square().mean()) - 1.04) < 0.02  # (1 + 0.2²) / 2 * 2
    layer = FullyConnected(400, 300)
    layer.weight.data, layer.bias.data = drawn(300, 400), torch.zeros(300)
    assert abs(float(layer(drawn(200, 400)).detach().std()) - 1) < 0.02
