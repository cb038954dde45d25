"""``cameo export`` and ``cameo import`` as a user meets them."""

import json
import subprocess
import sys

import numpy as np
import pytest
from cameo.backend.cli import main
from cameo.backend.exporters.ply import posed_splats, read_ply
from cameo.backend.head.controls import parameters_from_controls
from cameo.backend.pipeline.bake import avatar_of
from cameo.protocol.avatar import AvatarData, read_avatar, write_avatar
from scipy.spatial.transform import Rotation

from ..blender.toy_avatar import toy_avatar

CLIP = [{}, {"jawOpen": 0.5}, {"mouthSmileLeft": 1, "mouthSmileRight": 1}]


@pytest.fixture(scope="module")
def data() -> AvatarData:
    return toy_avatar(800)


@pytest.fixture
def file(data, tmp_path):
    write_avatar(tmp_path / "a.cameo", data)
    return tmp_path / "a.cameo"


@pytest.fixture
def clip(tmp_path):
    (tmp_path / "clip.json").write_text(json.dumps(CLIP))
    return tmp_path / "clip.json"


def run(*arguments: object) -> None:
    main([str(argument) for argument in arguments])


def complaint(capsys, *arguments: object) -> str:
    with pytest.raises(SystemExit) as caught:
        run(*arguments)
    assert caught.value.code == 1
    return " ".join(capsys.readouterr().err.split())


def posed(data, controls):
    avatar = avatar_of(data)
    return posed_splats(avatar, parameters_from_controls(avatar.mesh, controls))


def test_a_ply_holds_the_avatar_in_a_pose(data, file, tmp_path):
    run("export", file, "-o", tmp_path / "new" / "a.ply", "--controls", "jawOpen", "0.5")
    found, wanted = read_ply(tmp_path / "new" / "a.ply"), posed(data, {"jawOpen": 0.5})
    for name, array in vars(wanted).items():
        np.testing.assert_allclose(getattr(found, name), array, rtol=1e-5, atol=1e-5, err_msg=name)


def test_a_clip_becomes_numbered_plys(data, file, clip, tmp_path):
    run("export", file, "-o", tmp_path / "a.ply", "--clip", clip, "--controls", "eyeBlinkLeft", "1")
    assert sorted(path.name for path in tmp_path.glob("*.ply")) == ["a_0000.ply", "a_0001.ply", "a_0002.ply"]
    for number, frame in enumerate(CLIP):
        found = read_ply(tmp_path / f"a_{number:04d}.ply")
        np.testing.assert_allclose(found.means, posed(data, frame | {"eyeBlinkLeft": 1}).means, atol=1e-6)


def test_the_motion_that_the_addon_writes_is_a_clip(data, file, tmp_path):
    """A joint's own turn comes after what the controls turn: the rig's order (tests/blender/test_motion.py)."""
    motion = {"format": "cameo_motion", "version": 1, "fps": 24}
    frames = [{"jawOpen": 0.5, "jaw": [0.0, 0.2, 0.0], "neck": [0.0, 0.3, 0.0], "translation": [0.0, 0.0, 0.1]}]
    (tmp_path / "motion.json").write_text(json.dumps(motion | {"frames": frames}))
    run("export", file, "-o", tmp_path / "a.ply", "--clip", tmp_path / "motion.json")
    avatar = avatar_of(data)
    params = parameters_from_controls(avatar.mesh, {"jawOpen": 0.5})
    params.pose[1] = (0.0, 0.3, 0.0)
    params.pose[2] = (Rotation.from_rotvec([0, 0.2, 0]) * Rotation.from_rotvec(params.pose[2])).as_rotvec()
    params.translation[:] = (0.0, 0.0, 0.1)
    np.testing.assert_allclose(read_ply(tmp_path / "a.ply").means, posed_splats(avatar, params).means, atol=1e-6)


