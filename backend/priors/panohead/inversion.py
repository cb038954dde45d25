"""The head of one picture: its styles first, then the generator's weights round them (pivotal tuning).

FaceCraft4D section 3.1; Roich et al. (2022) section 3; the steps and rates are those of PanoHead's published projector,
which optimises one style per layer and leaves the noise maps alone.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ...gaussians.perceptual import Perceptual
from ...progress import Reporter
from .camera import label_of, round_the_head
from .chunks import render_in_chunks
from .generator import PanoHeadGenerator, PanoHeadImages
from .inversion_config import InversionConfig
from .rays import pixel_rays

_STYLE_BATCH = 1000  # random heads mapped at once
_MOST_SEED = 2**31


@dataclass(frozen=True)
class InvertedHead:
    """A generator that was bent to one picture.

    Attributes:
        network: the tuned copy, frozen.
        styles: [1,S,w_dim].
        planes: the tri-grid of these styles.
        label: [1,25], the picture's camera, moved to where the generator centres heads.
        raw_size: side of the volume rendering.
    """

    network: PanoHeadGenerator
    styles: Tensor
    planes: Tensor
    label: Tensor
    raw_size: int


class _Likeness:
    """How far a rendered picture is from the artist's."""

    def __init__(self, target: Tensor, perceptual: Perceptual, config: InversionConfig) -> None:
        self._target, self._perceptual, self._config = target, perceptual, config
        self._features = perceptual.features(self._smaller(target))

    def __call__(self, image: Tensor) -> Tensor:
        """Loss of [1,3,H,W] in about -1..1."""
        pixels = (image - self._target).square().mean()
        looks = self._perceptual.distance(self._smaller(image), self._features)
        return self._config.pixel_weight * pixels + self._config.perceptual_weight * looks

    def _smaller(self, image: Tensor) -> Tensor:
        """[H,W,3] 0..1, averaged over areas."""
        small = functional.interpolate(image, size=(self._config.perceptual_size,) * 2, mode="area")
        return (small[0].permute(1, 2, 0) + 1) / 2


def invert(
    network: PanoHeadGenerator,
    target: Tensor,
    label: Tensor,
    config: InversionConfig,
    perceptual: Perceptual,
    *,
    raw_size: int,
    seed: int,
    reporter: Reporter,
) -> InvertedHead:
    """Find the head that looks like ``target`` from the camera ``label``. Deterministic on one machine.

    Args:
        network: on the device to compute on; stays as it is.
        target: [1,3,512,512], -1..1, the background white.
        label: [1,25].
        config: steps and rates.
        perceptual: on the same device.
        raw_size: side of the volume rendering unless ``config`` has another.
        seed: of the noise on the styles and of the samples' jitter.
        reporter: hears of each step and may cancel.
    """
    own = copy.deepcopy(network)
    own.config = replace(own.config, rendering=replace(own.config.rendering, ray_start=config.ray_start))
    task = _Task(own, _Likeness(target, perceptual, config), config, config.raw_size or raw_size, seed, reporter)
    average, spread, shift = _statistics(own, label, config)
    camera = label.clone()
    camera[:, [3, 7, 11]] += shift
    styles = task.fit_styles(average, spread, camera)
    task.tune(styles, camera)
    with torch.no_grad():
        planes = own.planes(styles)
    return InvertedHead(own, styles, planes, camera, task.raw_size)


def _statistics(network: PanoHeadGenerator, label: Tensor, config: InversionConfig) -> tuple[Tensor, float, Tensor]:
    """Of random heads made for the front: the mean style [1,S,w_dim], the spread round it, and the camera's shift
    [1,3] of their mean."""
    latents = np.random.RandomState(config.style_seed).randn(config.style_samples, network.config.z_dim)
    drawn = torch.from_numpy(latents).to(label)
    front = torch.from_numpy(label_of(round_the_head(0.0)))[None].to(label)
    with torch.no_grad():
        lots = [network.styles(lot, front.expand(len(lot), -1)) for lot in drawn.split(_STYLE_BATCH)]
        styles = torch.cat([lot[:, :1] for lot in lots])
        average = styles.mean(0, keepdim=True)
        spread = math.sqrt(float((styles - average).square().sum()) / len(styles))
        shift = network.camera_shift(drawn.mean(0, keepdim=True), label)
    return average.expand(-1, network.backbone.synthesis.styles, -1).contiguous(), spread, shift


