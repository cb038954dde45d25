"""Training of bound Gaussians on one moment per step: the static fit, then COIN. Deterministic on a CPU, resumable."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import torch

from ..artifacts import BoundGaussians, PersonalizedSet
from ..config import ReconstructionConfig
from .appearance import Appearance, make_appearance
from .binding_torch import PosedTriangles, posed_triangles
from .density import extent_of, make_density, offset_slack
from .frames import Frame, TrainingFrames, over
from .losses import needle_penalty, offset_penalty, photometric, psnr, scale_penalty
from .parameters import GaussianParameters
from .perceptual import Perceptual
from .rasterizer import Cameras, Gaussians, RasterOut, rasterize
from .targets import TargetFeatures

_SMOOTHING = 0.05  # of the running loss and PSNR that are shown


class Trainer:
    """All that changes while an avatar is trained, and the step that changes it.

    Args:
        data: the pictures.
        posed: vertices float [V,3] of every pose of ``data``.
        bound: the first Gaussians.
        perceptual: used while COIN runs (section 3.4), on the picture the appearance model names.
        device: where to train; a CPU shows crops one by one, a GPU whole pictures in one call.
    """

    def __init__(
        self,
        data: PersonalizedSet,
        posed: list[np.ndarray],
        bound: BoundGaussians,
        config: ReconstructionConfig,
        perceptual: Perceptual | None = None,
        *,
        device: torch.device | str = "cpu",
    ) -> None:
        self.config = config
        self.device = torch.device(device)
        self.faces, self.posed = data.mesh.faces, posed
        self.views, self.reference = len(data.cameras), data.reference_view
        self.frames = TrainingFrames(data, config.size, self.device, crop=self.device.type == "cpu")
        self.targets = TargetFeatures(perceptual, config) if perceptual and config.perceptual_weight > 0 else None
        self.gaussians = GaussianParameters(bound, self.device)
        self.density = make_density(config.density, extent_of(data.mesh.vertices))
        self._part = data.mesh.part
        self.appearance: Appearance | None = None
        self.step_count = 0
        self.steps_taken = [0, 0]  # of the static fit and of COIN; fewer than planned where a stage ends early
        self.loss, self.psnr, self.mean_offset = math.nan, math.nan, 0.0
        self.rng = np.random.default_rng(config.seed)
        self._triangles: dict[int, PosedTriangles] = {}
        self._slack = self._hair_slack()
        self._make_optimizer()

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
            self._triangles[pose] = posed_triangles(self.posed[pose], rows, self.gaussians.rest_edges, self.device)
        return self._triangles[pose]

    def step(self) -> float:
        """Some views of one moment, one update; returns the loss."""
        if self.in_coin and self.appearance is None:
            self._start_coin()
        self._set_rates()
        config = self.config
        indices = self.frames.draw(self.rng, config.reference_share, config.expression_share, config.views_per_step)
        loss, outs, splats = self._views_loss([self.frames[j] for j in indices])
        loss = loss + self._regularisers()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.steps_taken[self.in_coin] += 1
        self.step_count += 1
        if not self.in_coin:
            self._control_density(outs, splats)
        self.loss = _running(self.loss, float(loss.detach()))
        return float(loss.detach())

    def _control_density(self, outs: list[RasterOut], splats: Gaussians) -> None:
        """In the static fit alone: COIN's features belong to the Gaussians it began with."""
        if self.density is None:
            return
        self.density.observe(outs, splats)
        source = self.density.act(self.step_count, self.gaussians, self.optimizer, self.rng)
        if source is not None:
            self._triangles = {p: PosedTriangles(*(t[source] for t in kept)) for p, kept in self._triangles.items()}
            self._slack = self._hair_slack()

    def _hair_slack(self) -> torch.Tensor:
        slack = offset_slack(self._part, self.gaussians.face, self.config.density.hair_slack)
        return torch.from_numpy(slack).to(self.device)[:, None]

    def end_stage(self) -> None:
        """Leave out the rest of the static fit, or of COIN."""
        self.step_count = self.total_steps if self.in_coin else self.config.static_steps

    def _start_coin(self) -> Appearance:
        """The appearance model of the Gaussians that the static fit leaves."""
        with torch.no_grad():
            places = self.gaussians.posed(self.triangles(0)).means[0]
        appearance = make_appearance(places, self.views, self.reference, self.config.appearance)
        for group in appearance.groups():
            self.optimizer.add_param_group(group)
            self._first_rates.append(self.optimizer.param_groups[-1]["lr"])
        self.appearance = appearance
        return appearance

    def _make_optimizer(self) -> None:
        self.optimizer = torch.optim.Adam(self.gaussians.groups(self.config.rates), eps=1e-15, fused=True)
        self._first_rates: list[float] = [group["lr"] for group in self.optimizer.param_groups]

    def _set_rates(self) -> None:
        fraction = self.step_count / max(1, self.total_steps)
        for group, first in zip(self.optimizer.param_groups, self._first_rates):
            group["lr"] = first * self.config.final_rate**fraction

    def _views_loss(self, frames: list[Frame]) -> tuple[torch.Tensor, list[RasterOut], Gaussians]:
        """Mean over ``frames``, which show one pose; and what was rendered."""
        base = self.gaussians.color
        splats = self.gaussians.posed(self.triangles(frames[0].pose))
        offsets = [self.appearance.offset(f.view, base) if self.appearance else None for f in frames]
        tables = [self._table(base, offset) for offset in offsets]
        absgrad = self.density is not None and self.density.absgrad
        pictures, outs = _render(splats, frames, tables, absgrad=absgrad)
        losses = [self._view_loss(*row) for row in zip(frames, pictures, offsets, strict=True)]
        return torch.stack(losses).mean(), outs, splats

    def _table(self, base: torch.Tensor, offset: torch.Tensor | None) -> torch.Tensor:
        """Colours to draw: c*, and c beside it when both pictures are compared; one pass, they share geometry."""
        if offset is None or self.appearance is None:
            return base
        both = self.targets is not None and self.appearance.has_offsets
        return torch.cat([base + offset, base], 1) if both else base + offset

    def _view_loss(self, frame: Frame, picture: Picture, offset: torch.Tensor | None) -> torch.Tensor:
        image, alpha = picture[0][..., :3], picture[1]
        consistent = picture[0][..., -3:], alpha
        if self.appearance is None or offset is None:
            return self._compare(image, alpha, frame)
        self.mean_offset = float(offset.detach().abs().mean())
        image, alpha = self.appearance.picture(frame.view, image, alpha, frame.window)
        loss = self._compare(image, alpha, frame) + self.appearance.penalty(frame.view, offset)
        if self.targets is None:
            return loss
        seen = (image, alpha) if self.appearance.perceives_own else consistent
        return loss + self.config.perceptual_weight * self.targets.distance(frame, *seen)

    def _compare(self, image: torch.Tensor, alpha: torch.Tensor, frame: Frame) -> torch.Tensor:
        """Photometric loss over a background, and the outline's: premultiplied ``image`` [h,w,3], ``alpha`` [h,w,1]."""
        background = self._background()
        shown, target = image + (1 - alpha) * background, over(frame.rgba, background)
        self.psnr = _running(self.psnr, psnr(shown.detach(), target, frame.rgba[..., 3] > 0.5))
        outline = (alpha - frame.rgba[..., 3:]).abs()
        trust = self.appearance and self.appearance.trust(frame.view, shown, target, frame.window[2])
        if trust is not None:  # both move to the render where the picture is not believed, and so does the gradient
            kept = (1 - trust) * shown.detach()
            shown, target, outline = trust * shown + kept, trust * target + kept, trust * outline
        return photometric(shown, target, self.config.dssim_weight) + self.config.alpha_weight * outline.mean()

    def _regularisers(self) -> torch.Tensor:
        g, config = self.gaussians, self.config
        grown = self.density.penalty(g) if self.density and not self.in_coin else 0.0
        return (
            grown
            + config.offset_weight * offset_penalty(g.moved / self._slack)
            + config.scale_weight * scale_penalty(g.log_scale, g.log_sigma)
            + config.needle_weight * needle_penalty(g.log_scale)
        )

    def _background(self) -> torch.Tensor:
        """White, black or any colour: a Gaussian cannot borrow from a background that changes."""
        u = self.rng.random()
        color = np.ones(3) if u < 0.4 else np.zeros(3) if u < 0.6 else self.rng.random(3)
        return torch.tensor(color, dtype=torch.float32, device=self.device)

    def result(self, view: int | None = None) -> BoundGaussians:
        """The Gaussians as they would ship now, baked for the reference or another view."""
        baked = self.appearance.baked(self.gaussians.color, view) if self.appearance else None
        return self.gaussians.bound(baked)

    def state(self) -> dict[str, Any]:
        """Everything a resumed run needs to go on bit for bit; Adam's part changes with this trainer's next step."""
        return {
            "step": self.step_count,
            "steps_taken": list(self.steps_taken),
            "shown": [self.loss, self.psnr, self.mean_offset],
            "gaussians": self.gaussians.state(),
            "density": self.density and self.density.state(),
            "appearance": self.appearance and {k: v.clone() for k, v in self.appearance.state_dict().items()},
            "optimizer": self.optimizer.state_dict(),
            "rng": self.rng.bit_generator.state,
        }

    def load(self, state: dict[str, Any]) -> None:
        """Go back to what :meth:`state` gave."""
        self.step_count, self.steps_taken = state["step"], list(state["steps_taken"])
        self.loss, self.psnr, self.mean_offset = state["shown"]
        self.gaussians.load(state["gaussians"])
        if self.density is not None:
            self.density.load(state["density"])
        self.appearance = None
        self._triangles.clear()
        self._slack = self._hair_slack()
        self._make_optimizer()
        if state["appearance"] is not None:
            self._start_coin().load_state_dict(state["appearance"])
        self.optimizer.load_state_dict(copy.deepcopy(state["optimizer"]))  # Adam would go on in the state's own tensors
        self.rng.bit_generator.state = state["rng"]


