"""Stage three: the reference and the frontal views, moved in lockstep by LivePortrait (FaceCraft4D, section 3.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ...artifacts import ClipSet, ViewSet, over_white
from ...gaussians.device import network_device
from ...priors.liveportrait.config import ExpressionClipsConfig
from ...priors.liveportrait.drive import FRAME_BYTES, Appearance, appearance_of, drive, rest_shift
from ...priors.liveportrait.driven_view import DrivenView
from ...priors.liveportrait.files import motion_of_file
from ...priors.liveportrait.networks import LivePortraitNetworks, load_networks
from ...priors.liveportrait.rig import motion_of_rig, rig_controls
from ...priors.liveportrait.sequence import MotionSequence
from ...priors.liveportrait.view_crops import face_in_views
from ...progress import Reporter

_SOURCES, _CLIPS, _FRAMES = 0.02, 0.06, 0.12  # the stage's progress when work on them begins


def expression_clips(views: ViewSet, liveportrait: Path, config: ExpressionClipsConfig, reporter: Reporter) -> ClipSet:
    """Move the reference and the frontal views with every clip; the first moment of a clip is its most neutral one.

    All views get the same change of expression at the same moment and keep their pose. What the face does at the
    moments of a rig clip is known: ``rig_controls(name, config.moments_per_clip)``.

    Args:
        liveportrait: folder of the networks' files (``networks.load_networks``).

    Raises:
        AssetError: ``liveportrait.missing``, ``liveportrait.wrong_contents``, ``template.unreadable``,
            ``template.wrong_contents``.
        PortraitError: ``clip.unreadable``, ``clip.no_face``.
        StageError: ``clip.unknown``.
    """
    device = network_device()
    try:
        return _filmed(views, liveportrait, config, reporter, device)
    finally:
        if device.type == "cuda":
            torch.cuda.empty_cache()  # the networks are gone; the next stage's want their room


def moving_views(views: ViewSet, widest_deg: float) -> np.ndarray:
    """Indices int32 [W] of the views that move: the reference, then the others up to ``widest_deg`` by azimuth."""
    azimuths = [(azimuth + 180) % 360 - 180 for azimuth in views.azimuths_deg]
    frontal = [index for index, azimuth in enumerate(azimuths) if abs(azimuth) <= widest_deg + 1e-3]
    others = sorted((index for index in frontal if index != views.reference), key=lambda index: azimuths[index])
    return np.array([views.reference, *others], np.int32)


@dataclass(frozen=True)
class _Cast:
    """The views that move, the reference first.

    ``shift`` [K,3] brings them to rest; ``still`` [W,3,S,S] is what the networks make of them without any motion.
    """

    views: tuple[DrivenView, ...]
    sources: tuple[Appearance, ...]
    shift: torch.Tensor
    still: np.ndarray

    def pasted(self, frames: np.ndarray, border: float) -> np.ndarray:
        """The views, uint8 [W,S,S,4], with ``frames`` [W,3,S,S] in them."""
        with ThreadPoolExecutor() as pool:  # OpenCV's and numpy's work on pictures runs beside each other
            done = pool.map(lambda view, *pair: view.with_frame(*pair, border), self.views, frames, self.still)
            return np.stack([*done])


def _filmed(
    views: ViewSet, liveportrait: Path, config: ExpressionClipsConfig, reporter: Reporter, device: torch.device
) -> ClipSet:
    reporter.progress(0.0, "loading LivePortrait")
    studio = _Studio(load_networks(liveportrait, device), config, reporter)
    chosen = moving_views(views, config.widest_deg)
    cast = studio.cast(views, chosen)
    clips = studio.clips()
    lengths = [len(motion) for _, motion in clips]
    images = np.zeros((sum(lengths), len(chosen), *views.images.shape[1:]), np.uint8)
    start = 0
    for name, motion in clips:
        studio.film(cast, name, motion, images, start)
        start += len(motion)
    clip = np.repeat(np.arange(len(clips), dtype=np.int32), lengths)
    return ClipSet(images, chosen, clip, tuple(name for name, _ in clips), config.rate)


class _Studio:
    """The networks, and how they are used in this job."""

    def __init__(self, networks: LivePortraitNetworks, config: ExpressionClipsConfig, reporter: Reporter) -> None:
        self._networks, self._config, self._reporter = networks, config, reporter
        on_gpu = networks.device.type == "cuda"
        self._half = config.half_precision and on_gpu
        # a CPU gains nothing from a batch, and the artist's cancel would wait for all of it
        self._memory = config.memory_mb << 20 if on_gpu else FRAME_BYTES

    def cast(self, views: ViewSet, chosen: np.ndarray) -> _Cast:
        """Find the face in the ``chosen`` views and let the networks look at it."""
        self._reporter.progress(_SOURCES, "finding the face in the views")
        pictures = np.stack([over_white(views.images[index]) for index in chosen])
        face = face_in_views(pictures, views.depth[chosen], [views.cameras[index] for index in chosen])
        driven = tuple(DrivenView(views.images[index], crop) for index, crop in zip(chosen, face.crops))
        sources = []
        for view in driven:
            self._reporter.progress(_SOURCES, "reading the views")
            sources.append(appearance_of(self._networks, torch.from_numpy(view.source()), half=self._half))
        own = sources[0].motion
        shift, seen = torch.zeros_like(own.exp[0]), face.landmarks[0]
        if seen is not None:
            shift = rest_shift(self._networks, own, torch.from_numpy(seen[None, :, :2]), self._config.at_rest)
        still = next(
            self._drive(sources, MotionSequence(own, 0), torch.zeros_like(shift), lambda: _SOURCES, "reading the views")
        )
        return _Cast(driven, tuple(sources), shift, still.cpu().numpy())

    def clips(self) -> list[tuple[str, MotionSequence]]:
        """Name and moments of every clip."""
        networks, config = self._networks, self._config
        clips: list[tuple[str, MotionSequence]] = []

        def reading(name: str) -> None:
            part = len(clips) / (len(config.rig_clips) + len(config.files))
            self._reporter.progress(_CLIPS + (_FRAMES - _CLIPS) * part, f"reading the clip '{name}'")

        for name in config.rig_clips:
            reading(name)
            clips.append((name, motion_of_rig(networks, rig_controls(name, config.moments_per_clip))))
        for path in map(Path, config.files):
            reading(path.name)
            clips.append((path.name, motion_of_file(networks, path).sampled(config.moments_per_clip)))
        return clips

    def film(self, cast: _Cast, name: str, motion: MotionSequence, images: np.ndarray, start: int) -> None:
        """Move all views by one clip, into ``images`` [T,W,S,S,4] from moment ``start`` on."""
        moment = start

        def done() -> float:
            return _FRAMES + (1 - _FRAMES) * moment / len(images)

        for frames in self._drive(cast.sources, motion, cast.shift, done, f"moving the views: {name}"):
            images[moment] = cast.pasted(frames.cpu().numpy(), self._config.border)
            self._reporter.preview(over_white(images[moment, 0]))
            moment += 1

    def _drive(
        self,
        sources: Sequence[Appearance],
        motion: MotionSequence,
        shift: torch.Tensor,
        done: Callable[[], float],
        message: str,
    ) -> Iterator[torch.Tensor]:
        """``drive.drive`` that reports, and may be cancelled, before each pass of the networks."""
        return drive(
            self._networks,
            sources,
            motion,
            shift=shift,
            half=self._half,
            memory_bytes=self._memory,
            before_batch=lambda: self._reporter.progress(done(), message),
        )
