"""Writes a head model in the layout that the package ``smplx`` and FLAME's other readers expect.

``FLAME_NEUTRAL.pkl``, ``flame_static_embedding.pkl`` (51 landmarks) and ``flame_dynamic_embedding.npy`` (a contour of
17 points for each of 79 degrees of yaw). Identity fills the first 300 columns of ``shapedirs`` and expression the next
100, where readers look for them; columns without a direction are zero.
"""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from ...artifacts import JOINT_PARENTS, orbit_camera
from ..contour import MovingContour
from ..face_regions import IBUG_INNER
from ..model import HeadModel
from .files import SHAPE_COLUMNS, FlameModel

EXPRESSION_COLUMNS = 100
MODEL, STATIC, DYNAMIC = "FLAME_NEUTRAL.pkl", "flame_static_embedding.pkl", "flame_dynamic_embedding.npy"
YAWS_DEG = (*range(40), *range(-1, -40, -1))
"""The yaw of each row of the contour's table: of the camera, towards the subject's left."""
_CAMERA = {"distance": 1.3, "fov_deg": 17.5, "size": 512}


def flame_layout(head: HeadModel) -> FlameModel:
    """``head`` as FLAME's arrays: its betas are the first shapes, its units the first expressions.

    Identity beyond 300 and units beyond 100 are left out.
    """
    vertices = len(head.v_template)
    shapes, expressions = np.zeros((vertices, 3, SHAPE_COLUMNS)), np.zeros((vertices, 3, EXPRESSION_COLUMNS))
    betas, units = head.shapedirs[:, :, :SHAPE_COLUMNS], head.unit_dirs[:EXPRESSION_COLUMNS]
    shapes[:, :, : betas.shape[2]] = betas
    expressions[:, :, : len(units)] = np.moveaxis(units, 0, 2)
    return FlameModel(
        v_template=head.v_template.astype(np.float64),
        faces=head.faces.astype(np.int64),
        shapedirs=shapes,
        exprdirs=expressions,
        posedirs=head.posedirs.astype(np.float64),
        J_regressor=head.J_regressor.astype(np.float64),
        weights=head.weights.astype(np.float64),
        parents=JOINT_PARENTS,
    )


def export_for_smplx(head: HeadModel, folder: Path) -> None:
    """Write the three files into ``folder``, which must exist; ``smplx.FLAME(folder)`` loads them."""
    (folder / MODEL).write_bytes(model_pickle(flame_layout(head)))
    marks = list(IBUG_INNER)
    static = {"lmk_face_idx": head.landmarks478.face[marks], "lmk_b_coords": head.landmarks478.bary[marks]}
    (folder / STATIC).write_bytes(pickle.dumps(static, protocol=2))
    contour = MovingContour(head)
    rows = [contour.embedding(head.v_template, orbit_camera(yaw, **_CAMERA)) for yaw in YAWS_DEG]
    dynamic = {"lmk_face_idx": np.stack([face for face, _ in rows]), "lmk_b_coords": np.stack([b for _, b in rows])}
    np.save(folder / DYNAMIC, np.array(dynamic, object), allow_pickle=True)


def model_pickle(model: FlameModel) -> bytes:
    """The table of FLAME's own file, pickled."""
    tree = np.array([model.parents, range(len(model.parents))], np.int64)
    tree[0, 0] = 2**32 - 1
    table = {
        "v_template": model.v_template,
        "f": model.faces.astype(np.uint32),
        "shapedirs": np.concatenate([model.shapedirs, model.exprdirs], 2),
        "posedirs": np.moveaxis(model.posedirs, 0, 2),
        "J_regressor": sp.csc_matrix(model.J_regressor),
        "J": model.J_regressor @ model.v_template,
        "weights": model.weights,
        "kintree_table": tree,
        "bs_style": "lbs",
        "bs_type": "lrotmin",
    }
    return pickle.dumps(table, protocol=2)
