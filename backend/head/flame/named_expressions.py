"""Named expressions on FLAME: what each unit of the built-in head does, said with FLAME's own expression and jaw.

The unit's displacement is carried over point by point (``registration.py``) and approximated by ridge regression in the
space of FLAME's expressions, so that a smile stays one that FLAME was made to show.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import fminbound

from ...artifacts import HeadParameters
from ..lbs import pose_vertices
from ..model import HeadModel, make_avatar_mesh
from .files import FlameModel
from .layer import FlameParameters, pose_flame
from .registration import Registration

RIDGE = 2e-5
"""Metres: one standard deviation of one component must improve the fit by the square of this."""
FINE_REGIONS = {"lips": 4.0, "left_eyelids": 4.0, "right_eyelids": 4.0, "face": 2.0}
"""How much more these regions count than the area they have."""
MOST_JAW = 0.8
"""Radians, the widest jaw that is looked for."""
_JAW, _PITCH = 2, 0
_JAW_STEP = 1e-4  # radians, for derivatives
_LEAST_TURN = 2e-3  # radians; a smaller turn of the jaw is left out


@dataclass(frozen=True)
class NamedExpressions:
    """Units on FLAME.

    Attributes:
        names: of the built-in head's units that FLAME can show.
        coefficients: float64 [U,E] of FLAME's expression. jaw: float64 [U,3], the jaw's axis-angle beside it.
        jaw_open: pitch of the jaw, radians, at ``jawOpen`` 1.
        missed: float64 [U], part of the unit's displacement that FLAME cannot show (root of the squares' ratio).
    """

    names: tuple[str, ...]
    coefficients: np.ndarray
    jaw: np.ndarray
    jaw_open: float
    missed: np.ndarray


def solve_expressions(ours: HeadModel, theirs: FlameModel, likeness: Registration) -> NamedExpressions:
    """FLAME's coefficients for every unit of the built-in head but ``tongueOut``: FLAME has no tongue."""
    names = tuple(name for name in ours.unit_names if name != "tongueOut")
    wanted = np.stack([_carried(ours, likeness, ours.unit_dirs[ours.unit_names.index(name)]) for name in names])
    weight = _weights(ours, theirs, likeness)
    columns = [np.moveaxis(theirs.exprdirs, 2, 0), _jaw_columns(theirs)]
    both = _ridge(np.concatenate(columns), wanted, weight)
    alone = _ridge(columns[0], wanted, weight)
    components = theirs.exprdirs.shape[2]
    turning = np.array([name.startswith("jaw") for name in names]) & (
        np.abs(both[:, components:]).max(1, initial=0) > _LEAST_TURN
    )
    coefficients = np.where(turning[:, None], both[:, :components], alone)
    jaw = np.where(turning[:, None], both[:, components:], 0.0)
    shown = np.tensordot(coefficients, columns[0], 1) + np.tensordot(jaw, columns[1], 1)
    left, whole = (np.einsum("v,uvx->u", weight, field**2) for field in (shown - wanted, wanted))
    return NamedExpressions(
        names, coefficients, jaw, _jaw_open(ours, theirs, likeness, weight), np.sqrt(left / np.maximum(whole, 1e-20))
    )


def _carried(ours: HeadModel, likeness: Registration, displacement: np.ndarray) -> np.ndarray:
    """A displacement [V,3] of our head at the other's vertices, in the other's size."""
    return likeness.scale * likeness.on_ours.carry(displacement.astype(np.float64), ours.faces)


def _weights(ours: HeadModel, theirs: FlameModel, likeness: Registration) -> np.ndarray:
    """How much each vertex counts [V], mean 1: its area, more where faces are fine, nothing on eyeballs."""
    corners = theirs.v_template[theirs.faces]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    weight = np.bincount(theirs.faces.ravel(), np.repeat(area, 3), len(theirs.v_template))
    for name, factor in FINE_REGIONS.items():
        weight = weight * (1 + (factor - 1) * likeness.on_ours.carry(ours.masks[name].astype(np.float64), ours.faces))
    weight[theirs.weights[:, 3:].sum(1) > 0.5] = 0
    return weight / weight.mean()


def _ridge(columns: np.ndarray, wanted: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Coefficients [U,C] of ``columns`` [C,V,3] for ``wanted`` [U,V,3]: least mean square plus ridge."""
    root = np.sqrt(weight / len(weight))[:, None]
    A = (columns * root).reshape(len(columns), -1)
    b = (wanted * root).reshape(len(wanted), -1)
    return np.linalg.solve(A @ A.T + RIDGE**2 * np.eye(len(A)), A @ b.T).T


def _jaw_columns(theirs: FlameModel) -> np.ndarray:
    """What the jaw's three angles do to the vertices at rest, [3,V,3] metres a radian."""
    turns = np.zeros((6, 5, 3))
    for axis in range(3):
        turns[2 * axis, _JAW, axis], turns[2 * axis + 1, _JAW, axis] = _JAW_STEP, -_JAW_STEP
    posed = _posed(theirs, turns)
    return (posed[0::2] - posed[1::2]) / (2 * _JAW_STEP)


def _posed(theirs: FlameModel, pose: np.ndarray) -> np.ndarray:
    nothing = np.zeros((len(pose), 0))
    return pose_flame(theirs, FlameParameters(nothing, nothing, pose, np.zeros((len(pose), 3)))).vertices


def _jaw_open(ours: HeadModel, theirs: FlameModel, likeness: Registration, weight: np.ndarray) -> float:
    """The jaw's pitch that opens their mouth as ``jawOpen`` opens ours."""
    mesh = make_avatar_mesh(ours, ours.v_template, np.zeros_like(ours.v_template))
    pose = np.zeros((5, 3), np.float32)
    control = next(control for control in ours.controls if control.name == "jawOpen")
    for joint, axis, radians in control.joints:
        pose[joint, axis] = radians
    opened = pose_vertices(mesh, HeadParameters(np.zeros(len(ours.unit_names), np.float32), pose)) - ours.v_template
    wanted = _carried(ours, likeness, opened)

    def error(angle: float) -> float:
        turn = np.zeros((1, 5, 3))
        turn[0, _JAW, _PITCH] = angle
        return float((weight[:, None] * (_posed(theirs, turn)[0] - theirs.v_template - wanted) ** 2).sum())

    return float(np.asarray(fminbound(error, 0, MOST_JAW, xtol=1e-5)).item())