def test_gaussian_avatars_there_and_back(data, file, clip, tmp_path, capsys):
    run("export", file, "-o", tmp_path / "ga", "--format", "gaussian_avatars", "--clip", clip)
    told = " ".join(capsys.readouterr().out.split())
    assert "this head is not FLAME" in told and "do not stretch" in told
    assert {path.name for path in (tmp_path / "ga").iterdir()} == {"point_cloud.ply", "flame_param.npz", "neutral.obj"}
    with np.load(tmp_path / "ga" / "flame_param.npz") as archive:
        assert len(archive["expr"]) == 3 and archive["jaw_pose"][1].any() and not archive["jaw_pose"][0].any()
    run("import", tmp_path / "ga", "-o", tmp_path / "back.cameo")
    back = read_avatar(tmp_path / "back.cameo")
    np.testing.assert_allclose(back.vertices, data.vertices, atol=1e-7)
    assert np.array_equal(back.gaussian_face, data.gaussian_face) and back.controls == data.controls
    for controls in ({}, {"jawOpen": 1.0}):
        np.testing.assert_allclose(posed(back, controls).means, posed(data, controls).means, atol=2e-6)
        np.testing.assert_allclose(posed(back, controls).scales, posed(data, controls).scales, rtol=2e-3)
    assert avatar_of(back).thumbnail.std() > 10
    assert np.abs(back.vertex_colors - data.vertex_colors).mean() < 0.2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "(export.bad_clip)"),
        ("{}", "(export.bad_clip)"),
        ("[]", "(export.bad_clip)"),
        ("[1]", "(export.bad_clip)"),
        ('[{"jawOpen": NaN}]', "(export.bad_clip)"),
        ('[{"jawOpen": "wide"}]', "(export.bad_clip)"),
        ('[{"neck": 0.1}]', "(export.bad_clip)"),
        ('[{"jawOpen": [0, 0, 0]}]', "(export.bad_clip)"),
        (f'[{{"jawOpen": {10**400}}}]', "(export.bad_clip)"),
        ('[{"smirk": 1}]', "(head.unknown_control)"),
    ],
)
def test_clips_that_are_none(file, tmp_path, capsys, content, said):
    if content is not None:
        (tmp_path / "clip.json").write_text(content)
    assert said in complaint(capsys, "export", file, "-o", tmp_path / "a.ply", "--clip", tmp_path / "clip.json")
    assert not list(tmp_path.glob("*.ply"))


def test_what_cannot_be_is_said(data, file, tmp_path, capsys):
    ply = tmp_path / "a.ply"
    assert "(avatar.unreadable)" in complaint(capsys, "export", tmp_path / "none.cameo", "-o", ply)
    (tmp_path / "b.cameo").write_bytes(file.read_bytes()[:1000])
    assert "(avatar.truncated)" in complaint(capsys, "export", tmp_path / "b.cameo", "-o", ply)
    assert "(output.unwritable)" in complaint(capsys, "export", file, "-o", "/proc/a.ply")
    data.provenance["options"] = {"head_model_path": str(tmp_path / "no_flame.pkl")}
    try:
        write_avatar(file, data)
    finally:
        del data.provenance["options"]
    theirs = ("--format", "gaussian_avatars")
    assert "(flame.missing)" in complaint(capsys, "export", file, "-o", tmp_path / "ga", *theirs)
    assert "(import.missing)" in complaint(capsys, "import", tmp_path, "-o", tmp_path / "back.cameo")
    run("export", file, "-o", tmp_path / "ga", *theirs, "--head-model-path", "")
    (tmp_path / "ga" / "point_cloud.ply").write_bytes(b"ply\n")
    assert "(ply.unreadable)" in complaint(capsys, "import", tmp_path / "ga", "-o", tmp_path / "back.cameo")
    assert not ply.exists() and not (tmp_path / "back.cameo").exists()


def test_the_command_line_starts_without_torch():
    code = "import sys, cameo.backend.commands.export, cameo.backend.commands.import_avatar; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "numba", "cv2", "scipy"} & set(done.stdout.split())


def test_a_trackers_file_becomes_a_motion(data, file, clip, tmp_path, capsys):
    """Out as FLAME parameters of the built-in head, and back as controls."""
    run("export", file, "-o", tmp_path / "ga", "--format", "gaussian_avatars", "--clip", clip)
    capsys.readouterr()
    run("motion", tmp_path / "ga" / "flame_param.npz", "-o", tmp_path / "m.json", "--fps", "25")
    assert "3 frames" in " ".join(capsys.readouterr().out.split())
    stored = json.loads((tmp_path / "m.json").read_text())
    assert (stored["format"], stored["fps"]) == ("cameo_motion", 25)
    assert stored["frames"][0] == {} and stored["frames"][1]["jaw"][0] > 0.1
    smile = stored["frames"][2]
    assert smile["mouthSmileLeft"] == pytest.approx(1, abs=0.05) and smile["mouthSmileRight"] == pytest.approx(
        1, abs=0.05
    )
    said = complaint(capsys, "motion", file, "-o", tmp_path / "m.json")
    assert "(flame_param.unreadable)" in said
    assert "(motion.unreadable)" in complaint(capsys, "motion", tmp_path / "none.npz", "-o", tmp_path / "m.json")
