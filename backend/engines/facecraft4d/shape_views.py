"""Stage 1 of the engine: PanoHead bent to the portrait and seen from all around (FaceCraft4D section 3.1)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from ...artifacts import ViewSet, over_white
from ...errors import StageError
from ...gaussians.device import network_device
from ...gaussians.perceptual import Perceptual, load_perceptual
from ...priors.panohead.camera import label_of, round_the_head
from ...priors.panohead.checkpoint import load_generator
from ...priors.panohead.generator import PanoHeadGenerator
from ...priors.panohead.inversion import InvertedHead, invert
from ...priors.panohead.orbit import head_view, orbit
from ...priors.panohead.quality import complaints, measure_inversion
from ...progress import PreviewCloud, Reporter
from .prepared import PreparedPortrait
from .shape_views_config import ShapeViewsConfig

_INVERTED = 0.8  # fraction of the stage at which the views begin


def shape_views(prepared: PreparedPortrait, panohead: Path, config: ShapeViewsConfig, reporter: Reporter) -> ViewSet:
    """Views of the portrait's whole head: the orbit, and the artist's own picture as the last view, the reference.

    Args:
        prepared: the portrait in PanoHead's square.
        panohead: its checkpoint.
        config: steps, sizes, limits.
        reporter: hears of every step and may cancel.

    Raises:
        AssetError: the checkpoint's (``priors/panohead/checkpoint.py``), and those of the perceptual network.
        StageError: ``panohead.bad_inversion``: no attempt became a head.
    """
    reporter.progress(0.0, "reading PanoHead")
    device = network_device()
    network, raw_size = load_generator(panohead)
    perceptual = load_perceptual(device, reporter=reporter)
    head = _good_head(network.to(device), raw_size, prepared, perceptual, config, reporter)
    views, azimuths = orbit(head, config.orbit, _Part(reporter, _INVERTED, 1.0))
    own = head_view(head, _label_of(head), config.orbit)
    reporter.progress(1.0)
    return ViewSet(
        images=np.stack([*(view.image for view in views), prepared.image]),
        depth=np.stack([*(view.depth for view in views), own.depth]),
        cameras=(*(view.camera for view in views), own.camera),
        azimuths_deg=(*azimuths, prepared.azimuth_deg),
        reference=len(views),
    )


def _good_head(
    network: PanoHeadGenerator,
    raw_size: int,
    prepared: PreparedPortrait,
    perceptual: Perceptual,
    config: ShapeViewsConfig,
    reporter: Reporter,
) -> InvertedHead:
    """The first inversion that passes the filter."""
    target = torch.from_numpy(over_white(prepared.image)).to(perceptual.device).permute(2, 0, 1)[None] / 127.5 - 1
    label = torch.from_numpy(prepared.label)[None].to(perceptual.device)
    faults: tuple[str, ...] = ()
    for attempt in range(config.attempts):
        part = _Part(reporter, _INVERTED * attempt / config.attempts, _INVERTED * (attempt + 1) / config.attempts)
        head = invert(
            network,
            target,
            label,
            config.inversion,
            perceptual,
            raw_size=raw_size,
            seed=config.seed + attempt,
            reporter=part,
        )
        labels = (_label_of(head), *(label_of(round_the_head(azimuth)) for azimuth in (0.0, 180.0)))
        reference, front, back = (head_view(head, one, config.orbit) for one in labels)
        measures = measure_inversion(prepared.image, reference, front, back, perceptual)
        faults = complaints(measures, config.limits)
        if not faults:
            return head
    raise StageError(
        "panohead.bad_inversion",
        "PanoHead could not make a head of this picture.",
        cause=f"Of the head it made: {'; '.join(faults)}.",
        fix="Use a picture that shows the whole head from the front, sharp and evenly lit, or the built-in engine.",
    )


def _label_of(head: InvertedHead) -> np.ndarray:
    return head.label[0].cpu().numpy()


class _Part:
    """Progress of one part of the stage."""

    def __init__(self, reporter: Reporter, begin: float, end: float) -> None:
        self._reporter, self._begin, self._end = reporter, begin, end

    def progress(self, fraction: float, message: str = "") -> None:
        self._reporter.progress(self._begin + (self._end - self._begin) * fraction, message)

    def preview(self, image: np.ndarray, cloud: PreviewCloud | None = None) -> None:
        self._reporter.preview(image, cloud)
