"""Colours of everything on the head that is not hair."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...artifacts import Portrait
from ...head.fit_result import HeadFit
from ...head.model import HeadModel
from ...head.normals import vertex_normals
from .creases import soften_creases
from .dense import DenseHead, adjacency, smooth_normals
from .eye_texture import EyeColors, iris_radius, measure_eyes, paint_eye
from .eyelids import FADE_ROWS, Lid, find_lids, paint_lids
from .hair_shell import HairShell
from .light import ambient_openness, lopsided_light
from .mouth_texture import paint_mouth
from .photo_samples import look_at_photo, skin_weight
from .segmentation import Segmentation
from .skin_regions import SkinRegions, find_regions
from .skin_texture import complete_skin


@dataclass(frozen=True)
class PaintedSkin:
    """``colors`` float32 [N,3] sRGB 0..1 and ``importance`` float32 [N] (1 = skin) of the dense vertices."""

    colors: np.ndarray
    importance: np.ndarray


def paint_head(
    portrait: Portrait,
    fit: HeadFit,
    model: HeadModel,
    dense: DenseHead,
    segmentation: Segmentation,
    shell: HairShell | None,
    *,
    neutral: np.ndarray,
    photographed: np.ndarray,
    seed: int = 0,
) -> PaintedSkin:
    """Paint skin, lids, mouth, teeth and eyes.

    Args:
        neutral, photographed: float64 [N,3], dense vertices without expression and as on the photo, both with the skin
            pushed below the hair.
    """
    regions = find_regions(model, dense)
    graph = adjacency(dense.faces, len(neutral))
    facing = smooth_normals(fit.posed_vertices, model.faces, dense)
    samples = look_at_photo(
        portrait, soften_creases(portrait), fit.camera, photographed, facing, dense.faces, graph, shell
    )
    weight = skin_weight(samples, portrait, segmentation, regions.scalp) * regions.skin
    normals = smooth_normals(fit.neutral_vertices, model.faces, dense)
    plain = regions.skin & ~regions.lips & ~regions.scalp & (weight > 0.3)
    colors = samples.colors / lopsided_light(normals, samples.colors, weight * plain)[:, None]
    openness = _openness(fit, model, dense)
    layer = complete_skin(colors, weight, openness, dense, graph, regions, seed)
    lids = find_lids(model, dense, neutral)
    painted = paint_lids(layer, neutral, dense, regions, lids)
    eyes = measure_eyes(portrait)
    painted = paint_mouth(painted, neutral, dense, regions, eyes.light)
    _paint_eyes(painted, eyes, portrait, fit, model, dense, regions, neutral, openness)
    return PaintedSkin(np.clip(painted, 0, 1).astype(np.float32), _importance(regions, lids))


def _openness(fit: HeadFit, model: HeadModel, dense: DenseHead) -> np.ndarray:
    """Part of the sky each dense vertex sees, from the base mesh (occlusion is smooth)."""
    vertices = fit.neutral_vertices
    base = ambient_openness(vertices, vertex_normals(vertices, model.faces), model.faces)
    graph = adjacency(model.faces, len(base))
    for _ in range(2):
        base = 0.5 * base + 0.5 * (graph @ base) / np.asarray(graph.sum(1)).ravel()
    return np.asarray(dense.operator @ base)


def _paint_eyes(
    painted: np.ndarray,
    eyes: EyeColors,
    portrait: Portrait,
    fit: HeadFit,
    model: HeadModel,
    dense: DenseHead,
    regions: SkinRegions,
    neutral: np.ndarray,
    openness: np.ndarray,
) -> None:
    """Paint both eyeballs, in place."""
    radius = iris_radius(portrait, [neutral[ball] for ball in regions.eyeballs], fit.camera)
    for ball, name in zip(regions.eyeballs, ("left_pupil", "right_pupil")):
        light = openness[ball] / max(np.percentile(openness[ball], 99), 1e-3)
        shadow = 0.5 + 0.5 * np.clip(light, 0, 1) ** 0.7
        iris = fit.neutral_vertices[model.masks[name]].mean(0)
        painted[ball] = paint_eye(neutral[ball], iris, shadow, eyes, radius)


def _importance(regions: SkinRegions, lids: tuple[Lid, Lid]) -> np.ndarray:
    """How much detail the eye wants, float32 [N]."""
    importance = np.ones(len(regions.skin), np.float32)
    importance[regions.neck | regions.scalp] = 0.5
    importance[regions.inner_mouth | regions.tongue] = 0.6
    importance[regions.lips | regions.teeth] = 2.0
    for lid in lids:
        importance[lid.row < FADE_ROWS[1]] = 2.5
    importance[regions.eyeballs[0] | regions.eyeballs[1]] = 3.0
    return importance
