"""Several views of one head moved in lockstep by one motion (FaceCraft4D, section 3.3).

Every view gets the same change of expression at the same moment and keeps its own pose, so that the frames of one
moment show one head from several cameras. LivePortrait's default ("expression-friendly") does not do that: it
multiplies the change by a factor from the size of the source's keypoints against the driver's, another one for each
view, and the views would smile by different amounts. That factor is not here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from .keypoints import Motion, follow
from .networks import LivePortraitNetworks
from .retargeting import stitched
from .sequence import MotionSequence

FRAME_BYTES = 400 << 20
"""Memory for one more frame in the published networks, float32 (measured on a CPU: 386 MB for one, 694 MB for two)."""


@dataclass(frozen=True)
class Appearance:
    """A source: ``volume`` [1,C,D,S,S] of features and its own ``motion`` (B = 1)."""

    volume: torch.Tensor
    motion: Motion


def appearance_of(networks: LivePortraitNetworks, image: torch.Tensor) -> Appearance:
    """What :func:`drive` needs of a source image [3,256,256], float 0..1 (``crop.cut``)."""
    batch = image[None].to(networks.device)
    return Appearance(networks.appearance(batch), networks.motion.motion(batch))


def drive(
    networks: LivePortraitNetworks,
    sources: Sequence[Appearance],
    motion: MotionSequence,
    *,
    stitch: bool = False,
    memory_bytes: int = 4 << 30,
) -> Iterator[torch.Tensor]:
    """For each moment of ``motion`` the frames of all V sources, in their order.

    Each is [V,3,512,512], float 0..1, on the networks' device, and made when it is asked for.

    Args:
        stitch: correct shoulders and border so that a frame can be pasted into the source's picture. Upstream advises
            against it for large motion; views that are used as they are do not need it.
        memory_bytes: how many frames go through the networks at once follows from this; at least one does. The result
            does not depend on it.
    """
    volumes = torch.cat([source.volume for source in sources])
    still = Motion.joined([source.motion for source in sources])
    at_rest = still.keypoints()
    frames, reference = motion.frames.to(networks.device), motion.reference.to(networks.device)
    at_once = max(1, memory_bytes // FRAME_BYTES)
    waiting: list[torch.Tensor] = []
    pairs = torch.cartesian_prod(torch.arange(len(motion)), torch.arange(len(sources)))
    for some in pairs.split(at_once):
        time, view = (column.to(networks.device) for column in some.unbind(1))
        moved = follow(still[view], frames[time], reference, "expression").keypoints()
        waiting += _frames(networks, volumes[view], at_rest[view], moved, stitch)
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
