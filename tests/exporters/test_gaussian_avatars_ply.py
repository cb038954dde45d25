"""GaussianAvatars' PLY, judged by plyfile and by the paper's formulas in a few lines of numpy and SciPy."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from cameo.backend.artifacts import Part, orbit_camera
from cameo.backend.errors import CameoError
from cameo.backend.exporters.gaussian_avatars import head_faces, is_theirs, read_bound_ply, shift, write_bound_ply
from cameo.backend.exporters.obj import write_obj
from cameo.backend.exporters.ply import Splats, posed_splats
from cameo.backend.gaussians.binding import matrix_from_quaternion
from cameo.backend.gaussians.rasterizer import Cameras, Gaussians, rasterize
from cameo.backend.gaussians.render import render_avatar
from cameo.backend.head.controls import parameters_from_controls
from cameo.backend.head.lbs import pose_vertices
from plyfile import PlyData, PlyElement
from scipy.spatial.transform import Rotation

BLINK = {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}
SMILE = {"mouthSmileLeft": 1.0, "mouthSmileRight": 1.0}


def independent_reading(ply, vertices, faces) -> Splats:
    """Section 3.1 of the paper: mu = k R x + T, s = k s', r = R r'; R from an edge, the normal and their product."""
    rows = PlyData.read(ply)["vertex"]
    columns = lambda *names: np.stack([np.asarray(rows[name], np.float64) for name in names], 1)  # noqa: E731
    corners = vertices[faces[np.asarray(rows["binding_0"]).astype(int)]]
    edge, side = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    first = edge / np.linalg.norm(edge, axis=1, keepdims=True)
    normal = np.cross(edge, side)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    third = np.cross(first, normal)
    R = np.stack([first, normal, third], 2)
    k = (np.linalg.norm(edge, axis=1) + np.abs((side * third).sum(1)))[:, None] / 2
    turn = Rotation.from_matrix(R) * Rotation.from_quat(columns("rot_1", "rot_2", "rot_3", "rot_0"))
    return Splats(
        means=k * (R @ columns("x", "y", "z")[:, :, None])[:, :, 0] + corners.mean(1),
        quats=turn.as_quat(scalar_first=True),
        scales=k * np.exp(columns("scale_0", "scale_1", "scale_2")),
        opacities=1 / (1 + np.exp(-np.asarray(rows["opacity"], np.float64))),
        colors=0.5 + columns("f_dc_0", "f_dc_1", "f_dc_2") / (2 * np.sqrt(np.pi)),
    )


def obj_mesh(path):
    lines = [line.split() for line in path.read_text().splitlines()]
    vertices = np.array([line[1:] for line in lines if line[0] == "v"], float)
    return vertices, np.array([line[1:] for line in lines if line[0] == "f"], int) - 1


def assert_same(found, wanted):
    np.testing.assert_allclose(found.means, wanted.means, atol=2e-7)
    np.testing.assert_allclose(found.scales, wanted.scales, rtol=1e-5)
    turned = matrix_from_quaternion(found.quats) - matrix_from_quaternion(wanted.quats)
    assert np.abs(turned).max() < 1e-5
    np.testing.assert_allclose(found.opacities, wanted.opacities, atol=1e-5)
    np.testing.assert_allclose(found.colors, wanted.colors, atol=1e-5)


@pytest.fixture(scope="module")
def written(avatar, tmp_path_factory):
    """The PLY, and the neutral mesh beside it."""
    folder = tmp_path_factory.mktemp("gaussian_avatars")
    write_bound_ply(folder / "point_cloud.ply", avatar)
    faces = head_faces(avatar.mesh)
    vertices = avatar.mesh.vertices[: faces.max() + 1]
    write_obj(folder / "neutral.obj", vertices, faces, avatar.mesh.part[: len(faces)])
    return folder


def rest(avatar):
    return parameters_from_controls(avatar.mesh, {})


def test_the_files_alone_give_our_neutral_avatar(avatar, written):
    found = independent_reading(written / "point_cloud.ply", *obj_mesh(written / "neutral.obj"))
    assert_same(found, posed_splats(avatar, rest(avatar)))


def test_the_files_alone_give_our_picture(avatar, written):
    camera = orbit_camera(20, distance=1.3, fov_deg=17.5, size=96)
    found = independent_reading(written / "point_cloud.ply", *obj_mesh(written / "neutral.obj"))
    arrays = (found.means, found.quats, found.scales, found.opacities)
    gaussians = Gaussians(*(torch.from_numpy(array.astype(np.float32))[None] for array in arrays))
    colors = torch.from_numpy(found.colors.astype(np.float32))[None]
    theirs = rasterize(gaussians, Cameras.single(camera), colors=colors).image[0, 0].numpy()
    ours = render_avatar(avatar, rest(avatar), camera)[..., :3]
    assert ours.max() > 0.5 and np.abs(ours - theirs).mean() < 1e-4 and np.abs(ours - theirs).max() < 0.02


def test_the_layout_is_theirs(written):
    file = PlyData.read(written / "point_cloud.ply")
    names = [p.name for p in file["vertex"].properties]
    assert names[-1] == "binding_0" and sum(name.startswith("f_rest_") for name in names) == 45
    assert {p.val_dtype for p in file["vertex"].properties} == {"f4"}


def test_reading_gives_the_binding_back(avatar, written):
    back, own = read_bound_ply(written / "point_cloud.ply", avatar.mesh), avatar.gaussians
    assert_same(posed_splats(replace(avatar, gaussians=back), rest(avatar)), posed_splats(avatar, rest(avatar)))
    kept = back.face == own.face
    assert (kept == (avatar.mesh.part[own.face] != Part.HAIR)).all() and 0.5 < kept.mean() < 0.9
    for name, tolerance in {"offset": 2e-5, "rest_edges": 1e-9, "rotation": 1e-5, "scale": 1e-7, "color": 1e-5}.items():
        one, other = getattr(back, name)[kept], getattr(own, name)[kept]
        assert one.dtype == other.dtype
        if name == "rotation":
            other = other * np.sign((one * other).sum(1, keepdims=True))
        np.testing.assert_allclose(one, other, atol=tolerance, err_msg=name)


@pytest.mark.parametrize("controls", [BLINK, {"jawOpen": 1.0}, SMILE])
def test_expressions_move_them_alike_but_without_stretch(avatar, written, controls):
    """Theirs, read independently, against ours: on average a seventh of the motion at most, hair not at all."""
    pose = parameters_from_controls(avatar.mesh, controls)
    theirs = independent_reading(
        written / "point_cloud.ply", pose_vertices(avatar.mesh, pose), head_faces(avatar.mesh)
    ).means
    ours, start = posed_splats(avatar, pose).means, posed_splats(avatar, rest(avatar)).means
    missed, motion = np.linalg.norm(theirs - ours, axis=1), np.linalg.norm(ours - start, axis=1)
    np.testing.assert_allclose(shift(avatar, pose), missed, atol=1e-6)
    moved = motion > 1e-4
    assert moved.sum() > 50 and 0 < missed[moved].mean() < motion[moved].mean() / 7
    assert missed[avatar.mesh.part[avatar.gaussians.face] == Part.HAIR].max() < 1e-6


def test_a_head_that_is_not_flame_is_known(avatar):
    """FLAME has 9976 triangles, the added teeth 168; the hair's shell does not count."""
    assert not is_theirs(avatar.mesh)
    hair = avatar.mesh.part == Part.HAIR
    kept = hair | (np.cumsum(~hair) <= 9976 + 168)
    as_many = replace(avatar.mesh, faces=avatar.mesh.faces[kept], part=avatar.mesh.part[kept])
    assert not is_theirs(as_many)
    assert is_theirs(replace(as_many, unit_names=("smile", "expression000")))


