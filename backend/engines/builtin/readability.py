"""Expressions that read on this very face.

Under glasses or a fringe a raised brow is hardly seen. An animator plays such a face larger; so do we, within limits:
a unit whose effect the landmarker cannot tell from neutral is made stronger for this person.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from ...artifacts import AvatarMesh, HeadParameters
from ...head.controls import parameters_from_controls
from ...head.fit_result import HeadFit
from ...perception.landmarks import find_landmarks

WATCHED = ("browInnerUp", "mouthPucker")
"""Units that people's looks hide most often; each is a control of the same name."""
KEYED = 0.8
WANTED_RISE = 0.35
GAINS = (1.0, 1.25, 1.5, 1.75)
"""Stronger than the last one a face looks torn, and stays as it is instead of more."""

See = Callable[[AvatarMesh, HeadParameters], np.ndarray]
"""A frontal picture uint8 [H,W,3] of the mesh in a pose."""


def readable_units(mesh: AvatarMesh, see: See) -> dict[str, float]:
    """Gain by unit name: the smallest with which the score rises by ``WANTED_RISE`` at 0.8, at most the largest."""
    neutral = _score(see(mesh, parameters_from_controls(mesh, {})))
    if neutral is None:
        return {}
    return {name: gain for name in WATCHED if (gain := _gain(mesh, see, name, neutral[name])) != 1.0}


def strengthened(mesh: AvatarMesh, gains: dict[str, float]) -> AvatarMesh:
    """The mesh with these units made stronger."""
    directions = mesh.unit_dirs.copy()
    for name, gain in gains.items():
        directions[mesh.unit_names.index(name)] *= gain
    return dataclasses.replace(mesh, unit_dirs=directions)


def same_photo(fit: HeadFit, mesh: AvatarMesh, gains: dict[str, float]) -> HeadFit:
    """The fit whose parameters give the photo's expression on the strengthened mesh."""
    units = fit.parameters.units.copy()
    for name, gain in gains.items():
        units[mesh.unit_names.index(name)] /= gain
    return dataclasses.replace(fit, parameters=dataclasses.replace(fit.parameters, units=units))


def _gain(mesh: AvatarMesh, see: See, name: str, neutral: float) -> float:
    for gain in GAINS:
        scores = _score(see(mesh, parameters_from_controls(mesh, {name: KEYED * gain})))
        if scores is not None and scores[name] - neutral >= WANTED_RISE:
            return gain
    return GAINS[-1]


def _score(picture: np.ndarray) -> dict[str, float] | None:
    face = find_landmarks(picture)
    return None if face is None else face.blendshapes
