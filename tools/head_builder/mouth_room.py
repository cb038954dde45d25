"""Keeps lips in front of the teeth: units and the open jaw are changed where they would push lips through them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

CLEAR = 0.0022
"""Least way that a unit at its full value leaves between teeth and lips of the mean face, metres.

People differ, and several units act at once: what each leaves is shared by them. Where rest has less, all of it stays.
"""
FACIAL = 0.9
"""Vertices of crowns and gums beyond this part of the arch's half axes are its facial side."""
NEAR = 0.008
"""Lip vertices further than this from the teeth are left alone, metres."""
SPREAD = 0.006
"""How far a push reaches through the lip and along it, metres."""
PASSES = 3


@dataclass(frozen=True)
class TeethWall:
    """The facial side of one row: ``points`` [n,3] and horizontal outward ``normals`` [n,3], metres."""

    points: np.ndarray
    normals: np.ndarray


def facial_wall(row: np.ndarray) -> TeethWall:
    """The facial side of the crowns and gums ``row`` [n,3]: an arch round its own ellipse."""
    half_width = np.abs(row[:, 0]).max()
    front, back = row[:, 2].max(), row[:, 2].min()
    across, along = row[:, 0] / half_width, (row[:, 2] - back) / (front - back)
    facial = np.hypot(across, along) > FACIAL
    normal = np.stack([across / half_width, np.zeros(len(row)), along / (front - back)], 1)[facial]
    return TeethWall(row[facial], normal / np.linalg.norm(normal, axis=1, keepdims=True))


def room(lips: np.ndarray, wall: TeethWall) -> tuple[np.ndarray, np.ndarray]:
    """How far [n] each of ``lips`` [n,3] lies in front of the teeth (far ones: inf), and the way out there [n,3]."""
    distance, nearest = (np.asarray(a) for a in KDTree(wall.points).query(lips, k=4))
    normal = wall.normals[nearest].mean(1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    ahead = ((lips[:, None] - wall.points[nearest]) * normal[:, None]).sum(2).min(1)
    return np.where(distance[:, 0] < NEAR, ahead, np.inf), normal


@dataclass(frozen=True)
class Mouth:
    """What must not touch, in one pose of the jaw.

    Attributes:
        lips: int [n], vertices that must be clear. skin: int [m], vertices that may come along.
        walls: the rows of teeth. least: float [n] per wall, the room that must stay.
    """

    lips: np.ndarray
    skin: np.ndarray
    walls: tuple[TeethWall, ...]
    least: tuple[np.ndarray, ...]


def mouth_at(points: np.ndarray, lips: np.ndarray, skin: np.ndarray, walls: tuple[TeethWall, ...]) -> Mouth:
    """The mouth of a pose ``points`` [V,3]; what room it has must stay, up to CLEAR."""
    return Mouth(lips, skin, walls, tuple(np.minimum(CLEAR, room(points[lips], wall)[0]) for wall in walls))


def push_out(moved: np.ndarray, mouth: Mouth) -> np.ndarray:
    """Displacement [V,3] that takes the lips of ``moved`` [V,3] off the teeth, with the skin round them."""
    total = np.zeros_like(moved)
    skin = mouth.skin
    for _ in range(PASSES):
        for wall, least in zip(mouth.walls, mouth.least):
            ahead, normal = room((moved + total)[mouth.lips], wall)
            lack = np.maximum(least - ahead, 0)
            short = lack > 1e-6
            if not short.any():
                continue
            source = (moved + total)[mouth.lips[short]]
            apart = np.linalg.norm((moved + total)[skin][:, None] - source, axis=2)
            share = lack[short] * np.exp(-((apart / SPREAD) ** 2))
            strongest = share.argmax(1)
            total[skin] += share.max(1)[:, None] * normal[short][strongest]
    return total
