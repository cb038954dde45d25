"""Strengthening of expressions that hardly read, on the real landmarker and the head model's own mesh."""

import numpy as np
import pytest
from cameo.backend.artifacts import HeadParameters, orbit_camera
from cameo.backend.engines.builtin.readability import GAINS, readable_units, same_photo, strengthened
from cameo.backend.head.fit_result import HeadFit
from cameo.backend.head.lbs import pose_vertices
from cameo.backend.head.mesh_raster import rasterize_mesh, shade
from cameo.backend.head.model import load_head_model, make_avatar_mesh


@pytest.fixture(scope="module")
def mesh():
    model = load_head_model()
    colors = np.tile([0.80, 0.62, 0.53], (len(model.v_template), 1)).astype(np.float32)
    colors[model.masks["lips"]] = [0.62, 0.30, 0.28]
    for side in ("left", "right"):
        colors[model.masks[f"{side}_eyeball"]] = 0.92
        colors[model.masks[f"{side}_iris"]] = [0.30, 0.22, 0.15]
    eye = model.v_template[model.masks["left_eyeball"]].mean(0)
    across, above = (np.abs(model.v_template[:, 0]) - 0.011) / 0.036, model.v_template[:, 1] - eye[1] - 0.02
    brow = (across > 0) & (across < 1) & (np.abs(above) < 0.004) & model.masks["face"]
    colors[brow] = [0.2, 0.14, 0.1]
    return make_avatar_mesh(model, model.v_template, colors)


def see(mesh, pose):
    camera = orbit_camera(0.0, distance=1.3, fov_deg=17.5, size=512)
    vertices = pose_vertices(mesh, pose)
    rgba = shade(rasterize_mesh(vertices, mesh.faces, camera), mesh.faces, mesh.colors)
    return ((rgba[..., :3] + 0.25 * (1 - rgba[..., 3:])) * 255).astype(np.uint8)


def test_a_weak_unit_is_made_stronger_than_a_normal_one(mesh):
    weak = strengthened(mesh, {"browInnerUp": 0.6})
    normal, helped = (readable_units(one, see).get("browInnerUp", 1.0) for one in (mesh, weak))
    assert helped in GAINS and helped > 1.0 and helped >= normal


def test_without_a_face_nothing_is_changed(mesh):
    assert readable_units(mesh, lambda *_: np.zeros((128, 128, 3), np.uint8)) == {}


def test_the_photo_stays_as_it_was(mesh):
    """Stronger unit, smaller value: the vertices of the photo's expression do not move."""
    gains = {"browInnerUp": 1.5, "mouthPucker": 1.25}
    units = np.random.default_rng(0).uniform(0, 0.8, len(mesh.unit_names)).astype(np.float32)
    before = HeadParameters(units, np.zeros((5, 3), np.float32))
    camera = orbit_camera(0.0, distance=1.3, fov_deg=17.5, size=64)
    empty = np.zeros((0, 3))
    fit = HeadFit(np.zeros(0), before, camera, empty, empty, empty, 0.0, 0.0, (0.0, 0.0, 0.0), 1.0)
    after = same_photo(fit, mesh, gains).parameters
    moved = pose_vertices(strengthened(mesh, gains), after) - pose_vertices(mesh, before)
    assert np.abs(moved).max() < 1e-6
