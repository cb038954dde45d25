"""Where a fit begins: the head's place from its landmarks in one picture, or in several calibrated ones.

Both are robust: a fifth of the landmarks may be anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..artifacts import Camera
from ..errors import StageError
from .fit_sight import Sight

ROUNDS = 15
FEWEST = 6  # landmarks that tell a place


def seen(points: np.ndarray) -> np.ndarray:
    """Which of the landmarks [K,2] were found, bool [K]."""
    return np.isfinite(points[:, 0]) & np.isfinite(points[:, 1])


def place_in_picture(model_points: np.ndarray, sight: Sight) -> tuple[np.ndarray, np.ndarray]:
    """Rotation [3,3] and translation [3] (metres) from head to camera for landmarks ``model_points`` [K,3].

    Raises:
        StageError: ``fit.failed`` when the landmarks do not spread like a face.
    """
    points, K = np.asarray(sight.points, np.float64), sight.camera.K
    found = seen(points)
    require_face(bool(found.sum() >= FEWEST))
    rays = (points[found] - K[:2, 2]) / (K[0, 0], K[1, 1])
    affine, offset = _robust_affine(model_points[found], rays)
    left, sizes, right = np.linalg.svd(affine)
    require_face(sizes[1] > 0.2 * sizes[0] and bool(sizes[0] > 0))
    two = left @ right[:2]
    depth = 1 / sizes.mean()  # of the landmarks, not of the head's origin
    rotation = np.stack([two[0], two[1], np.cross(two[0], two[1])])
    return rotation, np.array([*(offset * depth), depth - rotation[2] @ model_points[found].mean(0)])


def place_in_world(model_points: np.ndarray, sights: Sequence[Sight]) -> tuple[np.ndarray, np.ndarray, float]:
    """Rotation [3,3], translation [3] and scale from head to world, from two or more calibrated pictures."""
    world = triangulated(np.stack([s.points for s in sights]), [s.camera for s in sights])
    found = seen(world)
    require_face(bool(found.sum() >= FEWEST))
    source, target = model_points[found], world[found]
    trust = np.ones(len(source))
    rotation, translation, scale = np.eye(3), np.zeros(3), 1.0
    for _ in range(ROUNDS):
        rotation, translation, scale = _similarity(source, target, trust)
        away = np.linalg.norm(scale * source @ rotation.T + translation - target, axis=1)
        trust = _trust(away)
    return rotation, translation, scale


def triangulated(points: np.ndarray, cameras: Sequence[Camera]) -> np.ndarray:
    """World places [K,3] of landmarks [V,K,2] seen by V cameras; not finite where fewer than two see one.

    Least squares over the lines of sight, reweighted so that one wrong view of several does no harm.
    """
    origins, lines = [], []
    for pixels, camera in zip(points, cameras):
        R, t, K = camera.viewmat[:3, :3], camera.viewmat[:3, 3], camera.K
        local = np.concatenate([(pixels - K[:2, 2]) / (K[0, 0], K[1, 1]), np.ones((len(pixels), 1))], 1)
        lines.append(local @ R / np.linalg.norm(local, axis=1, keepdims=True))
        origins.append(-R.T @ t)
    there = np.stack([seen(line) for line in lines])  # [V,K]
    d = np.where(there[..., None], np.stack(lines), 0)
    o = np.broadcast_to(np.stack(origins)[:, None], d.shape)
    across = np.eye(3) - d[..., :, None] * d[..., None, :]  # [V,K,3,3]: what of a vector points away from the line
    trust = there.astype(np.float64)
    place = np.zeros((points.shape[1], 3))
    for _ in range(ROUNDS):
        weighted = trust[..., None, None] * across
        right = np.einsum("vkab,vkb->ka", weighted, o)
        place = np.linalg.solve(weighted.sum(0) + 1e-9 * np.eye(3), right[..., None])[..., 0]
        away = np.linalg.norm(np.einsum("vkab,vkb->vka", across, place - o), axis=2)
        trust = there / (away + 1e-3 * np.median(away[there]) + 1e-12)
    place[there.sum(0) < 2] = np.nan
    return place


def _robust_affine(source: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A [2,3] and b [2] with ``target = A source + b`` for most of the rows."""
    rows = np.c_[source, np.ones(len(source))]
    trust = np.ones(len(rows))
    solution = np.zeros((4, 2))
    for _ in range(ROUNDS):
        solution = np.linalg.lstsq(rows * trust[:, None] ** 0.5, target * trust[:, None] ** 0.5, rcond=None)[0]
        trust = _trust(np.linalg.norm(rows @ solution - target, axis=1))
    return solution[:3].T, solution[3]


def _trust(away: np.ndarray) -> np.ndarray:
    """Weights of reweighted squares: distances count linearly near, and ever less far beyond the median."""
    typical = max(float(np.median(away)), 1e-12)
    return 1 / (1 + away / typical) / (1 + (away / (6 * typical)) ** 2)


def _similarity(source: np.ndarray, target: np.ndarray, trust: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Weighted least squares for ``target = s R source + t`` (Umeyama, PAMI 1991)."""
    share = trust / trust.sum()
    from_, to = share @ source, share @ target
    a, b = source - from_, target - to
    left, sizes, right = np.linalg.svd((b * share[:, None]).T @ a)
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    rotation = left * sign @ right
    scale = float((sizes * sign).sum() / (share @ (a**2).sum(1)))
    return rotation, to - scale * rotation @ from_, scale


def require_face(face_like: bool) -> None:
    """Raise ``fit.failed`` unless landmarks are ``face_like``."""
    if not face_like:
        raise StageError(
            "fit.failed",
            "The face in the picture could not be measured.",
            cause="Too few landmarks were found, or they do not spread like a face.",
            fix="Use a picture that shows the face from the front.",
        )
