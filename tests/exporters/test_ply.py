"""3DGS PLY: round trip, the layout others expect, and files that are none."""

import numpy as np
import pytest
from cameo.backend.errors import CameoError
from cameo.backend.exporters.ply import Splats, read_ply, write_ply
from hypothesis import given, settings
from hypothesis import strategies as st


def random_splats(count: int, seed: int = 0) -> Splats:
    r = np.random.default_rng(seed)
    quats = r.normal(size=(count, 4))
    return Splats(
        means=r.normal(size=(count, 3)).astype(np.float32),
        quats=(quats / np.linalg.norm(quats, axis=1, keepdims=True)).astype(np.float32),
        scales=np.exp(r.normal(size=(count, 3)) - 7).astype(np.float32),
        opacities=r.uniform(0.01, 0.99, count).astype(np.float32),
        colors=r.random((count, 3)).astype(np.float32),
    )


@pytest.mark.parametrize("count", [0, 1, 1000])
def test_round_trip(tmp_path, count):
    splats = random_splats(count)
    write_ply(tmp_path / "a.ply", splats)
    back = read_ply(tmp_path / "a.ply")
    for name, array in vars(splats).items():
        assert getattr(back, name).shape == array.shape
        assert np.allclose(getattr(back, name), array, rtol=1e-5, atol=1e-6), name


def test_layout_is_the_one_of_3dgs(tmp_path):
    splats = random_splats(7)
    write_ply(tmp_path / "a.ply", splats)
    content = (tmp_path / "a.ply").read_bytes()
    header, body = content.split(b"end_header\n", 1)
    names = [line.split()[-1].decode() for line in header.splitlines() if line.startswith(b"property")]
    row = dict(zip(names, np.frombuffer(body, "<f4").reshape(7, len(names))[3], strict=True))
    assert row["x"] == splats.means[3, 0]
    assert row["scale_1"] == pytest.approx(np.log(splats.scales[3, 1]), rel=1e-6)
    assert 1 / (1 + np.exp(-row["opacity"])) == pytest.approx(splats.opacities[3], rel=1e-5)
    assert 0.5 + 0.28209479 * row["f_dc_2"] == pytest.approx(splats.colors[3, 2], rel=1e-5)
    assert row["rot_0"] == splats.quats[3, 0]  # w first


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_damaged_files_are_refused_with_a_code(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("ply") / "a.ply"
    write_ply(path, random_splats(5))
    content = bytearray(path.read_bytes())
    cut = data.draw(st.integers(0, len(content) - 1))
    path.write_bytes(content[:cut])
    with pytest.raises(CameoError) as caught:
        read_ply(path)
    assert caught.value.code == "ply.unreadable"
