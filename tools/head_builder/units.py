"""Expression units: the artist's targets, cleaned for a head that is not the artist's."""

# pyright cannot follow the editable install of this checkout as `cameo`.
# pyright: reportMissingImports=false
from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg
from cameo.backend.head.controls import mirrored_name

from .identities import ETHNICITIES
from .rig import Jaw
from .source import Source

SMOOTHED = ("mouthSmile", "mouthDimple", "mouthStretch", "mouthUpperUp", "mouthFrown", "cheekSquint", "noseSneer")
"""Units whose creases were modelled on one face and turn into lumps on others."""
SMOOTHING = 6.0
"""Weight of the Laplacian against staying as the artist made it."""
GAINS = {"browInnerUp": 2.0, "browDown": 1.25, "mouthPucker": 1.6, "mouthLeft": 0.85, "mouthRight": 0.85}
"""MakeHuman's brows and pucker move less than people's; with these a landmarker's score rises as it should. Its mouth
moves further to the side than the teeth let it."""
JAW_SLIDES = ("jawForward", "jawLeft", "jawRight")
OMITTED = ("mouth-open",)
"""MakeHuman's own open jaw slides the teeth that jawOpen turns, and pushes the mouth's inside through the cheeks."""


def is_joint(name: str) -> bool:
    """ARKit units that are joint rotations here."""
    return name == "jawOpen" or name.startswith("eyeLook")


def artist_units(source: Source, carry: sp.csr_array, mirror: np.ndarray) -> dict[str, np.ndarray]:
    """All 52 ARKit targets, and MakeHuman's own expression units as ``mh_...``; displacement [V,3] by name.

    Left and right are made exact mirror images of each other.
    """
    units = {name: carry @ source.face_unit(name) for name in source.face_unit_names()}
    for name in source.target_names("expression/units/caucasian"):
        if name in OMITTED:
            continue
        per_ethnicity = [carry @ source.target(f"expression/units/{e}/{name}") for e in ETHNICITIES]
        units["mh_" + name] = np.mean(per_ethnicity, 0)
    return {name: 0.5 * (unit + units[mirrored_name(name)][mirror] * [-1, 1, 1]) for name, unit in units.items()}


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
        if name in JAW_SLIDES:
            unit[lower] = unit[lower].mean(0)
        else:
            unit[lower] = 0
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