def rewritten(source, path, **changed):
    """The PLY with other columns: None leaves one out."""
    rows = PlyData.read(source)["vertex"].data
    names = [name for name in rows.dtype.names if changed.get(name, 0) is not None]
    table = np.zeros(len(rows), [(name, np.asarray(changed.get(name, rows[name])).dtype) for name in names])
    for name in names:
        table[name] = changed.get(name, rows[name])
    PlyData([PlyElement.describe(table, "vertex")]).write(path)
    return path


def test_integer_bindings_are_read_too(avatar, written, tmp_path):
    source = written / "point_cloud.ply"
    integers = np.asarray(PlyData.read(source)["vertex"]["binding_0"]).astype(np.int32)
    back = read_bound_ply(rewritten(source, tmp_path / "a.ply", binding_0=integers), avatar.mesh)
    assert np.array_equal(back.face, read_bound_ply(source, avatar.mesh).face)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"binding_0": None}, "ply.unreadable"),
        ({"rot_2": None}, "ply.unreadable"),
        ({"binding_0": np.float32(0.5)}, "ply.unreadable"),
        ({"binding_0": np.float32(np.nan)}, "ply.unreadable"),
        ({"scale_1": np.float32(1e9)}, "ply.unreadable"),
        (dict.fromkeys("xyz", np.float32(3.4e38)), "ply.unreadable"),
        ({"binding_0": np.float32(-1)}, "ply.of_another_head"),
        ({"binding_0": np.float32(20000)}, "ply.of_another_head"),
    ],
)
def test_what_does_not_fit_is_refused(avatar, written, tmp_path, changed, code):
    with pytest.raises(CameoError) as caught:
        read_bound_ply(rewritten(written / "point_cloud.ply", tmp_path / "a.ply", **changed), avatar.mesh)
    assert caught.value.code == code and caught.value.fix
