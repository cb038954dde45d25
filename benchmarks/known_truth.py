"""The data of the known-truth benchmark: 24 views of a painted head, 11 of them in expressions, all but the reference
lying; and clean pictures from other sides, in other expressions too, to measure on."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from cameo.backend.artifacts import AvatarMesh, Camera, HeadParameters, PersonalizedSet, orbit_camera
from cameo.backend.head.controls import parameters_from_controls
from lying_views import LIES, lying_view
from painted_head import painted_head

SIZE = 128
_VIEWS = 24
_FRONTAL = 5  # views to either side of the front that are seen in expressions
_BETWEEN = (7.5, -22.5, 37.5, -52.5, 82.5, -112.5, 172.5)  # degrees, held out
_TRAINED = (
    {},
    {"jawOpen": 0.8},
    {"mouthSmileLeft": 1.0, "mouthSmileRight": 1.0, "mouthUpperUpLeft": 0.7, "mouthUpperUpRight": 0.7, "jawOpen": 0.3},
    {"browInnerUp": 1.0, "browOuterUpLeft": 1.0, "browOuterUpRight": 1.0, "eyeWideLeft": 1.0, "eyeWideRight": 1.0},
    {"mouthPucker": 1.0, "eyeBlinkLeft": 1.0},
)
_UNSEEN = (
    {"mouthSmileLeft": 0.5, "mouthSmileRight": 0.5, "mouthUpperUpLeft": 0.5, "mouthUpperUpRight": 0.5, "jawOpen": 0.6},
    {"mouthFunnel": 0.6, "browDownLeft": 0.8, "browDownRight": 0.8, "jawOpen": 0.25},
)


def known_truth(kind: str, seed: int, size: int = SIZE) -> PersonalizedSet:
    """The data set of :data:`lying_views.LIES` called ``kind``; held-out frames are the truth."""
    mesh, poses, cameras, truth = _truth(seed, size)
    shots = _shots()
    lies = [lying_view(LIES[kind], seed, view, size) for view in range(_VIEWS)]
    shown = [rgba if v == 0 or v >= _VIEWS else lies[v](rgba) for rgba, (v, _) in zip(truth, shots, strict=True)]
    view, pose = np.array(shots, np.int32).T
    return PersonalizedSet(
        mesh=mesh,
        cameras=cameras,
        poses=poses,
        images=np.stack([(np.clip(rgba, 0, 1) * 255 + 0.5).astype(np.uint8) for rgba in shown]),
        view_index=view,
        pose_index=pose,
        held_out=view >= _VIEWS,
        reference_view=0,
        surface=None,
        provenance={"engine": "known truth", "lies": kind, "seed": seed},
    )


@lru_cache(maxsize=1)
def _truth(seed: int, size: int) -> tuple[AvatarMesh, tuple[HeadParameters, ...], tuple[Camera, ...], list[np.ndarray]]:
    """The person, all poses and cameras, and a clean picture of every shot; slow, and the same for all lies."""
    head = painted_head(seed)
    poses = tuple(parameters_from_controls(head.mesh, values) for values in (*_TRAINED, *_UNSEEN))
    turns = (*(360 / _VIEWS * k for k in range(_VIEWS)), *_BETWEEN)
    cameras = tuple(orbit_camera(turn, distance=1.05, fov_deg=17.5, size=size) for turn in turns)
    return head.mesh, poses, cameras, [head.picture(poses[p], cameras[v]) for v, p in _shots()]


def _shots() -> list[tuple[int, int]]:
    """(view, pose) of every picture; views from 24 on are held out."""
    trained = [(v, p) for v in range(_VIEWS) for p in _trained_poses(v)]
    between = [(k, (0, 2, 5, 6) if abs(turn) < 60 else (0,)) for k, turn in enumerate(_BETWEEN)]
    return [*trained, *((_VIEWS + k, p) for k, shown in between for p in shown)]


def _trained_poses(view: int) -> range:
    return range(len(_TRAINED)) if min(view, _VIEWS - view) <= _FRONTAL else range(1)
