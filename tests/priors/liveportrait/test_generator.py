import pytest
import torch
from cameo.backend.priors.liveportrait.generator import SpadeGenerator, SpadeNorm
from cameo.backend.priors.liveportrait.spectral_norm import folded
from small_liveportrait import SMALL, shaken, with_spectral_norm


def convolved(image, layer):
    """A convolution of side 3 with a border of zeros, pixel by pixel: [C,H,W] to [O,H,W]."""
    _, height, width = image.shape
    result = torch.zeros(len(layer.bias), height, width)
    for y in range(height):
        for x in range(width):
            total = layer.bias.clone()
            for dy in (-1, 0, 1):
                for dx in (-1, 0, 1):
                    if 0 <= y + dy < height and 0 <= x + dx < width:
                        total += layer.weight[:, :, dy + 1, dx + 1] @ image[:, y + dy, x + dx]
            result[:, y, x] = total
    return result


def test_spade_norm_pixel_by_pixel():
    torch.manual_seed(5)
    norm = shaken(SpadeNorm(2, 3, 4))
    x, features = torch.randn(2, 2, 4, 2), torch.randn(2, 3, 2, 1)
    ours = norm(x, features)
    for b in range(2):
        large = features[b][:, [0, 0, 1, 1]][:, :, [0, 0]]  # each pixel of the features becomes 2 x 2
        hidden = convolved(large, norm.mlp_shared[0]).clamp(min=0)
        gamma, beta = convolved(hidden, norm.mlp_gamma), convolved(hidden, norm.mlp_beta)
        for c in range(2):
            channel = x[b, c]
            mean = channel.sum() / 8
            variance = ((channel - mean) ** 2).sum() / 8
            expected = (channel - mean) / (variance + 1e-5).sqrt() * (1 + gamma[c]) + beta[c]
            torch.testing.assert_close(ours[b, c], expected, atol=1e-5, rtol=1e-5)


def test_folded_weights_make_the_same_picture():
    torch.manual_seed(6)
    raw = shaken(with_spectral_norm(SpadeGenerator(SMALL)))
    plain = SpadeGenerator(SMALL).eval()
    plain.load_state_dict(folded(raw.state_dict()))
    features = torch.randn(2, SMALL.features, 4, 4)
    picture = plain(features)
    assert picture.shape == (2, 3, 32, 32)
    assert 0 < picture.min() < picture.max() < 1
    torch.testing.assert_close(picture, raw(features), atol=1e-6, rtol=1e-5)
    assert (plain.up_0.conv_0.weight - raw.up_0.conv_0.weight_orig).abs().max() > 0.01


@pytest.mark.parametrize("missing", ["weight_orig", "weight_u", "weight_v"])
def test_an_incomplete_triple_is_not_guessed(missing):
    state = with_spectral_norm(SpadeGenerator(SMALL)).state_dict()
    del state[f"up_1.conv_0.{missing}"]
    with pytest.raises(KeyError, match=r"up_1\.conv_0\.weight_"):
        folded(state)


def test_every_item_of_a_batch_is_on_its_own():
    torch.manual_seed(7)
    generator = shaken(SpadeGenerator(SMALL))
    features = torch.randn(3, SMALL.features, 4, 4)
    single = torch.cat([generator(one[None]) for one in features])
    torch.testing.assert_close(generator(features), single, atol=1e-6, rtol=1e-5)
