"""The diffusion model over all views, in the paper's order (FaceCraft4D sections 3.2 and 6.2).

1. DDIM inversion of every coarse view.
2. The reference passes once along its own inverted path; its keys and values are remembered.
3. The back view is denoised with attention to the reference alone. Reference and back are the anchors.
4. Outward from both: the texture of what is finished is carried to the next view by depth; this picture is inverted
   too, and its latent pasted into the view's at every level of noise, where texture was carried to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import torch

from ...priors.diffusion.attention import MutualAttention, Source
from ...priors.diffusion.ddim import DdimSchedule, Noise, denoise, invert
from ...priors.diffusion.pasting import paste, pasting
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
            coarse = self._inverted_views()
            self._remember_the_reference()
            for turns in rounds(self._turns):
                for chunk in self._chunks(turns):
                    guides = [self._guide(turn, finished) for turn in chunk]
                    changes = self._changes([coarse[turn.view] for turn in chunk], guides)
                    for turn, guide, change in zip(chunk, guides, changes, strict=True):
                        finished[turn.view] = self._finish(self.views[turn.view], guide, change)
        return [finished[index].image for index in range(len(self.views))]

    def _inverted_views(self) -> dict[int, tuple[torch.Tensor, torch.Tensor]]:
        """For every view but the reference its clean latent and that where denoising begins, [C,h,w] each."""
        ends = {}
        for chunk in self._chunks([turn.view for turn in self._turns]):
            path = self._inverted([self.views[index].image for index in chunk])
            ends |= {index: (path[0][place], path[-1][place]) for place, index in enumerate(chunk)}
        return ends

    def _remember_the_reference(self) -> None:
        """Pass the reference; it stays on the path of its inversion, so that what is remembered is itself."""
        path = self._inverted([self.views[self.reference].image])
        self._denoise(path[-1], Source.BATCH, path, torch.ones_like(path[-1][:, 0]))

    def _guide(self, turn: Turn, finished: dict[int, View]) -> Carried | None:
        """The view with the texture of what is finished. An anchor's own pixels go before copies of copies."""
        if not turn.sources:
            return None
        sources = dict.fromkeys((self.reference, self._turns[0].view, *turn.sources))
        here = self.azimuths_deg[turn.view]
        facing = [finished[index] for index in sources if apart(self.azimuths_deg[index], here) < _SEEN_FROM]
        return carry(self.views[turn.view], facing, self.config.warp)

    def _changes(
        self, coarse: Sequence[tuple[torch.Tensor, torch.Tensor]], guides: Sequence[Carried | None]
    ) -> np.ndarray:
        """What the network changes on each guide (on the coarse view where there is none), float32 [B,size,size,3].

        Measured between two decoded pictures, so that the autoencoder's losses are no change: where a latent was
        pasted until the end, the carried texture stays as sharp as it was.
        """
        before, noisy = (torch.stack(each) for each in zip(*coarse, strict=True))
        carried = [guide for guide in guides if guide is not None]
        if not carried:
            after = self._denoise(noisy, Source.MEMORY)
        else:  # only the back view has no guide, and it is in a round of its own
            mask = torch.stack([self._mask(guide.known) for guide in carried]).to(noisy.device)
            path = self._inverted([guide.image for guide in carried])
            before, after = path[0], self._denoise(paste(noisy, path[-1], mask), Source.MEMORY, path, mask)
        change = self.models.decode(after) - self.models.decode(before)
        return change.permute(0, 2, 3, 1).numpy()

    def _mask(self, known: np.ndarray) -> torch.Tensor:
        """Where latents are pasted, float [h,w]."""
        visible = _resized(known, self.config.size) >= _CARRIED
        return torch.from_numpy(soft_mask(visible, self.models.cell, self.config.warp.border))

    def _finish(self, view: View, guide: Carried | None, change: np.ndarray) -> View:
        """Lay ``change`` [size,size,3] over the guide, or over the view itself, inside the view's outline."""
        before = view.image if guide is None else guide.image
        side, alpha = before.shape[0], before[..., 3:]
        change = _resized(change, side) * alpha
        radius = self.config.tone_radius * side
        if radius > 0:
            inside = cv2.GaussianBlur(alpha, (0, 0), radius)[..., None]
            change -= alpha * cv2.GaussianBlur(change, (0, 0), radius) / np.maximum(inside, 1e-3)
        color = np.clip(before[..., :3] + change, 0, alpha)
        self._show(view.image, before, made := np.concatenate([color, alpha], -1))
        return View(made, view.depth, view.camera)

    def _inverted(self, images: Sequence[np.ndarray]) -> list[torch.Tensor]:
        """Latents [B,C,h,w] by level of noise, of premultiplied pictures [H,W,4] over white."""
        pictures = np.stack([_resized(_over_white(image), self.config.size) for image in images])
        latents = self.models.encode(torch.from_numpy(pictures).permute(0, 3, 1, 2))
        return invert(latents, self._noise(Source.NONE), self._schedule, self.config.diffusion.inverted_steps)

    def _denoise(
        self,
        latents: torch.Tensor,
        source: Source,
        path: Sequence[torch.Tensor] | None = None,
        mask: torch.Tensor | None = None,
    ) -> torch.Tensor:
        after = None if path is None or mask is None else pasting(path, mask)
        levels = self.config.diffusion.inverted_steps
        return denoise(latents, self._noise(source), self._schedule, levels, after)

    def _noise(self, source: Source) -> Noise:
        """The network's, which also counts what passes it and can be cancelled between two passes."""
        answer = self.models.noise(self._control, source)
        guided = sum(bool(turn.sources) for turn in self._turns)
        # each view is inverted and denoised, and so is the reference; each guide is inverted
        total = self.config.diffusion.inverted_steps * (2 * len(self.views) + guided)

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
