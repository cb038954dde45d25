"""Skin: the photo where it was seen, the other side where that was seen, and a plausible guess elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .dense import DenseHead, Sparse
from .membrane import Membrane
from .skin_regions import SkinRegions

OWN_ENOUGH = 0.35  # weight from which the photo alone decides
MIRROR_SHARE = 0.5  # weight of the other side's pixels against one's own
KNOWN, SURE = 0.08, 0.4  # weights from which a colour guides the fill, and from which it is taken as it is
DARKEST_SHADE, SHADE_POWER = 0.4, 0.5  # how unseen skin is darkened where little of the sky is seen


@dataclass(frozen=True)
class SkinLayer:
    """Skin colours float64 [N,3] and how well each is known, float64 [N]."""

    colors: np.ndarray
    known: np.ndarray


def complete_skin(
    colors: np.ndarray,
    weight: np.ndarray,
    openness: np.ndarray,
    dense: DenseHead,
    graph: Sparse,
    regions: SkinRegions,
    seed: int,
) -> SkinLayer:
    """Complete what the photo shows to the whole skin.

    Args:
        colors: [N,3] evenly lit colours of the photo. weight: [N], 0 off the skin.
        graph: adjacency of the dense mesh.
        openness: [N] part of the sky a vertex sees; shades what the photo does not show.
    """
    membrane = Membrane(dense, regions.skin)
    mirrored, mirrored_weight = _other_side(colors, weight, regions, membrane)
    missing = 1 - np.clip(weight / OWN_ENOUGH, 0, 1)
    borrowed = MIRROR_SHARE * missing * mirrored_weight
    known = weight + borrowed
    base = (colors * weight[:, None] + mirrored * borrowed[:, None]) / np.maximum(known, 1e-6)[:, None]
    shade = np.clip(openness, DARKEST_SHADE, 1)[:, None] ** SHADE_POWER
    guide = 3 * np.clip(known / 0.25, 0, 1) * (known > KNOWN) * regions.skin
    filled = membrane.fill(base / shade, guide) * shade
    sure = _smoothstep(known / SURE)[:, None]
    grain = _grain(base, known, graph, regions, seed)
    return SkinLayer(base * sure + (filled + grain) * (1 - sure), known)


def _other_side(
    colors: np.ndarray, weight: np.ndarray, regions: SkinRegions, membrane: Membrane
) -> tuple[np.ndarray, np.ndarray]:
    """The mirrored colours, brought to this side's light, and their weights.

    The difference of the two sides, where both were seen, is continued smoothly to where only one was: without it a
    seam runs down the forehead.
    """
    mirrored, mirrored_weight = colors[regions.mirror], weight[regions.mirror]
    both = np.minimum(weight, mirrored_weight)
    difference = membrane.fill(colors - mirrored, both, strength=0.3)
    return np.clip(mirrored + difference, 0, 1), mirrored_weight


def _grain(base: np.ndarray, known: np.ndarray, graph: Sparse, regions: SkinRegions, seed: int) -> np.ndarray:
    """Noise [N,1] or [N,3] as strong as the known skin's own fine detail, so that filled skin is not wax."""
    degree = np.maximum(np.asarray(graph.sum(1)), 1)
    mean = np.asarray(graph @ base) / degree
    plain = regions.skin & ~regions.lips & (known > SURE)
    if not plain.any():
        return np.zeros((len(known), 1))
    strength = 1.48 * np.median(np.abs(base - mean)[plain], axis=0)
    generator = np.random.default_rng(seed)
    fine, soft = generator.normal(size=(2, len(known), 1))
    for _ in range(2):
        soft = (soft + np.asarray(graph @ soft) / degree) / 2
    return (0.5 * fine + 1.2 * soft) * strength


def _smoothstep(x: np.ndarray) -> np.ndarray:
    t = np.clip(x, 0, 1)
    return t * t * (3 - 2 * t)
