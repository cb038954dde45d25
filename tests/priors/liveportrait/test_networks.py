import hashlib
import pickle
import shutil

import pytest
import torch
from cameo.backend.errors import AssetError
from cameo.backend.priors.liveportrait.appearance import AppearanceExtractor
from cameo.backend.priors.liveportrait.generator import SpadeGenerator
from cameo.backend.priors.liveportrait.motion import MotionExtractor, _ChannelNorm, _ResponseNorm
from cameo.backend.priors.liveportrait.networks import convert_states, load_networks, networks_of_states
from cameo.backend.priors.liveportrait.retargeting import KeypointMlp
from cameo.backend.priors.liveportrait.sizes import NetworkSizes
from cameo.backend.priors.liveportrait.warping import WarpingModule
from small_liveportrait import SMALL, random_image, random_networks, random_states, shaken

PUBLISHED = NetworkSizes()

FILES = {
    "appearance": "appearance_feature_extractor",
    "motion": "motion_extractor",
    "warping": "warping_module",
    "generator": "spade_generator",
}
MLPS = {"stitching": "retarget_shoulder", "lip": "retarget_mouth", "eye": "retarget_eye"}


@pytest.fixture(scope="module")
def states():
    return random_states()


@pytest.fixture
def folder(states, tmp_path):
    """The published layout of files."""
    for name in ("base_models", "retargeting_models"):
        (tmp_path / name).mkdir()
    for name, file in FILES.items():
        torch.save(states[name], tmp_path / "base_models" / f"{file}.pth")
    small = {MLPS[name]: {f"module.{key}": value for key, value in states[name].items()} for name in MLPS}
    torch.save(small, tmp_path / "retargeting_models" / "stitching_retargeting_module.pth")
    return tmp_path


@pytest.mark.parametrize(
    ("build", "parameters", "entries", "digest"),
    [
        (lambda: AppearanceExtractor(PUBLISHED), 836_224, 107, "61d6c8f1f27ff60c"),
        (lambda: MotionExtractor(PUBLISHED), 28_118_728, 212, "477aafd3bed48689"),
        (lambda: WarpingModule(PUBLISHED), 45_529_829, 97, "9d47739e8c634654"),
        (lambda: SpadeGenerator(PUBLISHED), 55_365_388, 146, "ac4a30744a80dd0b"),
        (lambda: KeypointMlp(126, PUBLISHED.stitching_hidden, 65), 45_249, 8, "c6af35ea9abfc900"),
        (lambda: KeypointMlp(65, PUBLISHED.lip_hidden, 63), 37_311, 8, "6c12bb9cdd3b8e82"),
        (lambda: KeypointMlp(66, PUBLISHED.eye_hidden, 63), 144_703, 12, "df3cc3873cc32088"),
    ],
    ids=["F", "M", "W", "G", "S", "lip", "eye"],
)
def test_keys_and_shapes_are_the_published_ones(build, parameters, entries, digest):
    """Digest of the sorted lines "key shape" of the published state dicts; G's after folding."""
    with torch.device("meta"):
        module = build()
    rows = sorted(f"{key} {'x'.join(map(str, value.shape))}" for key, value in module.state_dict().items())
    assert sum(parameter.numel() for parameter in module.parameters()) == parameters
    assert len(rows) == entries
    assert hashlib.sha256("\n".join(rows).encode()).hexdigest()[:16] == digest


def test_files_give_what_states_give(states, folder):
    ours, direct = load_networks(folder), networks_of_states(states)
    image = random_image(1)[None]
    torch.testing.assert_close(ours.appearance(image), direct.appearance(image))
    torch.testing.assert_close(ours.lip(torch.ones(1, 65)), direct.lip(torch.ones(1, 65)))
    torch.testing.assert_close(ours.motion.motion(image).exp, direct.motion.motion(image).exp)


def test_sizes_are_read_off_the_weights(states):
    assert NetworkSizes.of_states(states) == SMALL


def test_loading_is_strict(states):
    for name, named, change in (
        ("warping", "warping", lambda state: state.pop("fourth.bias")),
        ("motion", "motion", lambda state: state.update({"detector.fc_more.weight": torch.zeros(1)})),
        ("appearance", "appearance", lambda state: state.update({"second.bias": torch.zeros(5)})),
        ("generator", "generator", lambda state: state.pop("up_0.conv_s.weight_u")),
        ("motion", "detector.fc_kp", lambda state: state.pop("detector.fc_kp.weight")),  # the sizes need it
    ):
        damaged = dict(states[name])
        change(damaged)
        with pytest.raises(AssetError) as caught:
            networks_of_states(states | {name: damaged})
        assert named in f"{caught.value} {caught.value.cause}"
        assert caught.value.code == "liveportrait.wrong_contents"


