"""Ears and skull follow an outline that is known: that of a head deformed on purpose."""

from dataclasses import replace

import numpy as np
import pytest
from cameo.backend.artifacts import orbit_camera
from cameo.backend.head.fit_result import HeadFit
from cameo.backend.head.mesh_raster import rasterize_mesh
from cameo.backend.head.model import load_head_model
from cameo.backend.head.outline import follow_outline

SIZE = 512


def fit_seen_from(yaw: float) -> HeadFit:
    model = load_head_model()
    vertices = model.v_template.astype(np.float64)
    camera = orbit_camera(yaw, distance=1.3, fov_deg=17.5, size=SIZE)
    joints = model.joints(model.v_template).astype(np.float64)
    return HeadFit(np.zeros(1, np.float32), model.rest(), camera, vertices, vertices, joints, 0, 0, (0, yaw, 0), 80)


def silhouette(fit: HeadFit) -> np.ndarray:
    return rasterize_mesh(fit.posed_vertices, load_head_model().faces, fit.camera).face >= 0


def with_ears_out(fit: HeadFit, metres: float) -> HeadFit:
    """The same head with ears that stick out further at their rims."""
    model = load_head_model()
    x = model.v_template[:, 0].astype(np.float64)
    out = np.clip((np.abs(x) - 0.068) / 0.015, 0, 1) * model.masks["ears"] * metres
    return replace(fit, posed_vertices=fit.posed_vertices + (np.sign(x) * out)[:, None] * [1, 0, 0])


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


def reach(vertices: np.ndarray, side: int) -> float:
    ears = load_head_model().masks["ears"]
    return float((vertices[ears, 0] * side).max())


def test_ears_reach_the_outline_and_the_face_stays():
    model, fit = load_head_model(), fit_seen_from(0)
    wanted = with_ears_out(fit, 0.008)
    person = silhouette(wanted)
    found = follow_outline(fit, model, person, person)
    for side in (1, -1):
        assert reach(found.posed_vertices, side) == pytest.approx(reach(wanted.posed_vertices, side), abs=0.002)
    assert iou(silhouette(found), person) > iou(silhouette(fit), person) + 0.5 * (1 - iou(silhouette(fit), person))
    moved = np.linalg.norm(found.neutral_vertices - fit.neutral_vertices, axis=1)
    assert moved[model.masks["lips"] | model.masks["nose"] | model.masks["left_eyelids"]].max() < 1e-4
    assert np.allclose(found.neutral_vertices - fit.neutral_vertices, found.posed_vertices - fit.posed_vertices)


def test_an_outline_that_is_not_skin_pulls_nothing():
    model, fit = load_head_model(), fit_seen_from(0)
    person = silhouette(with_ears_out(fit, 0.008))
    found = follow_outline(fit, model, person, np.zeros_like(person))
    assert np.array_equal(found.posed_vertices, fit.posed_vertices)


def test_a_wide_bald_skull_is_found():
    model, fit = load_head_model(), fit_seen_from(0)
    wide = fit.posed_vertices * (1 + 0.08 * model.masks["scalp"][:, None] * [1, 1, 0])
    person = silhouette(replace(fit, posed_vertices=wide))
    found = follow_outline(fit, model, person, person)
    assert iou(silhouette(found), person) > 0.98 > iou(silhouette(fit), person)


def test_the_ear_one_cannot_see_copies_the_other():
    model, fit = load_head_model(), fit_seen_from(30)
    wanted = with_ears_out(fit, 0.008)
    person = silhouette(wanted)
    found = follow_outline(fit, model, person, person)
    left, right = reach(found.posed_vertices, 1), reach(found.posed_vertices, -1)
    assert right == pytest.approx(left, abs=0.002)
    assert right > reach(fit.posed_vertices, -1) + 0.003