Picture = tuple[torch.Tensor, torch.Tensor]
"""A premultiplied render [h,w,D] and its alpha [h,w,1]."""


def _render(
    splats: Gaussians, frames: list[Frame], tables: list[torch.Tensor], *, absgrad: bool
) -> tuple[list[Picture], list[RasterOut]]:
    """A picture for every frame with its own colours [N,D]: in one call where all have one size."""
    cameras = [Cameras.single(frame.camera, tables[0].device) for frame in frames]
    if len({(camera.width, camera.height) for camera in cameras}) > 1:
        outs = [
            rasterize(splats, camera, colors=table[None], absgrad=absgrad)
            for camera, table in zip(cameras, tables, strict=True)
        ]
        return [(out.image[0, 0], out.alpha[0, 0]) for out in outs], outs
    viewmats, Ks = (torch.cat([getattr(camera, name) for camera in cameras], 1) for name in ("viewmats", "Ks"))
    together = Cameras(viewmats, Ks, cameras[0].width, cameras[0].height)
    out = rasterize(splats, together, colors=torch.stack(tables)[None], absgrad=absgrad)
    return list(zip(out.image[0], out.alpha[0], strict=True)), [out]


def _running(before: float, now: float) -> float:
    return now if math.isnan(before) else before + _SMOOTHING * (now - before)
