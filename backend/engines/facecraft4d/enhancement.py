"""The diffusion model over all views, in the paper's order (FaceCraft4D sections 3.2 and 6.2).

1. The reference passes once along its own inverted path; its keys and values are remembered.
2. The back view is inverted and denoised with attention to the reference alone. Reference and back are the anchors.
3. Outward from both: the texture of what is finished is carried to the next view by depth, over the coarse view, which
   goes over to the same tone. This picture, the *guide*, is inverted and denoised; where texture was carried to, its
   own latents are pasted at every level of noise.

The paper inverts the coarse view and pastes the guide's latents into it. Ours begins with the guide: it is the coarse
view where nothing is carried, and no seam of tone stands between the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import torch

from ...priors.diffusion.attention import MutualAttention, Source
from ...priors.diffusion.ddim import DdimSchedule, Noise, denoise, invert
from ...priors.diffusion.pasting import pasting
from ...priors.diffusion.processor import mutual_self_attention
from ...priors.diffusion.sdxl import DiffusionModels
from ...priors.warp.mask import soft_mask
from ...priors.warp.orbit import Carried, carry
from ...priors.warp.order import Turn, apart, order_of_views, rounds
from ...priors.warp.reproject import View
from ...progress import Reporter
from .consistent_views_config import ConsistentViewsConfig

_CARRIED = 0.5  # share of a pixel that must come from other views for its latent to be pasted
_SEEN_FROM = 120.0  # degrees apart from which two views of a head show nothing in common


@dataclass
class Enhancement:
    """One run over the views.

    Attributes:
        views: coarse; the reference among them.
        azimuths_deg, reference: as in :class:`~cameo.backend.artifacts.ViewSet`.
    """

    views: Sequence[View]
    azimuths_deg: Sequence[float]
    reference: int
    models: DiffusionModels
    config: ConsistentViewsConfig
    reporter: Reporter
    _control: MutualAttention = field(init=False)
    _schedule: DdimSchedule = field(init=False)
    _turns: tuple[Turn, ...] = field(init=False)
    _passed: int = 0

    def __post_init__(self) -> None:
        diffusion = self.config.diffusion
        if self.config.size % self.models.cell:
            raise ValueError(f"pictures of {self.config.size} pixels do not divide into cells of {self.models.cell}")
        self._control = MutualAttention(diffusion.start_step, diffusion.start_layer)
        self._schedule = DdimSchedule(diffusion.steps)
        self._turns = order_of_views(self.azimuths_deg, self.reference)

    def run(self) -> list[np.ndarray]:
        """Premultiplied float32 [H,W,4] of each view, with the coarse view's alpha; the reference as it was."""
        finished = {self.reference: self.views[self.reference]}
        with self.models.at_work(), mutual_self_attention(self.models.unet, self._control):
            self._remember_the_reference()
            for turns in (self._turns[:1], *rounds(self._turns[1:])):
                for chunk in self._chunks(turns):
                    guides = [self._guide(turn, finished) for turn in chunk]
                    for turn, guide, change in zip(chunk, guides, self._changes(guides), strict=True):
                        finished[turn.view] = self._finish(self.views[turn.view], guide.image, change)
        return [finished[index].image for index in range(len(self.views))]

    def _remember_the_reference(self) -> None:
        """Pass the reference; it stays on the path of its inversion, so that what is remembered is itself."""
        path = self._inverted([self.views[self.reference].image])
        self._denoised(path, Source.BATCH, torch.ones(path[0][:, 0].shape))

    def _guide(self, turn: Turn, finished: dict[int, View]) -> Carried:
        """The view with the texture of what is finished. An anchor's own pixels go before copies of copies."""
        anchors = (self.reference, self._turns[0].view) if turn.sources else ()
        here = self.azimuths_deg[turn.view]
        facing = [
            finished[index]
            for index in dict.fromkeys((*anchors, *turn.sources))
            if apart(self.azimuths_deg[index], here) < _SEEN_FROM
        ]
        return carry(self.views[turn.view], facing, self.config.warp)

    def _changes(self, guides: Sequence[Carried]) -> np.ndarray:
        """What the network changes on each guide, float32 [B,size,size,3].

        Measured between two decoded pictures, so that the autoencoder's losses are no change: where a latent was
        pasted until the end, the carried texture stays as sharp as it was.
        """
        path = self._inverted([guide.image for guide in guides])
        mask = torch.stack([self._mask(guide.known) for guide in guides])
        change = self.models.decode(self._denoised(path, Source.MEMORY, mask)) - self.models.decode(path[0])
        return change.permute(0, 2, 3, 1).numpy()

    def _mask(self, known: np.ndarray) -> torch.Tensor:
        """Where latents are pasted, float [h,w]."""
        visible = _resized(known, self.config.size) >= _CARRIED
        return torch.from_numpy(soft_mask(visible, self.models.cell, self.config.warp.border))

    def _finish(self, view: View, guide: np.ndarray, change: np.ndarray) -> View:
        """Lay ``change`` [size,size,3] over the guide [H,W,4], inside the outline."""
        side, alpha = guide.shape[0], guide[..., 3:]
        change = _resized(change, side) * alpha
        radius = self.config.tone_radius * side
        if radius > 0:
            inside = cv2.GaussianBlur(alpha, (0, 0), radius)[..., None]
            change -= alpha * cv2.GaussianBlur(change, (0, 0), radius) / np.maximum(inside, 1e-3)
        made = np.concatenate([np.clip(guide[..., :3] + change, 0, alpha), alpha], -1)
        self._show(view.image, guide, made)
        return View(made, view.depth, view.camera)

    def _inverted(self, images: Sequence[np.ndarray]) -> list[torch.Tensor]:
        """Latents [B,C,h,w] by level of noise, of premultiplied pictures [H,W,4] over white."""
        pictures = np.stack([_resized(_over_white(image), self.config.size) for image in images])
        latents = self.models.encode(torch.from_numpy(pictures).permute(0, 3, 1, 2))
        return invert(latents, self._noise(Source.NONE), self._schedule, self.config.diffusion.inverted_steps)

    def _denoised(self, path: Sequence[torch.Tensor], source: Source, mask: torch.Tensor) -> torch.Tensor:
        """From the end of ``path`` back to clean latents [B,C,h,w], on the path where ``mask`` [B,h,w] says so."""
        levels = self.config.diffusion.inverted_steps
        return denoise(path[-1], self._noise(source), self._schedule, levels, pasting(path, mask.to(path[0])))

    def _noise(self, source: Source) -> Noise:
        """The network's, which also counts what passes it and can be cancelled between two passes."""
        answer = self.models.noise(self._control, source)
        total = 2 * self.config.diffusion.inverted_steps * len(self.views)  # up and down again

        def noise(latent: torch.Tensor, timestep: int, step: int) -> torch.Tensor:
            self.reporter.progress(self._passed / total, "inverting" if source is Source.NONE else "denoising")
            self._passed += len(latent)
            return answer(latent, timestep, step)

        return noise

    def _chunks(self, items: Sequence) -> Iterator[Sequence]:
        length = self.models.views_at_once(self.config.size, self.config.memory_gb)
        return (items[start : start + length] for start in range(0, len(items), length))

    def _show(self, *images: np.ndarray) -> None:
        """Coarse view, guide and result side by side."""
        row = np.concatenate([_over_white(image) for image in images], 1)
        self.reporter.preview(np.round(np.clip(row, 0, 1) * 255).astype(np.uint8))


def _over_white(image: np.ndarray) -> np.ndarray:
    """float [H,W,3] of a premultiplied picture 0..1."""
    return image[..., :3] + (1 - image[..., 3:])


def _resized(picture: np.ndarray, size: int) -> np.ndarray:
    """float [size,size,...]."""
    smaller = size < picture.shape[0]
    return cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
