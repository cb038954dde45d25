"""What the arrays must be to count as FLAME."""

import numpy as np
import pytest
from cameo.backend.errors import AssetError
from cameo.backend.head.flame.files import read_landmarks, read_masks, read_model, read_texture_layout
from flame_files import pickled, pickled_2020, random_model, write, write_landmarks


@pytest.mark.parametrize("flavour", [pickled, pickled_2020])
def test_both_files_give_the_same_model(tmp_path, flavour):
    table = random_model(vertices=60, expressions=8)
    model = read_model(write(tmp_path / "model.pkl", flavour(table)))
    assert model.parents == (-1, 0, 1, 1, 1)
    assert model.shapedirs.shape == (60, 3, 300) and model.exprdirs.shape == (60, 3, 8)
    np.testing.assert_array_equal(model.exprdirs, table["shapedirs"][:, :, 300:])
    np.testing.assert_array_equal(model.posedirs[7], table["posedirs"][:, :, 7])
    np.testing.assert_array_equal(model.J_regressor, table["J_regressor"].toarray())


def changed(name, value):
    table = random_model()
    table[name] = value(table[name])
    return table


WRONG = {
    "lacks posedirs": {k: v for k, v in random_model().items() if k != "posedirs"},
    "no expression": changed("shapedirs", lambda a: a[:, :, :300]),
    "another number of vertices": changed("weights", lambda a: a[:-1]),
    "flat": changed("v_template", np.ravel),
    "empty": changed("f", lambda a: a[:0]),
    "face beyond the mesh": changed("f", lambda a: a + 1),
    "faces in fractions": changed("f", lambda a: a.astype(float)),
    "NaN": changed("posedirs", lambda a: a * np.nan),
    "infinite": changed("v_template", lambda a: a + np.inf),
    "weights": changed("weights", lambda a: a * 2),
    "tree": changed("kintree_table", lambda a: a[:, ::-1]),
    "SMPL's joints": changed("kintree_table", lambda a: np.zeros((2, 24), np.uint32)),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_model_gets_a_sentence(tmp_path, what):
    with pytest.raises(AssetError) as wrong:
        read_model(write(tmp_path / "model.pkl", pickled(WRONG[what])))
    assert wrong.value.code == "flame.wrong_contents" and wrong.value.cause and wrong.value.fix


def test_masks(tmp_path):
    table = {"lips": np.array([3, 5]), "nose": [0, 59]}
    masks = read_masks(write(tmp_path / "masks.pkl", pickled(table)), 60)
    assert {name: np.flatnonzero(mask).tolist() for name, mask in masks.items()} == {"lips": [3, 5], "nose": [0, 59]}
    with pytest.raises(AssetError, match="FLAME's file of that kind"):
        read_masks(tmp_path / "masks.pkl", 59)


def test_landmarks(tmp_path):
    table = write_landmarks(tmp_path / "landmarks.npy", faces=100)
    landmarks = read_landmarks(tmp_path / "landmarks.npy", 100)
    assert landmarks.bary.shape == (70, 3)
    np.testing.assert_array_equal(landmarks.face, table["full_lmk_faces_idx"][0])
    with pytest.raises(AssetError, match="FLAME's file of that kind"):
        read_landmarks(tmp_path / "landmarks.npy", 50)


def test_texture_layout(tmp_path):
    lines = ["v 0 0 0", "vt 0.25 0.5", "vt 1 0", "vt 0 1", "f 1/1 2/3 3/2", "f 1/2/1 3/1/1 2/3/1"]
    path = write(tmp_path / "template.obj", "\n".join(lines).encode())
    layout = read_texture_layout(path, 2)
    assert layout.uv.tolist() == [[0.25, 0.5], [1, 0], [0, 1]]
    assert layout.faces.tolist() == [[0, 2, 1], [1, 0, 2]]


@pytest.mark.parametrize(
    "lines", [["vt 0 0", "f 1 2 3"], ["vt 0 0", "f 1/1 1/1 1/9"], ["vt a b"], [], ["vt 0 0", "f 1/1 1/1 1/1 1/1"]]
)
def test_a_wrong_template_gets_a_sentence(tmp_path, lines):
    with pytest.raises(AssetError) as wrong:
        read_texture_layout(write(tmp_path / "template.obj", "\n".join(lines).encode()), 1)
    assert wrong.value.code == "flame.wrong_contents"
    with pytest.raises(AssetError) as missing:
        read_texture_layout(tmp_path / "nowhere.obj", 1)
    assert missing.value.code == "flame.missing"