def test_a_missing_file_is_named(folder):
    shutil.rmtree(folder / "retargeting_models")
    with pytest.raises(AssetError, match="stitching_retargeting_module") as caught:
        load_networks(folder)
    assert caught.value.code == "liveportrait.missing"


def test_converted_files_give_the_same_and_need_no_pth(folder):
    published = load_networks(folder)
    for path in folder.rglob("*.pth"):
        convert_states(path, path.with_suffix(".safetensors"))
        path.unlink()
    converted = load_networks(folder)
    image = random_image(1)[None]
    torch.testing.assert_close(converted.appearance(image), published.appearance(image), atol=0, rtol=0)
    torch.testing.assert_close(converted.stitching(torch.ones(1, 126)), published.stitching(torch.ones(1, 126)))
    volume, points = published.appearance(image), torch.zeros(2, 1, 21, 3)
    frames = [networks.generator(networks.warping(volume, *points).out) for networks in (converted, published)]
    torch.testing.assert_close(*frames, atol=0, rtol=0)
    (folder / "base_models" / "motion_extractor.safetensors").write_bytes(b"x" * 100)
    with pytest.raises(AssetError, match="motion_extractor") as caught:
        load_networks(folder)
    assert caught.value.code == "liveportrait.wrong_contents"


def test_a_file_that_cannot_be_converted(folder, tmp_path):
    path = folder / "base_models" / "motion_extractor.pth"
    whole = path.read_bytes()
    for contents in (whole[: len(whole) // 2], b"<!doctype html>", b""):
        path.write_bytes(contents)
        with pytest.raises(AssetError, match="motion_extractor") as caught:
            convert_states(path, tmp_path / "made.safetensors")
        assert caught.value.code == "liveportrait.wrong_contents"
    path.unlink()
    with pytest.raises(AssetError) as caught:
        convert_states(path, tmp_path / "made.safetensors")
    assert caught.value.code == "liveportrait.missing"
    assert not (tmp_path / "made.safetensors").exists()


def test_the_code_in_a_file_does_not_run(folder, tmp_path):
    class Trap:
        def __reduce__(self):
            return (tmp_path.joinpath("trapped").touch, ())

    for contents in (pickle.dumps(Trap(), 2), b"", b"<!doctype html>"):
        (folder / "base_models" / "motion_extractor.pth").write_bytes(contents)
        with pytest.raises(AssetError, match="motion_extractor") as caught:
            load_networks(folder)
        assert caught.value.code == "liveportrait.wrong_contents"
    assert not (tmp_path / "trapped").exists()


def test_nothing_asks_for_gradients():
    networks = random_networks()
    moved = networks.warping(networks.appearance(random_image(1)[None]), *torch.zeros(2, 1, 21, 3))
    assert not networks.generator(moved.out).requires_grad


def test_response_norm_entry_by_entry():
    torch.manual_seed(8)
    norm = shaken(_ResponseNorm(3))
    x = torch.randn(2, 4, 5, 3)
    ours = norm(x)
    for b in range(2):
        lengths = [x[b, :, :, c].square().sum().sqrt() for c in range(3)]
        for c in range(3):
            share = lengths[c] / (sum(lengths) / 3 + 1e-6)
            expected = norm.gamma[0, 0, 0, c] * x[b, :, :, c] * share + norm.beta[0, 0, 0, c] + x[b, :, :, c]
            torch.testing.assert_close(ours[b, :, :, c], expected)


def test_channel_norm_pixel_by_pixel():
    torch.manual_seed(9)
    norm = _ChannelNorm(6).requires_grad_(False)
    norm.weight.uniform_(0.5, 2)
    norm.bias.uniform_(-1, 1)
    x = torch.randn(2, 6, 3, 2)
    pixel = x[1, :, 2, 0]
    spread = (pixel - pixel.mean()).square().mean()
    expected = (pixel - pixel.mean()) / (spread + 1e-6).sqrt() * norm.weight + norm.bias
    torch.testing.assert_close(norm(x)[1, :, 2, 0], expected)
