"""3DGS PLY, judged by an independent reader and writer (plyfile); round trips, and files that are none."""

import numpy as np
import pytest
from cameo.backend.errors import CameoError
from cameo.backend.exporters.ply import Splats, read_ply, write_ply
from hypothesis import given, settings
from hypothesis import strategies as st
from plyfile import PlyData, PlyElement

# as 3DGS' reference implementation writes them, degree 3
LAYOUT = (
    *("x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2"),
    *(f"f_rest_{k}" for k in range(45)),
    *("opacity", "scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"),
)


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


def as_theirs(splats: Splats) -> dict[str, np.ndarray]:
    """The columns of 3DGS' layout, computed here from its definition."""
    columns = {name: np.zeros(len(splats.means)) for name in LAYOUT}
    for k in range(3):
        columns["xyz"[k]] = splats.means[:, k]
        columns[f"f_dc_{k}"] = (splats.colors[:, k] - 0.5) * 2 * np.sqrt(np.pi)  # Y_0 = 1 / (2 sqrt(pi))
        columns[f"scale_{k}"] = np.log(splats.scales[:, k])
    for k in range(4):
        columns[f"rot_{k}"] = splats.quats[:, k]
    columns["opacity"] = np.log(splats.opacities / (1 - splats.opacities))
    return columns


def same(one: Splats, other: Splats) -> bool:
    return all(
        getattr(other, name).shape == array.shape and np.allclose(getattr(other, name), array, rtol=1e-5, atol=1e-6)
        for name, array in vars(one).items()
    )


@given(count=st.integers(0, 300), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_round_trip(tmp_path_factory, count, seed):
    path = tmp_path_factory.mktemp("ply") / "a.ply"
    splats = random_splats(count, seed)
    write_ply(path, splats)
    assert same(splats, read_ply(path))


def test_ours_is_read_by_plyfile_in_the_layout_of_3dgs(tmp_path):
    splats = random_splats(50)
    write_ply(tmp_path / "a.ply", splats)
    file = PlyData.read(tmp_path / "a.ply")
    assert [element.name for element in file.elements] == ["vertex"] and file.byte_order == "<"
    assert tuple(p.name for p in file["vertex"].properties) == LAYOUT
    assert {p.val_dtype for p in file["vertex"].properties} == {"f4"}
    for name, column in as_theirs(splats).items():
        np.testing.assert_allclose(file["vertex"][name], column, rtol=1e-5, atol=1e-6, err_msg=name)


@given(
    text=st.booleans(),
    order=st.sampled_from("<>"),
    kind=st.sampled_from(("f4", "f8")),
    shuffle=st.randoms(use_true_random=False),
    rest=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_theirs_is_read_in_every_encoding_and_order(tmp_path_factory, text, order, kind, shuffle, rest):
    path = tmp_path_factory.mktemp("ply") / "a.ply"
    splats = random_splats(20, seed=3)
    columns = as_theirs(splats) | {"f_rest_7": np.full(20, 0.3)}
    names = [name for name in columns if rest or not name.startswith("f_rest")] + ["segment"]
    shuffle.shuffle(names)
    table = np.zeros(20, [(name, "u1" if name == "segment" else kind) for name in names])
    for name in set(names) - {"segment"}:
        table[name] = columns[name]
    faces = np.array([([0, 1, 2],)], [("vertex_indices", "O")])
    elements = [PlyElement.describe(table, "vertex", comments=["made by a test"]), PlyElement.describe(faces, "face")]
    PlyData(elements, text=text, byte_order=order, obj_info=["end_header is a word"]).write(path)
    assert same(splats, read_ply(path))


def test_rotations_of_any_length_and_colours_of_any_brightness(tmp_path):
    columns = as_theirs(random_splats(3))
    columns["rot_0"], columns["rot_1"] = np.array([0, 2.0, 0]), np.array([0, 0, -0.1])
    columns["rot_2"] = columns["rot_3"] = np.zeros(3)
    columns["f_dc_0"] = np.array([-9.0, 0, 9])
    table = np.zeros(3, [(name, "f4") for name in LAYOUT])
    for name, column in columns.items():
        table[name] = column
    PlyData([PlyElement.describe(table, "vertex")]).write(tmp_path / "a.ply")
    back = read_ply(tmp_path / "a.ply")
    assert back.quats.tolist() == [[1, 0, 0, 0], [1, 0, 0, 0], [0, -1, 0, 0]]
    assert back.colors[0, 0] < -1 and back.colors[1, 0] == 0.5 and back.colors[2, 0] > 2


def refusal(path) -> str:
    with pytest.raises(CameoError) as caught:
        read_ply(path)
    return caught.value.code


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_cut_files_are_refused_with_a_code(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("ply") / "a.ply"
    write_ply(path, random_splats(5))
    content = path.read_bytes()
    path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    assert refusal(path) == "ply.unreadable"


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_damaged_bytes_raise_that_error_or_none(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("ply") / "a.ply"
    write_ply(path, random_splats(5))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        back = read_ply(path)
    except CameoError as error:
        assert error.code == "ply.unreadable"
    else:
        assert all(np.isfinite(array).all() for array in vars(back).values())


HEADER = "ply\nformat {format} 1.0\nelement vertex {count}\n{properties}end_header\n"


@pytest.mark.parametrize(
    "content",
    [
        HEADER.format(format="binary_middle_endian", count=0, properties="property float x\n"),
        HEADER.format(format="ascii", count="9" * 5000, properties="property float x\n"),
        HEADER.format(format="ascii", count="²", properties="property float x\n"),
        HEADER.format(format="ascii", count=0, properties=""),
        HEADER.format(format="ascii", count=0, properties="property float x\nproperty float x\n"),
        HEADER.format(format="ascii", count=0, properties="property list uchar int x\n"),
        HEADER.format(format="ascii", count=0, properties="property float x\n"),
        HEADER.format(format="ascii", count=1, properties="property float x\n") + "one",
        HEADER.format(format="binary_little_endian", count=10**11, properties="property float x\n"),
        "ply\nformat ascii 1.0\nelement face 0\nproperty list uchar int v\nelement vertex 0\nend_header\n",
    ],
)
def test_headers_that_promise_something_else(tmp_path, content):
    path = tmp_path / "a.ply"
    path.write_bytes(content.encode())
    assert refusal(path) == "ply.unreadable"
