"""The built-in head as somebody else's: other identity, vertices and triangles, no more parts than FLAME has."""

from dataclasses import replace

import numpy as np
from cameo.backend.head.flame.smplx_layout import flame_layout
from cameo.backend.head.model import load_head_model
from scipy.spatial import KDTree

SPLIT = 0.3  # share of the triangles that are divided at their centroids
LACKING = ("inner_mouth", "teeth", "gums", "tongue", "bust")
"""What FLAME's mesh has not."""


def other_head(seed=0, identity=()):
    """A model, and ``same``, which carries values [V,...] of the built-in head's vertices to the like ones of it."""
    rng = np.random.default_rng(seed)
    ours = load_head_model()
    model = flame_layout(ours)
    betas = np.asarray(identity, np.float64)
    split = rng.random(len(model.faces)) < SPLIT
    corners = model.faces[split]
    a, b, c = corners.T
    center = len(model.v_template) + np.arange(len(corners))
    thirds = (np.stack(triangle, 1) for triangle in ((a, b, center), (b, c, center), (c, a, center)))
    faces = np.concatenate([model.faces[~split], *thirds])
    lacking = np.any([ours.masks[name] for name in LACKING], axis=0)
    kept = np.flatnonzero(~np.concatenate([lacking, lacking[corners].any(1)]))
    order = rng.permutation(kept)
    number = np.full(len(model.v_template) + len(corners), -1)
    number[order] = np.arange(len(order))
    faces = number[faces]

    def same(values):
        return np.concatenate([values, values[corners].mean(1)])[order]

    # mixed expressions: no component is one of our units
    mix = np.linalg.qr(rng.normal(size=(model.exprdirs.shape[2],) * 2))[0]
    template = model.v_template + model.shapedirs[:, :, : len(betas)] @ betas
    changed = replace(
        model,
        v_template=same(template),
        faces=faces[(faces >= 0).all(1)],
        shapedirs=same(model.shapedirs),
        exprdirs=same(model.exprdirs @ mix),
        posedirs=np.stack([same(row) for row in model.posedirs]),
        J_regressor=_regressor(same(template), model.J_regressor @ template),
        weights=same(model.weights),
    )
    return changed, same


def _regressor(vertices, joints):
    """The smallest regressor [J,V] that finds ``joints`` [J,3]."""
    system = np.concatenate([vertices, np.ones((len(vertices), 1))], 1)
    return np.concatenate([joints, np.ones((len(joints), 1))], 1) @ np.linalg.pinv(system)


def thinned(vertices, identity=(), seed=1):
    """The built-in head in FLAME's layout with a random choice of its vertices; the others fall onto the nearest."""
    rng = np.random.default_rng(seed)
    model = flame_layout(load_head_model())
    betas = np.asarray(identity, np.float64)
    model = replace(model, v_template=model.v_template + model.shapedirs[:, :, : len(betas)] @ betas)
    ball = np.flatnonzero(model.weights[:, 3:].max(1) > 0.5)
    others = np.setdiff1d(np.arange(len(model.v_template)), ball)
    kept = np.sort(np.r_[ball, rng.choice(others, vertices - len(ball), replace=False)])
    features = np.concatenate([model.v_template, 0.05 * model.weights], 1)
    faces = KDTree(features[kept]).query(features)[1][model.faces]
    corners = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
    regressor = model.J_regressor[:, kept]
    return replace(
        model,
        v_template=model.v_template[kept],
        faces=faces[corners],
        shapedirs=model.shapedirs[kept],
        exprdirs=model.exprdirs[kept],
        posedirs=model.posedirs[:, kept],
        J_regressor=regressor / regressor.sum(1, keepdims=True),
        weights=model.weights[kept],
    )
