"""PanoHead's file becomes a network, and nothing in the file runs."""

import pytest
import torch
from cameo.backend.errors import AssetError
from cameo.backend.priors.panohead import checkpoint
from cameo.backend.priors.panohead.checkpoint import load_generator
from cameo.backend.priors.panohead.config import PanoHeadConfig
from cameo.backend.priors.panohead.trigrid import PLANE_AXES
from cameo.backend.weights.pickles import PickleKind
from small_panohead import arguments, random_state, small_generator
from stored_networks import checkpoint as stored


def written(path, table=None, *, rendering=None, state=None, axes=None):
    """A checkpoint with the small network; its source text would leave a canary."""
    table = arguments() if table is None else table
    rendering = table["rendering_kwargs"] if rendering is None else rendering
    state = random_state(PanoHeadConfig.of_checkpoint(arguments())) if state is None else state
    axes = torch.tensor(PLANE_AXES) if axes is None else axes
    path.write_bytes(stored(table, rendering, axes, state, f"open({str(path.with_name('canary'))!r}, 'w').close()"))
    return path


def test_a_checkpoint_becomes_the_network_it_was(tmp_path):
    generator, size = load_generator(written(tmp_path / "network.pkl", axes=torch.tensor(PLANE_AXES).roll(1, 0)))
    expected = small_generator()
    assert size == 64
    assert generator.config == expected.config
    torch.testing.assert_close(dict(generator.state_dict()), dict(expected.state_dict()), atol=0, rtol=0)
    assert torch.equal(generator.plane_axes, expected.plane_axes.roll(1, 0))
    assert not any(value.requires_grad for value in generator.parameters())
    assert not (tmp_path / "canary").exists()


def test_settings_of_the_end_of_the_training_count(tmp_path):
    ended = arguments(ray_start=2.35)
    path = written(tmp_path / "network.pkl", arguments(), rendering=ended["rendering_kwargs"])
    assert load_generator(path)[0].config == PanoHeadConfig.of_checkpoint(ended)


def test_what_is_no_panohead_is_refused(tmp_path, monkeypatch):
    state = random_state(PanoHeadConfig.of_checkpoint(arguments()))
    name = "torgb.bias"
    (tmp_path / "text.pkl").write_bytes(b"<html>Please log in</html>")
    wrong = {
        "panohead.missing": tmp_path / "nowhere.pkl",
        "panohead.refused": tmp_path / "text.pkl",
        "panohead.unsupported": written(tmp_path / "other.pkl", arguments(architecture="orig")),
    }
    damaged = [
        written(tmp_path / "fewer.pkl", state={key: value for key, value in state.items() if key != name}),
        written(tmp_path / "nan.pkl", state=state | {name: torch.full((3,), float("nan"))}),
        written(tmp_path / "axes.pkl", axes=torch.eye(3)),
    ]
    for code, path in [*wrong.items(), *(("panohead.wrong_contents", path) for path in damaged)]:
        with pytest.raises(AssetError) as refusal:
            load_generator(path)
        assert refusal.value.code == code
        assert refusal.value.cause and refusal.value.fix
    monkeypatch.setattr(checkpoint, "KIND", PickleKind("generator", "panohead", most_bytes=10))
    with pytest.raises(AssetError) as refusal:
        load_generator(damaged[0])
    assert refusal.value.code == "panohead.too_large"
