"""Training of bound Gaussians on one frame per step: the static fit, then COIN. Deterministic on a CPU, resumable."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..artifacts import BoundGaussians, PersonalizedSet
from ..config import ReconstructionConfig
from .appearance import PaperCoin, make_appearance
from .binding_torch import PosedTriangles, posed_triangles
from .frames import Frame, TrainingFrames
from .losses import needle_penalty, offset_penalty, photometric, scale_penalty
from .parameters import GaussianParameters
from .perceptual import Perceptual
from .rasterizer import Cameras, rasterize


class Trainer:
    """All that changes while an avatar is trained, and the step that changes it.

    Args:
        data: the pictures.
        posed: vertices float [V,3] of every pose of ``data``.
        bound: the first Gaussians.
        perceptual: LPIPS or nothing; used on the consistent picture I_C while COIN runs, as the paper does.
    """

    def __init__(
        self,
        data: PersonalizedSet,
        posed: list[np.ndarray],
        bound: BoundGaussians,
        config: ReconstructionConfig,
        perceptual: Perceptual | None = None,
    ) -> None:
        self.config = config
        self.perceptual = perceptual if config.perceptual_weight > 0 else None
        self.faces = data.mesh.faces
        self.posed = posed
        self.frames = TrainingFrames(data, config.size)
        self.gaussians = GaussianParameters(bound)
        self.step_count = 0
        self.rng = np.random.default_rng(config.seed)
        self._triangles: dict[int, PosedTriangles] = {}
        with torch.no_grad():
            places = self.gaussians.posed(self.triangles(0)).means[0]
        self.appearance: PaperCoin = make_appearance(places, len(data.cameras), data.reference_view, config.appearance)
        self.optimizer = torch.optim.Adam(
            [*self.gaussians.groups(config.rates), *self.appearance.groups()], eps=1e-15, fused=True
        )
        self._first_rates = [group["lr"] for group in self.optimizer.param_groups]

    @property
    def total_steps(self) -> int:
        return self.config.static_steps + self.config.coin_steps

    @property
    def in_coin(self) -> bool:
        return self.step_count >= self.config.static_steps

    def triangles(self, pose: int) -> PosedTriangles:
        """The mesh in a pose, for every Gaussian; computed once."""
        if pose not in self._triangles:
            rows = self.faces[self.gaussians.face]
            self._triangles[pose] = posed_triangles(self.posed[pose], rows, self.gaussians.rest_edges)
        return self._triangles[pose]

    def step(self) -> float:
        """One frame, one update; returns the loss."""
        self._set_rates()
        config = self.config
        frame = self.frames[self.frames.draw(self.rng, config.reference_share, config.expression_share)]
        loss = self._frame_loss(frame) + self._regularisers()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.step_count += 1
        return float(loss.detach())

    def _set_rates(self) -> None:
        fraction = self.step_count / max(1, self.total_steps)
        for group, first in zip(self.optimizer.param_groups, self._first_rates):
            group["lr"] = first * self.config.final_rate**fraction

    def _frame_loss(self, frame: Frame) -> torch.Tensor:
        base = self.gaussians.color
        splats = self.gaussians.posed(self.triangles(frame.pose))
        cameras = Cameras.single(frame.camera)
        if not self.in_coin:
            out = rasterize(splats, cameras, colors=base[None])
            return self._compare(out.image[0, 0], out.alpha[0, 0], frame, self._background())
        own = self.appearance.colors(frame.view, base)
        tables = [own] if self.perceptual is None else [own, base]  # I_IC and I_C share one pass
        out = rasterize(splats, cameras, colors=torch.cat(tables, 1)[None])
        alpha, background = out.alpha[0, 0], self._background()
        image, own_alpha = self.appearance.picture(frame.view, out.image[0, 0, ..., :3], alpha, frame.window)
        loss = self._compare(image, own_alpha, frame, background) + self.appearance.penalty(frame.view)
        if self.perceptual is None:
            return loss
        consistent = out.image[0, 0, ..., 3:] + (1 - alpha) * background
        return loss + self.config.perceptual_weight * self.perceptual(consistent, _over(frame.rgba, background))

    def _compare(
        self, image: torch.Tensor, alpha: torch.Tensor, frame: Frame, background: torch.Tensor
    ) -> torch.Tensor:
        """Photometric loss over a background, and the outline's: premultiplied ``image`` [h,w,3], ``alpha`` [h,w,1]."""
        target = _over(frame.rgba, background)
        outline = (alpha - frame.rgba[..., 3:]).abs().mean()
        photo = photometric(image + (1 - alpha) * background, target, self.config.dssim_weight)
        return photo + self.config.alpha_weight * outline

    def _regularisers(self) -> torch.Tensor:
        g, config = self.gaussians, self.config
        return (
            config.offset_weight * offset_penalty(g.moved)
            + config.scale_weight * scale_penalty(g.log_scale, g.log_sigma)
            + config.needle_weight * needle_penalty(g.log_scale)
        )

    def _background(self) -> torch.Tensor:
        """White, black or any colour: a Gaussian cannot borrow from a background that changes."""
        u = self.rng.random()
        color = np.ones(3) if u < 0.4 else np.zeros(3) if u < 0.6 else self.rng.random(3)
        return torch.tensor(color, dtype=torch.float32)

    def result(self) -> BoundGaussians:
        """The Gaussians as they would ship now, appearance baked."""
        return self.gaussians.bound(self.appearance.baked(self.gaussians.color) if self.in_coin else None)

    def state(self) -> dict[str, Any]:
        """Everything a resumed run needs to go on bit for bit."""
        return {
            "step": self.step_count,
            "gaussians": self.gaussians.state(),
            "appearance": {k: v.clone() for k, v in self.appearance.state_dict().items()},
            "optimizer": self.optimizer.state_dict(),
            "rng": self.rng.bit_generator.state,
        }

    def load(self, state: dict[str, Any]) -> None:
        """Go back to what :meth:`state` gave."""
        self.step_count = state["step"]
        self.gaussians.load(state["gaussians"])
        self.appearance.load_state_dict(state["appearance"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.rng.bit_generator.state = state["rng"]


def _over(rgba: torch.Tensor, background: torch.Tensor) -> torch.Tensor:
    return rgba[..., :3] + (1 - rgba[..., 3:]) * background
