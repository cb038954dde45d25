"""Teeth behind this person's lips: identities change lips and teeth apart, so thin lips come to lie on the teeth.

Lips are seen and teeth mostly are not, so the teeth give way: both rows go straight back with their gums and the
tongue, until they have the room that the mean head's have.
"""

from __future__ import annotations

import numpy as np

ROOM = 0.0038
"""Room from the teeth forward to the lips of a neutral face, metres; a mean head that has less keeps what it has.

Measured over random people: with less, a rolled lower lip or a mouth to the side reaches the teeth.
"""
COLUMN = 0.0015
"""A lip's vertex lies before a tooth's that is at most this much higher, lower or to the side, metres."""
INSIDE = 0.008
"""The inside of the mouth belongs to the lips up to here, metres."""


def lips_and_teeth(template: np.ndarray, masks: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Vertex indices of the lips with their inside, and of the teeth; ``template`` [V,3] is the mean head."""
    lips, mouth = np.flatnonzero(masks["lips"]), np.flatnonzero(masks["inner_mouth"] & ~masks["lips"])
    apart = np.linalg.norm(template[mouth][:, None] - template[lips], axis=2)
    inside = mouth[apart.min(1, initial=np.inf) < INSIDE]
    return np.concatenate([lips, inside]), np.flatnonzero(masks["teeth"])


def room(lips: np.ndarray, teeth: np.ndarray) -> float:
    """Least way from ``teeth`` [n,3] straight forward to ``lips`` [m,3], metres; infinite if they nowhere meet."""
    apart = lips[:, None] - teeth
    before = (np.abs(apart[..., :2]) < COLUMN).all(-1)
    return float(apart[..., 2].min(where=before, initial=np.inf))


def set_back(vertices: np.ndarray, template: np.ndarray, masks: dict[str, np.ndarray]) -> None:
    """Move the teeth of ``vertices`` [V,3] behind the lips, in place; in ``template`` [V,3] they are in place."""
    lips, teeth = lips_and_teeth(template, masks)
    wanted = min(ROOM, room(template[lips], template[teeth]))
    has = room(vertices[lips], vertices[teeth])
    if has < wanted:
        vertices[masks["teeth"] | masks["gums"] | masks["tongue"], 2] -= wanted - has
