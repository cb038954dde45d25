"""Expressions given as units (FLAME's coefficients, say) said with the head's named controls.

The answer is the face that the controls can make that lies closest over all vertices: bounded least squares, each
control from 0 to 1. Controls that turn joints are left alone: jaw and eyes are given as rotations beside.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import lsq_linear

from .controls import ARKIT_NAMES
from .model import HeadModel

RIDGE = 1e-4
"""Of the strongest control's square: controls that do the same share the work."""


class ControlFit(NamedTuple):
    """``values`` float64 [T,C] of the controls ``names``; ``missed``: part of the motion's length not reached, 0..1."""

    names: tuple[str, ...]
    values: np.ndarray
    missed: float


def controls_of_units(model: HeadModel, units: np.ndarray) -> ControlFit:
    """The named controls that come closest to ``units`` [T,U]. Ceilings between controls are not regarded."""
    directions = model.unit_dirs.reshape(len(model.unit_dirs), -1).astype(np.float64)
    chosen = [c for c in model.controls if c.name in ARKIT_NAMES and c.units and not c.joints]
    gains = np.zeros((len(chosen), len(directions)))
    for row, control in zip(gains, chosen):
        for unit, gain in control.units:
            row[unit] += gain
    inner = directions @ directions.T  # everything below happens among units: no vertex is needed again
    gram = gains @ inner @ gains.T
    gram[np.diag_indices_from(gram)] += RIDGE * gram.diagonal().max()
    root = cholesky(gram)
    target = solve_triangular(root.T, gains @ inner @ units.T.astype(np.float64), lower=True)
    values = np.stack([lsq_linear(root, column, bounds=(0.0, 1.0), method="bvls").x for column in target.T])
    left = units - values @ gains
    whole = np.einsum("tu,uv,tv->", units, inner, units)
    missed = np.einsum("tu,uv,tv->", left, inner, left)
    share = float(np.sqrt(max(missed, 0.0) / whole)) if whole > 0 else 0.0
    return ControlFit(tuple(control.name for control in chosen), values.clip(0.0, 1.0), share)
