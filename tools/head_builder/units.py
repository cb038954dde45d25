"""Expression units: the artist's targets, cleaned for a head that is not the artist's."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg

from .identities import ETHNICITIES
from .rig import Jaw
from .source import Source

SMOOTHED = ("mouthSmile", "mouthDimple", "mouthStretch", "mouthUpperUp", "mouthFrown", "cheekSquint", "noseSneer")
"""Units whose creases were modelled on one face and turn into lumps on others."""
SMOOTHING = 6.0
"""Weight of the Laplacian against staying as the artist made it."""
GAINS = {"browInnerUp": 2.0, "browDown": 1.25, "mouthPucker": 1.6}
"""MakeHuman's brows and pucker move less than people's; with these a landmarker's score rises as it should."""
JAW_SLIDES = ("jawForward", "jawLeft", "jawRight")


def is_joint(name: str) -> bool:
    """ARKit units that are joint rotations here."""
    return name == "jawOpen" or name.startswith("eyeLook")


def artist_units(source: Source, carry: sp.csr_array) -> dict[str, np.ndarray]:
    """All 52 ARKit targets, and MakeHuman's own expression units as ``mh_...``; displacement [V,3] by name."""
    units = {name: carry @ source.face_unit(name) for name in source.face_unit_names()}
    for name in source.target_names("expression/units/caucasian"):
        per_ethnicity = [carry @ source.target(f"expression/units/{e}/{name}") for e in ETHNICITIES]
        units["mh_" + name] = np.mean(per_ethnicity, 0)
    return units


def clean_units(
    units: dict[str, np.ndarray],
    weights: np.ndarray,
    jaw: Jaw,
    parts: dict[str, np.ndarray],
    average: sp.csr_array,
    fixed: np.ndarray,
) -> dict[str, np.ndarray]:
    """Units that are not joints, without what a skull cannot do.

    Upper teeth and eyeballs never move; lower teeth only slide with the jaw, rigidly. ``mouthClose`` is meant on top
    of jawOpen = 1, so it is taken back through the jaw's rotation. ``fixed`` [V] is not smoothed.
    """
    skull = np.concatenate([parts[name] for name in ("upper_teeth", "upper_gums", "left_eyeball", "right_eyeball")])
    lower = np.concatenate([parts["lower_teeth"], parts["lower_gums"]])
    cleaned = {}
    smooth = _Smoother(average, fixed)
    for name, unit in units.items():
        if is_joint(name):
            continue
        unit = unit * next((gain for stem, gain in GAINS.items() if name.startswith(stem)), 1.0)
        if name == "mouthClose":
            share = weights[:, 2, None, None]
            unit = np.linalg.solve((1 - share) * np.eye(3) + share * jaw.matrix, unit[..., None])[..., 0]
        if name.startswith(SMOOTHED):
            unit = smooth(unit)
        unit[skull] = 0
        unit[lower] = unit[lower].mean(0) if name in JAW_SLIDES else 0
        cleaned[name] = unit
    return cleaned


class _Smoother:
    """min |d - d0|² + SMOOTHING |L d|² over the vertices that are not fixed."""

    def __init__(self, average: sp.csr_array, fixed: np.ndarray) -> None:
        identity = sp.eye_array(len(fixed))
        laplacian = identity - average
        system = sp.csr_array(identity + SMOOTHING * (laplacian.T @ laplacian))
        self.free = np.flatnonzero(~fixed)
        self.coupling = system[self.free][:, np.flatnonzero(fixed)]
        self.fixed = np.flatnonzero(fixed)
        self.solve = scipy.sparse.linalg.factorized(system[self.free][:, self.free].tocsc())

    def __call__(self, unit: np.ndarray) -> np.ndarray:
        right = unit[self.free] - self.coupling @ unit[self.fixed]
        smoothed = unit.copy()
        smoothed[self.free] = np.stack([self.solve(right[:, axis]) for axis in range(3)], 1)
        return smoothed
