"""Joints, skinning weights and pose correctives.

MakeHuman's jawOpen and eyeLook targets become joints: the rigid part is a rotation, what is left goes into posedirs,
so that a joint at the unit's angle reproduces the artist's target exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.optimize
import scipy.sparse as sp

from .source import Source

NECK_BONES = {"neck01": 0.15, "neck02": 0.45, "neck03": 0.8}
HEAD_BONES = ("head", "jaw", "oris", "tongue", "special", "orbi", "levator", "oculi", "risor", "tempo", "eye.")
EYE_LOOKS = ("Up", "Down", "In", "Out")


@dataclass(frozen=True)
class Jaw:
    """The artist's jawOpen as a rotation about x: ``angle`` radians, ``pivot`` [3], and its matrix."""

    angle: float
    pivot: np.ndarray
    matrix: np.ndarray


def rigid_rotation(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The rotation [3,3] that best takes points ``before`` to ``after`` (Kabsch)."""
    u, _, vt = np.linalg.svd((before - before.mean(0)).T @ (after - after.mean(0)))
    return vt.T @ np.diag([1, 1, np.linalg.det(vt.T @ u.T)]) @ u.T


def fit_jaw(teeth: np.ndarray, opened: np.ndarray) -> Jaw:
    """The jaw's hinge from the lower teeth [n,3] and their displacement [n,3] at jawOpen = 1."""
    rotation = rigid_rotation(teeth, teeth + opened)
    angle = float(np.arctan2(rotation[2, 1], rotation[1, 1]))
    shift = (teeth + opened).mean(0) - rotation @ teeth.mean(0)
    pivot = np.zeros(3)
    pivot[1:] = np.linalg.solve((np.eye(3) - rotation)[1:, 1:], shift[1:])
    c, s = np.cos(angle), np.sin(angle)
    return Jaw(angle, pivot, np.array([[1, 0, 0], [0, c, -s], [0, s, c]]))


def graph_average(faces: np.ndarray, count: int) -> sp.csr_array:
    """Row-stochastic CSR [V,V]: the mean of each vertex's neighbours."""
    edges = np.unique(np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), 1), axis=0)
    graph = sp.coo_array((np.ones(len(edges)), edges.T), (count, count))
    graph = (graph + graph.T).tocsr()
    degree = np.asarray(graph.sum(1)).ravel()
    return (sp.diags_array(1 / np.maximum(degree, 1)) @ graph).tocsr()


def skin_weights(
    source: Source,
    carry: sp.csr_array,
    template: np.ndarray,
    jaw: Jaw,
    jaw_open: np.ndarray,
    parts: dict[str, np.ndarray],
    average: sp.csr_array,
) -> np.ndarray:
    """Skinning weights [V,5] (root, neck, jaw, left eye, right eye)."""
    skin = parts["skin"]
    turned = (template - jaw.pivot) @ (jaw.matrix - np.eye(3)).T
    of_jaw = np.clip((jaw_open * turned).sum(1) / ((turned**2).sum(1) + 1e-9), 0, 1)
    for _ in range(3):
        smooth = 0.5 * of_jaw + 0.5 * (average @ of_jaw)
        of_jaw[skin] = np.where(of_jaw[skin] > 0, smooth[skin], 0)
    of_jaw[skin] = np.where(of_jaw[skin] < 0.01, 0, of_jaw[skin])
    for name, value in (("upper_teeth", 0), ("upper_gums", 0), ("lower_teeth", 1), ("lower_gums", 1)):
        of_jaw[parts[name]] = value
    of_head = _head_share(source, carry)
    of_head[len(skin) :] = 1
    for _ in range(10):
        of_head[skin] = (0.5 * of_head + 0.5 * (average @ of_head))[skin]
    weights = np.zeros((len(template), 5))
    weights[:, 0], weights[:, 1], weights[:, 2] = 1 - of_head, of_head * (1 - of_jaw), of_head * of_jaw
    for joint, name in ((3, "left_eyeball"), (4, "right_eyeball")):
        weights[parts[name]] = np.eye(5)[joint]
    return weights


def _head_share(source: Source, carry: sp.csr_array) -> np.ndarray:
    """How much each vertex belongs to the head rather than the shoulders, from MakeHuman's own rig."""
    head, total = np.zeros(len(source.vertices)), np.zeros(len(source.vertices))
    for bone, pairs in source.bone_weights().items():
        share = 1.0 if any(part in bone for part in HEAD_BONES) else NECK_BONES.get(bone, 0.0)
        index = np.array([i for i, _ in pairs], int)
        weight = np.array([w for _, w in pairs])
        np.add.at(head, index, weight * share)
        np.add.at(total, index, weight)
    return np.clip(carry @ np.where(total > 0, head / np.maximum(total, 1e-9), 0), 0, 1)


