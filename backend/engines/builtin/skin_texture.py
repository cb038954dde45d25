"""Skin: the photo where it was seen, the other side where that was seen, and a plausible guess elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .dense import DenseHead, Sparse
from .light import DARKEST, LUMINANCE
from .membrane import Membrane
from .skin_regions import SkinRegions

OWN_ENOUGH = 0.35  # weight from which the photo alone decides
MIRROR_SHARE = 0.5  # weight of the other side's pixels against one's own
TONE = (0.1, 0.9)  # trust over which the photo's tone comes to be kept
HUE_GUIDE, LIGHT_GUIDE = (0.3, 0.8), (0.05, 0.35)  # and over which its hue and its light come to guide the fill
RIM_SHADE = 0.6  # part of the darkening towards the photo's outline that stays: it shapes the face, but is no colour
SURE = 0.6  # trust from which its fine detail is kept: a grazing view has false tones but true pores
GRAIN = 0.7  # of the known skin's: even noise shows more than pores do
GRAIN_ROUNDS = (2, 8)  # steps of averaging that part one band of the skin's grain from the next
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
    trust = np.minimum(weight + missing * mirrored_weight, 1)
    filled = _fill(base / shade, trust * regions.skin, membrane) * shade
    broad = membrane.broad(base, trust * regions.skin)
    tone = filled + (broad - filled) * _between(trust, TONE)[:, None]
    sure = _between(trust, (0, SURE))[:, None]
    grain = _grain(base, trust, graph, regions, seed)
    return SkinLayer(tone + (base - broad) * sure + grain * (1 - sure), known)


def _fill(base: np.ndarray, trust: np.ndarray, membrane: Membrane) -> np.ndarray:
    """Skin [N,3] where none was seen: the hue of what was seen well, shaded a little like what was seen at all."""
    hue, light = (membrane.fill(base, 3 * _between(trust, ends)) for ends in (HUE_GUIDE, LIGHT_GUIDE))
    darker = (light @ LUMINANCE + DARKEST) / (hue @ LUMINANCE + DARKEST)
    return hue * np.clip(darker, 0, 1)[:, None] ** RIM_SHADE


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


def _grain(base: np.ndarray, trust: np.ndarray, graph: Sparse, regions: SkinRegions, seed: int) -> np.ndarray:
    """Noise [N,1] or [N,3] as strong as the known skin's own fine detail, so that filled skin is not wax."""
    plain = regions.skin & ~regions.lips & (trust > SURE)
    if not plain.any():
        return np.zeros((len(base), 1))
    noise = np.random.default_rng(seed).normal(size=(len(base), 1))
    grain = np.zeros(base.shape)
    for pattern, like in zip(_bands(noise, graph), _bands(base, graph)):
        strength = GRAIN * 1.48 * np.median(np.abs(like[plain]), axis=0)
        grain += pattern / pattern.std() * strength
    return grain


def _bands(values: np.ndarray, graph: Sparse) -> list[np.ndarray]:
    """Detail of ``values`` [N,K] up to one and up to three millimetres, each [N,K]."""
    degree = np.maximum(np.asarray(graph.sum(1)), 1)
    smooth = [values]
    for rounds in GRAIN_ROUNDS:
        mean = smooth[-1]
        for _ in range(rounds):
            mean = (mean + np.asarray(graph @ mean) / degree) / 2
        smooth.append(mean)
    return [fine - coarse for fine, coarse in pairwise(smooth)]


def _between(x: np.ndarray, ends: tuple[float, float]) -> np.ndarray:
    """0 below the first end, 1 above the second, smooth between."""
    t = np.clip((x - ends[0]) / (ends[1] - ends[0]), 0, 1)
    return t * t * (3 - 2 * t)
