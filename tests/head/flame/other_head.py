"""The built-in head as somebody else's: another identity, other vertices and triangles, FLAME's layout."""

from dataclasses import replace

import numpy as np
from cameo.backend.head.flame.smplx_layout import flame_layout
from cameo.backend.head.model import load_head_model
from scipy.spatial import KDTree

SPLIT = 0.3  # share of the triangles that are divided at their centroids


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
    faces = np.concatenate(
        [model.faces[~split], *(np.stack(t, 1) for t in ((a, b, center), (b, c, center), (c, a, center)))]
    )
    order = rng.permutation(len(model.v_template) + len(corners))

    def same(values):
        return np.concatenate([values, values[corners].mean(1)])[order]

    # mixed expressions: no component is one of our units
    mix = np.linalg.qr(rng.normal(size=(model.exprdirs.shape[2],) * 2))[0]
    changed = replace(
        model,
        v_template=same(model.v_template + model.shapedirs[:, :, : len(betas)] @ betas),
        faces=np.argsort(order)[faces],
        shapedirs=same(model.shapedirs),
        exprdirs=same(model.exprdirs @ mix),
        posedirs=np.stack([same(row) for row in model.posedirs]),
        J_regressor=np.pad(model.J_regressor, ((0, 0), (0, len(corners))))[:, order],
        weights=same(model.weights),
    )
    return changed, same


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