def joint_regressor(
    template: np.ndarray, targets: np.ndarray, parts: dict[str, np.ndarray], mirror: np.ndarray, of_jaw: np.ndarray
) -> np.ndarray:
    """J_regressor [5,V]: root, neck and jaw from a ring of skin round them, eyes from their balls.

    Args:
        targets: [5,3], where the joints are on the template.
    """
    regressor = np.zeros((5, len(template)))
    skin = parts["skin"]
    for joint, reach in ((0, 0.12), (1, 0.12), (2, 0.10)):
        offset = template[skin] - targets[joint]
        near = (np.linalg.norm(offset, axis=1) < reach) & (np.abs(offset[:, 1]) < 0.03) & (of_jaw[skin] < 0.5)
        candidates = skin[near]
        candidates = candidates[:: max(1, len(candidates) // 300)]
        candidates = np.unique(np.concatenate([candidates, mirror[candidates]]))
        regressor[joint, candidates] = _convex_weights(template[candidates] - targets[joint])
        regressor[joint] = 0.5 * (regressor[joint] + regressor[joint][mirror])
    for joint, name in ((3, "left_eyeball"), (4, "right_eyeball")):
        ball = parts[name]
        A = np.concatenate([template[ball], np.ones((len(ball), 1))], 1)
        regressor[joint, ball] = np.append(targets[joint], 1) @ np.linalg.pinv(A)
    return regressor


def _convex_weights(offset: np.ndarray) -> np.ndarray:
    """Non-negative weights [n], sum 1, whose mean of ``offset`` [n,3] is nearly zero; near vertices count more."""
    distance = np.linalg.norm(offset, axis=1)
    A = np.concatenate([offset.T * 50, np.full((1, len(offset)), 20.0), np.diag(distance * 0.6)])
    weights = scipy.optimize.nnls(A, np.concatenate([np.zeros(3), [20.0], np.zeros(len(offset))]))[0]
    return weights / weights.sum()


def jaw_correctives(
    template: np.ndarray, weights: np.ndarray, jaw: Jaw, jaw_open: np.ndarray, rigid: np.ndarray
) -> np.ndarray:
    """posedirs [36,V,3] with which the jaw at its angle gives exactly ``jaw_open``; nothing for ``rigid`` vertices."""
    share = weights[:, 2, None, None]
    blend = (1 - share) * np.eye(3) + share * jaw.matrix
    rest = jaw_open - weights[:, 2, None] * ((template - jaw.pivot) @ (jaw.matrix - np.eye(3)).T)
    correction = np.linalg.solve(blend, rest[..., None])[..., 0]
    correction[rigid] = 0
    posedirs = np.zeros((36, *template.shape))
    sine = np.sin(jaw.angle)
    posedirs[9 + 7] += correction / (2 * sine)
    posedirs[9 + 5] -= correction / (2 * sine)
    return posedirs


def eye_correctives(
    template: np.ndarray, parts: dict[str, np.ndarray], units: dict[str, np.ndarray], still: np.ndarray
) -> tuple[np.ndarray, dict[str, float]]:
    """posedirs [36,V,3] of the lids under gaze, and the angle in radians of each eyeLook unit (pitch or yaw).

    Args:
        units: displacement [V,3] of the eight eyeLook units. still: vertices that gaze never moves.
    """
    posedirs = np.zeros((36, *template.shape))
    angles: dict[str, float] = {}
    for joint, ball, side in ((3, "left_eyeball", "Left"), (4, "right_eyeball", "Right")):
        points = template[parts[ball]]
        first = 9 * (joint - 1)
        turns = {
            look: rigid_rotation(points, points + units[f"eyeLook{look}{side}"][parts[ball]]) for look in EYE_LOOKS
        }
        pitch = {look: float(np.arctan2(turns[look][2, 1], turns[look][1, 1])) for look in ("Up", "Down")}
        yaw = {look: float(np.arctan2(turns[look][0, 2], turns[look][0, 0])) for look in ("In", "Out")}
        for angle, (plus, minus, cosine) in ((pitch, (7, 5, 4)), (yaw, (2, 6, 0))):
            looks = list(angle)
            sides = np.stack([units[f"eyeLook{look}{side}"] for look in looks])
            sides[:, still] = 0
            waves = np.array([[np.sin(angle[look]), np.cos(angle[look]) - 1] for look in looks])
            of_sine, of_cosine = np.einsum("ij,jvc->ivc", np.linalg.inv(waves), sides)
            posedirs[first + plus] += of_sine / 2
            posedirs[first + minus] -= of_sine / 2
            posedirs[first + cosine] += of_cosine
        angles |= {f"eyeLook{look}{side}": angle for look, angle in {**pitch, **yaw}.items()}
    return posedirs, angles
