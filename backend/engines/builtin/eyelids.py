"""Eyelids that can close: skin instead of the smear a half-hidden lid gives, with a crease and lashes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from ...head import face_regions as regions_of
from ...head.controls import parameters_from_controls
from ...head.fit_result import HeadFit
from ...head.lbs import pose_vertices
from ...head.model import HeadModel, make_avatar_mesh
from .dense import DenseHead
from .light import LUMINANCE
from .membrane import Membrane
from .skin_regions import SkinRegions
from .skin_texture import SkinLayer

LID_FROM, LID_TO = 0.18, 0.45  # part of the greatest motion in a blink from which, and over which, the photo fades out
LID_TINT = np.array([0.985, 0.955, 0.945])  # lids are a little darker and redder than the skin round them
CREASE, CREASE_WIDTH, CREASE_DEPTH = 0.4, 0.16, 0.16
LASHES_WIDTH, LASHES_DEPTH = 0.0011, 0.72  # metres from the margin
AROUND = 0.032  # metres, the neighbourhood that lends its colour


@dataclass(frozen=True)
class Lid:
    """One eye's lids on the dense head.

    Attributes:
        motion: float64 [N] 0..1, how far a blink moves each vertex.
        margin: float64 [N] metres from the upper lid's margin while the eye is closed.
        middle: [3], head frame, between the lids.
    """

    motion: np.ndarray
    margin: np.ndarray
    middle: np.ndarray


def find_lids(fit: HeadFit, model: HeadModel, dense: DenseHead) -> tuple[Lid, Lid]:
    """(left, right) lids of this person, measured on closed eyes."""
    mesh = make_avatar_mesh(model, fit.neutral_vertices, np.zeros_like(fit.neutral_vertices), joints=fit.joints)
    blink = parameters_from_controls(mesh, {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0})
    closed = pose_vertices(mesh, blink)
    moved = np.linalg.norm(np.asarray(dense.operator @ (closed - fit.neutral_vertices)), axis=1)
    dense_closed = np.asarray(dense.operator @ closed)

    def lid(eye: tuple[int, ...], joint: int, side: int) -> Lid:
        rim = _landmarks(closed, model, eye)
        upper = rim[:9]  # the first nine of the polygon run along the upper lid, corner to corner
        fine = np.linspace(0, 8, 81)
        line = np.stack([np.interp(fine, np.arange(9), upper[:, axis]) for axis in range(3)], 1)
        own = dense_closed[:, 0] * side > 0
        motion = np.where(own, moved, 0)
        return Lid(motion / max(motion.max(), 1e-9), KDTree(line).query(dense_closed)[0], fit.joints[joint])

    return lid(regions_of.LEFT_EYE, 3, 1), lid(regions_of.RIGHT_EYE, 4, -1)


def _landmarks(vertices: np.ndarray, model: HeadModel, which: tuple[int, ...]) -> np.ndarray:
    embedding, index = model.landmarks478, list(which)
    return np.einsum("kc,kcx->kx", embedding.bary[index], vertices[model.faces[embedding.face[index]]])


def paint_lids(
    layer: SkinLayer, neutral: np.ndarray, dense: DenseHead, regions: SkinRegions, lids: tuple[Lid, Lid]
) -> np.ndarray:
    """Refill both upper lids; returns the colours [N,3]. ``neutral``: [N,3] head frame."""
    colors = layer.colors
    for lid in lids:
        near = regions.skin & (np.linalg.norm(neutral - lid.middle - [0, 0, 0.012], axis=1) < AROUND)
        membrane = Membrane(dense, near)
        skin = _from_around(colors, layer.known, lid, near, membrane)
        amount = membrane.soften(np.clip((lid.motion - LID_FROM) / (LID_TO - LID_FROM), 0, 1) * near)
        upper = np.clip((neutral[:, 1] - lid.middle[1] + 0.0005) / 0.002, 0, 1)
        gain = LID_TINT * (1 - _crease(lid) * upper)[:, None]
        colors = colors + (skin * gain - colors) * amount[:, None]
        colors = colors * (1 - _lashes(lid, near))[:, None]
    return colors


def _from_around(colors: np.ndarray, known: np.ndarray, lid: Lid, near: np.ndarray, membrane: Membrane) -> np.ndarray:
    """Skin colour continued over the lid from the well lit, still skin round the eye."""
    luminance = colors @ LUMINANCE
    around = near & (lid.motion < 0.08) & (known > 0.1)
    if not around.any():
        return colors
    bright = luminance > 0.88 * np.median(luminance[around])
    return membrane.fill(colors, (around & bright).astype(np.float64))


def _crease(lid: Lid) -> np.ndarray:
    """The fold above the lid, darkening [N]."""
    return CREASE_DEPTH * np.exp(-(((lid.motion - CREASE) / CREASE_WIDTH) ** 2))


def _lashes(lid: Lid, near: np.ndarray) -> np.ndarray:
    """The line of lashes along the upper margin, darkening [N]."""
    edge = np.clip(1.4 - lid.margin / LASHES_WIDTH, 0, 1)
    return LASHES_DEPTH * edge * near * (lid.motion > 0.5)
