"""How the bust ends: softly, and from every side without spikes."""

import numpy as np
import pytest
from cameo.backend.artifacts import orbit_camera
from cameo.backend.engines.builtin.dense import build_dense_head
from cameo.backend.engines.builtin.painted_head import PaintedHead, bust_opacity
from cameo.backend.head.model import load_head_model

SIZE, MILLIMETRE = 384, 384 / 520  # pixels; a view of 52 cm at the neck's distance


@pytest.fixture(scope="module")
def head():
    model = load_head_model()
    dense = build_dense_head(model, levels=1)
    vertices = np.asarray(dense.operator @ model.v_template.astype(np.float64))
    grey = np.full(vertices.shape, 0.5, np.float32)
    return model, vertices, PaintedHead(dense.faces, grey, bust_opacity(vertices), None)


def test_the_head_is_solid_and_the_cut_edge_is_gone(head):
    model, vertices, painted = head
    assert (painted.opacity[vertices[:, 1] > -0.12] == 1).all()
    corners = model.v_template[:, 1] < -0.15
    edge = np.flatnonzero(model.masks["boundary"] & corners)
    assert len(edge) > 10
    assert painted.opacity[edge].max() < 0.2


@pytest.mark.parametrize("yaw", [0, 45, 90, 135, 180])
def test_the_lower_edge_is_level_and_soft(head, yaw):
    _, vertices, painted = head
    camera = orbit_camera(yaw, 0, distance=1.3, fov_deg=22.6, size=SIZE)
    alpha = painted.render(vertices, camera, 2, np.eye(4)).rgba[..., 3]
    columns = np.flatnonzero((alpha > 0.5).any(0) & (alpha[SIZE // 2 :].max(0) > 0.5))
    bottom = SIZE - 1 - np.argmax(alpha[::-1, columns] > 0.5, axis=0)
    lowest = columns[bottom > bottom.max() - 10 * MILLIMETRE]
    assert (np.diff(lowest) == 1).all(), "two ends hang down as spikes"
    assert len(lowest) > 50 * MILLIMETRE, "one end hangs down as a spike"
    steep = np.abs(np.diff(alpha[bottom.max() - 40 :, SIZE // 2])).max()
    assert steep < 0.25, "a hard edge"