class _Task:
    """One inversion: what both its stages share."""

    def __init__(
        self,
        network: PanoHeadGenerator,
        likeness: _Likeness,
        config: InversionConfig,
        raw_size: int,
        seed: int,
        reporter: Reporter,
    ) -> None:
        self._network, self._likeness, self._config = network, likeness, config
        self.raw_size, self._reporter = raw_size, reporter
        self._draws = torch.Generator().manual_seed(seed)
        self._done, self._steps = 0, config.latent_steps + config.tuning_steps

    def fit_styles(self, average: Tensor, spread: float, label: Tensor) -> Tensor:
        """One style per layer [1,S,w_dim], from the average one."""
        config, styles = self._config, average.clone().requires_grad_()
        optimizer = torch.optim.Adam([styles], lr=config.latent_rate)
        scaler = torch.amp.GradScaler(styles.device.type, enabled=styles.is_cuda)
        for step in range(config.latent_steps):
            part = step / config.latent_steps
            optimizer.param_groups[0]["lr"] = config.latent_rate * _ramp(part, config)
            noise = spread * config.noise * max(0.0, 1 - part / config.noise_until) ** 2
            drawn = torch.randn(styles.shape, generator=self._draws).to(styles)
            seen = self._seen(styles + noise * drawn, label)
            loss = self._likeness(seen.image) + config.average_weight * (styles - average).square().mean()
            _improve(optimizer, scaler, loss)
            self._report("looking for the head", seen.image)
        return styles.detach()

    def tune(self, styles: Tensor, label: Tensor) -> None:
        """Bend the network itself to the picture; frozen again afterwards, cancelled or not."""
        config, network = self._config, self._network.requires_grad_(True)
        optimizer = torch.optim.Adam(network.parameters(), lr=config.tuning_rate)
        scaler = torch.amp.GradScaler(styles.device.type, enabled=styles.is_cuda)
        for _ in range(config.tuning_steps):
            seen = self._seen(styles, label)
            _improve(optimizer, scaler, self._likeness(seen.image))
            self._report("making the head like the picture", seen.image)
        network.requires_grad_(False)

    def _seen(self, styles: Tensor, label: Tensor) -> PanoHeadImages:
        seed = int(torch.randint(_MOST_SEED, (), generator=self._draws))
        planes, rays = self._network.planes(styles), pixel_rays(label, self.raw_size)
        seen = render_in_chunks(self._network, planes, rays, self._config.rays_per_chunk, seed)
        return self._network.pictured(styles, seen, self.raw_size)

    def _report(self, message: str, image: Tensor) -> None:
        self._done += 1
        self._reporter.progress(self._done / self._steps, message)
        if self._done % self._config.preview_every == 0:
            shown = (image.detach()[0].permute(1, 2, 0).clamp(-1, 1) + 1) * 127.5
            self._reporter.preview(shown.round().byte().cpu().numpy())


def _ramp(part: float, config: InversionConfig) -> float:
    """0..1: the published learning rate's course over ``part`` 0..1 of the steps."""
    down = 0.5 - 0.5 * math.cos(math.pi * min(1.0, (1 - part) / config.ramp_down))
    return down * min(1.0, part / config.ramp_up)


def _improve(optimizer: torch.optim.Optimizer, scaler: torch.amp.GradScaler, loss: Tensor) -> None:
    """One step. On a GPU the loss is scaled, or gradients of single pixels would vanish in fp16."""
    optimizer.zero_grad(set_to_none=True)
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
