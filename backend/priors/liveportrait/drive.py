"""Several views of one head moved in lockstep by one motion (FaceCraft4D, section 3.3).

Every view gets the same change of expression at the same moment and keeps its own pose, so that the frames of one
moment show one head from several cameras. LivePortrait's default ("expression-friendly") does not do that: it
multiplies the change by a factor from the size of the source's keypoints against the driver's, another one for each
view, and the views would smile by different amounts. That factor is not here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch

from .config import AtRest
from .keypoints import Motion, follow
from .networks import LivePortraitNetworks
from .retargeting import eye_openings, lip_opening, retargeted, stitched
from .sequence import MotionSequence

FRAME_BYTES = 400 << 20
"""Memory for one more frame in the published networks, float32 (measured on a CPU: 386 MB for one, 694 MB for two)."""


@dataclass(frozen=True)
class Appearance:
    """A source: ``volume`` [1,C,D,S,S] of features and its own ``motion`` (B = 1)."""

    volume: torch.Tensor
    motion: Motion


def appearance_of(networks: LivePortraitNetworks, image: torch.Tensor, *, half: bool = False) -> Appearance:
    """What :func:`drive` needs of a source image [3,256,256], float 0..1 (``crop.cut``).

    ``half`` as in :func:`drive`. Keypoints are always found in float32: a little noise in them is a tremble.
    """
    batch = image[None].to(networks.device)
    with _precision(networks, half):
        volume = networks.appearance(batch)
    return Appearance(volume, networks.motion.motion(batch))


def rest_shift(
    networks: LivePortraitNetworks, source: Motion, landmarks: torch.Tensor, at_rest: AtRest
) -> torch.Tensor:
    """What brings an open mouth and shut eyes of a source to rest: a change of expression [K,3], zero where both are.

    Changes are relative to the source: on an open mouth every jaw opens too far and no lips meet, and shut eyes cannot
    blink. Upstream closes the lips of such a source first. One view decides for all of them: expressions are added
    after rotation, so that one change fits every view.

    Args:
        source: B = 1. landmarks: [1,478,2] of the same picture.
    """
    points, shift = source.keypoints(), torch.zeros_like(source.exp)
    landmarks = landmarks.to(points)
    lips, eyes = lip_opening(landmarks), eye_openings(landmarks)
    if float(lips) >= at_rest.lips_closed_below:
        shift = shift + retargeted(networks.lip, points, lips, torch.zeros_like(lips))
    if float(eyes.mean()) < at_rest.eyes_open_from:
        shift = shift + retargeted(networks.eye, points, eyes, torch.full_like(lips, at_rest.eyes_open))
    return (shift / source.scale[:, None])[0]


def drive(
    networks: LivePortraitNetworks,
    sources: Sequence[Appearance],
    motion: MotionSequence,
    *,
    shift: torch.Tensor | None = None,
    stitch: bool = False,
    half: bool = False,
    memory_bytes: int = 4 << 30,
    before_batch: Callable[[], None] | None = None,
) -> Iterator[torch.Tensor]:
    """For each moment of ``motion`` the frames of all V sources, in their order.

    Each is [V,3,512,512], float 0..1, on the networks' device, and made when it is asked for.

    Args:
        shift: change of expression [K,3] that every source gets at every moment (:func:`rest_shift`).
        stitch: correct shoulders and border so that a frame can be pasted into the source's picture. Upstream advises
            against it for large motion; views that are used as they are do not need it.
        memory_bytes: how many frames go through the networks at once follows from this; at least one does. The result
            does not depend on it.
        half: compute in float16 where PyTorch's autocast finds that safe, as upstream does on a GPU.
        before_batch: called before each pass of the networks; what it raises ends the driving.
    """
    volumes = torch.cat([source.volume for source in sources])
    still = Motion.joined([source.motion for source in sources])
    unmoved = still.keypoints()
    frames, reference = motion.frames.to(networks.device), motion.reference.to(networks.device)
    resting = still if shift is None else replace(still, exp=still.exp + shift)
    at_once = max(1, memory_bytes // FRAME_BYTES)
    waiting: list[torch.Tensor] = []
    pairs = torch.cartesian_prod(torch.arange(len(motion)), torch.arange(len(sources)))
    for some in pairs.split(at_once):
        time, view = (column.to(networks.device) for column in some.unbind(1))
        moved = follow(resting[view], frames[time], reference, "expression").keypoints()
        if before_batch is not None:
            before_batch()
        with _precision(networks, half):
            waiting += _frames(networks, volumes[view], unmoved[view], moved, stitch).float()
        while len(waiting) >= len(sources):
            yield torch.stack(waiting[: len(sources)])
            del waiting[: len(sources)]


def _frames(
    networks: LivePortraitNetworks, volumes: torch.Tensor, source: torch.Tensor, driven: torch.Tensor, stitch: bool
) -> torch.Tensor:
    """Pictures [B,3,512,512] of ``volumes`` with keypoints moved from ``source`` to ``driven`` [B,K,3]."""
    if stitch:
        driven = stitched(networks.stitching, source, driven)
    return networks.generator(networks.warping(volumes, driven, source).out)


def _precision(networks: LivePortraitNetworks, half: bool) -> torch.autocast:
    return torch.autocast(networks.device.type, torch.float16, enabled=half)
