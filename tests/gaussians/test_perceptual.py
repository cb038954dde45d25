"""The perceptual distance of training: right, smooth, for any size, and never at the price of a silent download."""

import socket
import sys

import cv2
import numpy as np
import pytest
import torch
from cameo.backend.gaussians.mobilenet import folded, read_mobilenet
from cameo.backend.gaussians.mobilenet_cpu import is_available, quick_blocks
from cameo.backend.gaussians.perceptual import load_perceptual, lpips_is_here
from cameo.backend.weights.fetch import asset_path


@pytest.fixture(scope="module", autouse=True)
def one_torch_thread():
    """As in training; torch takes other paths through its convolutions then."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def perceptual():
    return load_perceptual()


@pytest.fixture(scope="module")
def face():
    """uint8 [128,128,3] of the astronaut's face, and 8 pixels more on the left."""
    picture = cv2.cvtColor(cv2.imread(str(asset_path("astronaut.png"))), cv2.COLOR_BGR2RGB)
    return np.ascontiguousarray(picture[50:178, 152:288])


def tensor(picture):
    return torch.from_numpy(np.ascontiguousarray(picture)).float() / 255


def taps(blocks, picture):
    """The output of every block for a normalised picture, channels last, with a gradient to it."""
    value = picture.permute(2, 0, 1)[None].requires_grad_()
    source, outputs = value, []
    for block in blocks:
        value = block(value)
        outputs.append(value)
    return source, outputs


def test_batch_norms_fold_without_a_trace(face):
    plain = read_mobilenet(asset_path("mobilenet_v2.pth"), 7)
    whole = folded(plain)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in whole.modules())
    assert any(isinstance(module, torch.nn.BatchNorm2d) for module in plain.modules())
    with torch.no_grad():
        for expected, got in zip(taps(plain, tensor(face))[1], taps(whole, tensor(face))[1], strict=True):
            torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.skipif(not is_available(), reason="torch without oneDNN uses the plain modules")
@pytest.mark.parametrize("size", [(128, 128), (33, 47)])
def test_quick_blocks_and_their_gradient_are_the_plain_ones(face, size):
    network = folded(read_mobilenet(asset_path("mobilenet_v2.pth"), 7))
    picture = tensor(face[: size[0], : size[1]]) * 4 - 2
    results = []
    for blocks in (network, quick_blocks(network)):
        source, outputs = taps(blocks, picture.clone())
        weights = [torch.linspace(-1, 1, output.numel()).view(output.shape) for output in outputs]
        sum((output * weight).sum() for output, weight in zip(outputs, weights, strict=True)).backward()
        results.append([*outputs, source.grad])
    for expected, got in zip(*results, strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-4 * float(expected.detach().abs().max()))


def test_another_file_is_refused(tmp_path):
    state = torch.load(asset_path("mobilenet_v2.pth"), weights_only=True)
    torch.save(state | {"features.2.extra": torch.zeros(1)}, tmp_path / "more.pth")
    torch.save({k: v for k, v in state.items() if k != "features.3.conv.1.1.running_mean"}, tmp_path / "less.pth")
    for name, said in (("more.pth", r"2\.extra"), ("less.pth", r"3\.conv\.1\.1\.running_mean")):
        with pytest.raises(RuntimeError, match=said):
            read_mobilenet(tmp_path / name, 7)


def test_zero_for_identical_and_growing_with_damage(perceptual, face):
    sharp = perceptual.features(tensor(face))
    blurred = [float(perceptual.distance(tensor(cv2.GaussianBlur(face, (0, 0), s)), sharp)) for s in (0.5, 1, 2)]
    assert abs(float(perceptual.distance(tensor(face), sharp))) < 1e-6
    assert blurred == sorted(blurred) and blurred[0] > 1e-3
    middle = perceptual.features(tensor(face[:, 8:]))
    shifted = [float(perceptual.distance(tensor(face[:, 8 - s : -s]), middle)) for s in (1, 2, 4)]
    assert shifted == sorted(shifted) and shifted[0] > 1e-3


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (101, 77)])
def test_any_size_has_a_finite_gradient_and_the_promised_memory(perceptual, face, size):
    image = tensor(face[: size[0], : size[1]])
    target = perceptual.features(image.flip(1))
    if perceptual.name == "MobileNetV2 perceptual":  # LPIPS's layers round down
        assert perceptual.feature_bytes(*size) == sum(kept.numel() * kept.element_size() for kept in target)
    assert not any(kept.requires_grad for kept in target)
    for start in (image.clone(), torch.zeros_like(image), torch.ones_like(image)):
        perceptual.distance(start.requires_grad_(), target).backward()
        assert start.grad.isfinite().all() and start.grad.abs().max() > 0


def test_a_blurred_picture_descends_to_the_sharp_one(perceptual, face):
    target = perceptual.features(tensor(face))
    image = tensor(cv2.GaussianBlur(face, (0, 0), 1.5)).requires_grad_()
    optimizer = torch.optim.Adam([image], lr=0.01)
    distances = []
    for _ in range(20):
        distance = perceptual.distance(image, target)
        optimizer.zero_grad()
        distance.backward()
        optimizer.step()
        distances.append(float(distance.detach()))
    assert distances[-1] < 0.6 * distances[0]


def test_a_call_computes_the_features_itself(perceptual, face):
    a, b = tensor(face), tensor(cv2.GaussianBlur(face, (0, 0), 1))
    torch.testing.assert_close(perceptual(a, b), perceptual.distance(a, perceptual.features(b)))


@pytest.mark.parametrize("content", [None, b"cut short"])
def test_lpips_without_its_whole_backbone_is_not_used_nor_fetched(tmp_path, monkeypatch, content):
    """The package and torchvision can be imported, but the backbone is missing or torn."""
    asset_path("mobilenet_v2.pth")
    for package in ("lpips", "torchvision"):
        (tmp_path / f"{package}.py").write_text("")
        monkeypatch.delitem(sys.modules, package, raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    if content is not None:
        (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
        (tmp_path / "hub" / "checkpoints" / "vgg16-397923af.pth").write_bytes(content)

    def no_network(*_):
        raise AssertionError("something opened a connection")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    assert not lpips_is_here("vgg")
    assert load_perceptual().name == "MobileNetV2 perceptual"
    for package in ("lpips", "torchvision"):
        monkeypatch.delitem(sys.modules, package, raising=False)
