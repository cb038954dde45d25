"""The teeth that GaussianAvatars and VHAP add to FLAME, so that avatars made there can be opened here.

Two curved slabs between the lips, 120 vertices and 168 triangles: eight strips of 15 vertices, each along the lips from
right to left. FLAME's own vertex numbers enter only as the two rings along the outside of the lips.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...errors import AssetError
from .files import FlameModel, TextureLayout

UPPER_RING = (1713, 1715, 1716, 1735, 1696, 1694, 1657, 3543, 2774, 2811, 2813, 2850, 2833, 2832, 2830)
LOWER_RING = (1576, 1577, 1773, 1774, 1795, 1802, 1865, 3503, 2948, 2905, 2898, 2881, 2880, 2713, 2712)
VERTICES_PUBLISHED = 5023
"""The rings are numbers of this mesh only."""

_ACROSS = len(UPPER_RING)
_NECK, _JAW = 1, 2
_UPPER_ROOT, _LOWER_ROOT, _UPPER_EDGE, _LOWER_EDGE = 0, 1, 2, 3
_UPPER_ROOT_BACK, _UPPER_EDGE_BACK, _LOWER_ROOT_BACK, _LOWER_EDGE_BACK = 4, 5, 6, 7
_LOWER_STRIPS = (_LOWER_ROOT, _LOWER_EDGE, _LOWER_ROOT_BACK, _LOWER_EDGE_BACK)

# A quad between two strips has the corners a, b (first strip) and c, d (second), b and d one step on. Its two triangles
# by winding and by the diagonal that divides it: ad or bc.
_A, _B, _C, _D = range(4)
_SPLITS = {
    ("abc", "ad"): ((_A, _D, _C), (_A, _B, _D)),
    ("abc", "bc"): ((_A, _B, _C), (_B, _D, _C)),
    ("acb", "ad"): ((_A, _C, _D), (_A, _D, _B)),
    ("acb", "bc"): ((_A, _C, _B), (_B, _C, _D)),
}
# (first strip, second strip, winding, diagonal of the right half; the left half has the other one)
_BANDS = (
    (_UPPER_ROOT, _UPPER_EDGE, "abc", "ad"),
    (_UPPER_ROOT_BACK, _UPPER_EDGE_BACK, "acb", "ad"),
    (_UPPER_EDGE_BACK, _UPPER_EDGE, "acb", "bc"),
    (_LOWER_EDGE, _LOWER_ROOT, "abc", "bc"),
    (_LOWER_ROOT_BACK, _LOWER_EDGE_BACK, "abc", "ad"),
    (_LOWER_EDGE_BACK, _LOWER_EDGE, "abc", "bc"),
)
_V_LEVEL = (3, 2, 0, 1, 3, 4, 6, 5)
"""Where each strip lies in the texture, of seven heights."""


def with_teeth(model: FlameModel) -> FlameModel:
    """The model with the teeth after its own vertices and triangles.

    The teeth take the lips' mean identity, no expression and no pose correctives; upper ones follow the neck, lower
    ones the jaw.

    Raises:
        AssetError: ``flame.teeth_of_another_mesh`` unless the model has FLAME's 5023 vertices.
    """
    if len(model.v_template) != VERTICES_PUBLISHED:
        raise AssetError(
            "flame.teeth_of_another_mesh",
            "Teeth can be added only to a head model with FLAME's own vertices.",
            cause=f"The model has {len(model.v_template)} vertices, FLAME has {VERTICES_PUBLISHED}.",
            fix="Use the model without teeth, or choose one of FLAME's files.",
        )
    teeth = teeth_template(model.v_template)
    count = len(teeth)
    lips = (model.shapedirs[list(UPPER_RING)] + model.shapedirs[list(LOWER_RING)]) / 2
    strips = np.arange(count) // _ACROSS
    weights = np.zeros((count, model.weights.shape[1]))
    weights[np.arange(count), np.where(np.isin(strips, _LOWER_STRIPS), _JAW, _NECK)] = 1
    return replace(
        model,
        v_template=np.concatenate([model.v_template, teeth]),
        faces=np.concatenate([model.faces, teeth_faces() + len(model.v_template)]),
        shapedirs=np.concatenate([model.shapedirs, np.tile(lips, (count // _ACROSS, 1, 1))]),
        exprdirs=np.pad(model.exprdirs, ((0, count), (0, 0), (0, 0))),
        posedirs=np.pad(model.posedirs, ((0, 0), (0, count), (0, 0))),
        J_regressor=np.pad(model.J_regressor, ((0, 0), (0, count))),
        weights=np.concatenate([model.weights, weights]),
    )


def teeth_template(vertices: np.ndarray) -> np.ndarray:
    """The teeth [120,3] behind the lips of ``vertices`` [5023,3], in proportion to the lips' mean distance."""
    upper, lower = vertices[list(UPPER_RING)], vertices[list(LOWER_RING)]
    size = np.linalg.norm(upper - lower, axis=1).mean()
    up, forward = np.array([0, size, 0]), np.array([0, 0, size])
    middle = (upper + lower) / 2
    middle[:, 1] = middle[:, 1].mean()
    middle = middle - 1.5 * forward
    upper_edge, lower_edge = middle + 0.1 * up, middle - 0.1 * up - 0.4 * forward
    upper_root, lower_root = upper_edge + 2 * up, lower_edge - 2 * up
    front = [upper_root, lower_root, upper_edge, lower_edge]
    back = [strip - forward for strip in (upper_root, upper_edge, lower_root, lower_edge)]
    return np.concatenate(front + back)


def teeth_faces() -> np.ndarray:
    """int64 [168,3]: the six bands between strips. Quads are divided symmetrically about the middle of the mouth."""
    faces = []
    for first, second, winding, right in _BANDS:
        left = "bc" if right == "ad" else "ad"
        for step in range(_ACROSS - 1):
            a, c = first * _ACROSS + step, second * _ACROSS + step
            corners = (a, a + 1, c, c + 1)
            diagonal = right if step < _ACROSS // 2 else left
            faces += [[corners[k] for k in triangle] for triangle in _SPLITS[winding, diagonal]]
    return np.array(faces)


def teeth_texture() -> TextureLayout:
    """The teeth's own part of the texture; vertices as in :func:`teeth_template`."""
    u = np.linspace(0.62, 0.38, _ACROSS)
    v = np.linspace(1 - 0.0083, 1 - 0.0425, 7)[list(_V_LEVEL)]
    return TextureLayout(np.stack([np.tile(u, len(v)), np.repeat(v, _ACROSS)], 1), teeth_faces())
