"""``cameo head`` as a user meets it."""

import cv2
import numpy as np
import pytest
from cameo.backend.artifacts import Part
from cameo.backend.cli import main
from cameo.backend.head.controls import parameters_from_controls
from cameo.backend.head.lbs import pose_vertices
from cameo.backend.head.model import load_head_model, make_avatar_mesh
from cameo.backend.head.poses import named_pose
from cameo.backend.weights.fetch import asset_path

MODEL = load_head_model()


def complaint(capsys, *arguments: object) -> str:
    """What it says on failing."""
    with pytest.raises(SystemExit) as caught:
        main(["head", *map(str, arguments)])
    assert caught.value.code == 1
    return " ".join(capsys.readouterr().err.split())


def joyful(betas: tuple[float, ...]) -> np.ndarray:
    neutral = MODEL.neutral(np.array(betas))
    mesh = make_avatar_mesh(MODEL, neutral, np.zeros_like(neutral))
    return pose_vertices(mesh, parameters_from_controls(mesh, named_pose("joy").controls | {"jawOpen": 0.3}))


JOYFUL = ("--pose", "joy", "--controls", "jawOpen", "0.3", "--betas", "0.5", "-1")


def test_info_tells_what_there_is(capsys):
    main(["head", "info"])
    told = capsys.readouterr().out
    assert MODEL.topology_id in told and str(len(MODEL.v_template)) in told and "CC0" in told
    assert all(name in told for name in ("mouthSmileLeft", "AU12LipCornerPuller", "jawOpen", "surprise", "CH"))


def test_an_obj_holds_the_posed_head_with_uvs_and_parts(tmp_path):
    main(["head", "export", str(tmp_path / "head.obj"), *JOYFUL])
    lines = (tmp_path / "head.obj").read_text().splitlines()
    rows = {kind: [line.split()[1:] for line in lines if line.split()[0] == kind] for kind in ("v", "vt", "f", "g")}
    np.testing.assert_allclose(np.array(rows["v"], float), joyful((0.5, -1)), atol=1e-6)
    np.testing.assert_allclose(np.array(rows["vt"], float), MODEL.uv, atol=1e-5)
    corners = np.array([[corner.split("/") for corner in face] for face in rows["f"]], int) - 1
    wanted = np.stack([MODEL.faces, MODEL.uv_faces], -1)
    assert np.array_equal(corners, wanted)  # in the model's order: bindings count them
    order = [line.split() for line in lines if line[:2] in ("g ", "f ")]
    groups = np.cumsum([words[0] == "g" for words in order])[[words[0] == "f" for words in order]]
    assert [rows["g"][group - 1][0].upper() for group in groups] == [Part(part).name for part in MODEL.part]


def test_an_npz_holds_every_array_and_the_shape(tmp_path):
    main(["head", "export", str(tmp_path / "head.npz"), *JOYFUL])
    with np.load(tmp_path / "head.npz", allow_pickle=False) as archive:
        np.testing.assert_allclose(archive["vertices"], joyful((0.5, -1)), atol=1e-6)
        for name in ("v_template", "shapedirs", "unit_dirs", "posedirs", "weights", "J_regressor", "faces", "uv"):
            assert np.array_equal(archive[name], getattr(MODEL, name)), name
        assert np.array_equal(archive["mask_scalp"], MODEL.masks["scalp"])
        assert tuple(archive["unit_names"]) == MODEL.unit_names
        assert str(archive["topology_id"]) == MODEL.topology_id


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("head.fbx",), "(head.unknown_format)"),
        (("head.obj", "--pose", "smug"), "(head.unknown_pose)"),
        (("head.obj", "--controls", "smirk", "1"), "(head.unknown_control)"),
        (("head.obj", "--betas", *["0"] * 999), "(head.too_many_betas)"),
        (("head.obj", "--head-model-path", "no_such_flame.pkl"), "(flame.missing)"),
    ],
)
def test_what_cannot_be_exported_is_said(capsys, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    assert said in complaint(capsys, "export", *arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_smiling_portrait_is_fitted_and_drawn(capsys, tmp_path):
    """The astronaut smiles broadly with closed teeth and looks into the camera."""
    photo, picture = asset_path("astronaut.png"), tmp_path / "over.png"
    main(["head", "fit", str(photo), "--overlay", str(picture)])
    told = capsys.readouterr().out
    values = {row[1]: float(row[3]) for row in map(str.split, told.splitlines()) if len(row) == 5 and "." in row[3]}
    assert values["mouthSmileLeft"] > 0.3 and values["mouthSmileRight"] > 0.3
    error = float(told.split("landmark error")[1].split()[1])
    assert 0.1 < error < 3
    drawn = cv2.imread(str(picture))
    assert drawn.shape[0] == drawn.shape[1] and drawn.std() > 10


def test_fits_that_cannot_be_are_explained(capsys, tmp_path):
    blank = tmp_path / "blank.png"
    cv2.imwrite(str(blank), np.full((200, 200, 3), 200, np.uint8))
    assert "(portrait.no_face)" in complaint(capsys, "fit", blank)
    over = tmp_path / "over.txt"
    assert "(head.unknown_picture_format)" in complaint(capsys, "fit", asset_path("astronaut.png"), "--overlay", over)
