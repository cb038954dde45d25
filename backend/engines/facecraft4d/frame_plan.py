"""Which generated pictures become frames, and which of them are kept for measuring."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...artifacts import ClipSet, ViewSet
from .tracking_config import ViewTrackingConfig

NEUTRAL, STILL, FIRST_MOMENT = 0, 1, 2
"""Poses: the first that no picture shows, that of the still views, that of the first moment."""
MAY_BE_OFF = 20.0  # degrees that a view may lie beside the azimuth that is asked for
SHORTEST = 5  # moments of a clip whose end can be kept for measuring


@dataclass(frozen=True)
class FramePlan:
    """Frames of a PersonalizedSet: first still views, then the clips' pictures.

    Attributes:
        still: int [A], views. driven: int [B,2], moment and place among the clips' views.
        view, pose: int32 [A+B]. The clips' pictures of the reference view have a view of their own, the last: they
            are generated, and the artist's picture is not.
        held_out: bool [A+B].
        views: how many views there are.
    """

    still: np.ndarray
    driven: np.ndarray
    view: np.ndarray
    pose: np.ndarray
    held_out: np.ndarray
    views: int

    @property
    def trained_still(self) -> np.ndarray:
        """Int [n], still views that are trained on."""
        return self.still[~self.held_out[: len(self.still)]]


def plan_frames(
    views: ViewSet, clips: ClipSet, still_good: np.ndarray, driven_good: np.ndarray, config: ViewTrackingConfig
) -> FramePlan:
    """Take what is good.

    Some views with all that they show, and the end of every clip, are held out; of those no more than
    ``config.held_out_frames`` are kept.

    Args:
        still_good: bool [V]. driven_good: bool [T,W].
    """
    kept_views = _held_out_views(views, config)
    still = np.flatnonzero(still_good)
    driven = np.argwhere(driven_good)
    held_still = np.isin(still, kept_views)
    held_driven = np.isin(clips.views[driven[:, 1]], kept_views) | _at_the_end(clips, config)[driven[:, 0]]
    room = max(0, config.held_out_frames - int(held_still.sum()))
    chosen = np.flatnonzero(held_driven)
    measured = chosen[np.unique(np.linspace(0, len(chosen) - 1, min(room, len(chosen))).astype(int))]
    keep = ~held_driven
    keep[measured] = True
    driven, held_driven = driven[keep], held_driven[keep]
    count = len(views.images)
    own_view = clips.views[driven[:, 1]]
    of_reference = own_view == views.reference
    return FramePlan(
        still=still,
        driven=driven,
        view=np.concatenate([still, np.where(of_reference, count, own_view)]).astype(np.int32),
        pose=np.concatenate([np.full(len(still), STILL), FIRST_MOMENT + driven[:, 0]]).astype(np.int32),
        held_out=np.concatenate([held_still, held_driven]),
        views=count + int(of_reference.any()),
    )


def _held_out_views(views: ViewSet, config: ViewTrackingConfig) -> list[int]:
    """The views nearest to the azimuths that are asked for; never the reference."""
    turns, chosen = np.array(views.azimuths_deg), []
    for wanted in config.held_out_azimuths_deg:
        away = np.abs((turns - wanted + 180) % 360 - 180)
        away[[views.reference, *chosen]] = np.inf
        if away.min() <= MAY_BE_OFF:
            chosen.append(int(away.argmin()))
    return chosen


def _at_the_end(clips: ClipSet, config: ViewTrackingConfig) -> np.ndarray:
    """bool [T], moments at the end of their clip."""
    last = np.zeros(len(clips.clip), bool)
    for clip in np.unique(clips.clip):
        moments = np.flatnonzero(clips.clip == clip)
        if config.held_out_end > 0 and len(moments) >= SHORTEST:
            last[moments[-max(1, round(config.held_out_end * len(moments))) :]] = True
    return last
