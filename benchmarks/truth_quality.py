"""How near Gaussians come to pictures that nobody trained on, over mid grey."""

from __future__ import annotations

import numpy as np
import torch
from cameo.backend.artifacts import BoundGaussians, GaussianAvatar, PersonalizedSet
from cameo.backend.gaussians.losses import psnr, ssim_map
from cameo.backend.gaussians.render import render_avatar
from cameo.backend.metrics.perceptual import load_metric
from torch.nn.functional import max_pool2d

_BACKGROUND = 0.45
_EDGE = 2  # pixels of the outline that sharpness leaves out


class TruthQuality:
    """The held-out pictures of ``data``, and the mean figures of Gaussians on them."""

    def __init__(self, data: PersonalizedSet) -> None:
        self.data = data
        self.metric = load_metric()
        self.frames = np.flatnonzero(data.held_out)
        self.truth = [self.flat(data.images[m]) for m in self.frames]

    def flat(self, image: np.ndarray) -> np.ndarray:
        """float32 [H,W,3] of a premultiplied uint8 [H,W,4]."""
        rgba = image.astype(np.float32) / 255
        return rgba[..., :3] + _BACKGROUND * (1 - rgba[..., 3:])

    def render(self, gaussians: BoundGaussians, i: int) -> np.ndarray:
        """float32 [H,W,3] 0..1 of the ``i``-th held-out picture."""
        data, m = self.data, self.frames[i]
        avatar = GaussianAvatar(data.mesh, gaussians, np.zeros((1, 1, 3), np.uint8), {})
        pose, camera = data.poses[data.pose_index[m]], data.cameras[data.view_index[m]]
        return np.clip(render_avatar(avatar, pose, camera, np.full(3, _BACKGROUND))[..., :3], 0, 1)

    def __call__(self, gaussians: BoundGaussians) -> dict[str, float]:
        """PSNR (dB) and SSIM on the person, perceptual distance, sharpness: edge energy over the truth's."""
        rows = [self._figures(self.render(gaussians, i), i) for i in range(len(self.frames))]
        names = ("psnr", "ssim", "perceptual", "sharpness")
        return {name: round(float(value), 4) for name, value in zip(names, np.mean(rows, 0), strict=True)}

    def _figures(self, render: np.ndarray, i: int) -> tuple[float, float, float, float]:
        image, truth = torch.from_numpy(render), torch.from_numpy(self.truth[i])
        alpha = torch.from_numpy(self.data.images[self.frames[i]][..., 3])
        person = alpha > 127
        perceptual = self.metric.distance(render, self.truth[i])
        inner = -max_pool2d(-(alpha == 255).float()[None, None], 2 * _EDGE + 1, 1, _EDGE)[0, 0, 1:-1, 1:-1]
        sharpness = float((_edges(image) * inner).sum() / (_edges(truth) * inner).sum())
        return psnr(image, truth, person), float(ssim_map(image, truth)[person].mean()), perceptual, sharpness


def _edges(image: torch.Tensor) -> torch.Tensor:
    """Squared Laplacian [H-2,W-2] of a picture [H,W,3]."""
    middle = image[1:-1, 1:-1]
    around = image[:-2, 1:-1] + image[2:, 1:-1] + image[1:-1, :-2] + image[1:-1, 2:]
    return (4 * middle - around).square().sum(-1)
