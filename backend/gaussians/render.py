"""Pictures of a finished avatar."""

from __future__ import annotations

import numpy as np
import torch

from ..artifacts import Camera, GaussianAvatar, HeadParameters
from ..head.lbs import pose_vertices
from .binding import place
from .rasterizer import Cameras, Gaussians, rasterize


def render_avatar(
    avatar: GaussianAvatar, params: HeadParameters, camera: Camera, background: np.ndarray | None = None
) -> np.ndarray:
    """Render ``avatar`` in a pose.

    Args:
        background: float [3] sRGB 0..1; without it the picture is premultiplied over nothing.

    Returns:
        float32 [H,W,4] premultiplied RGBA; alpha is 1 everywhere when a background was given.
    """
    means, quats, scales = place(avatar.gaussians, pose_vertices(avatar.mesh, params), avatar.mesh.faces)
    arrays = (means, quats, scales, avatar.gaussians.opacity)
    with torch.no_grad():
        g = Gaussians(*(torch.from_numpy(np.ascontiguousarray(a))[None] for a in arrays))
        colors = torch.from_numpy(np.ascontiguousarray(avatar.gaussians.color))[None]
        out = rasterize(g, Cameras.single(camera), colors=colors)
    rgba = np.concatenate([out.image[0, 0].numpy(), out.alpha[0, 0].numpy()], -1)
    if background is None:
        return rgba
    rgba[..., :3] += (1 - rgba[..., 3:]) * np.asarray(background, np.float32)
    rgba[..., 3] = 1.0
    return rgba


def to_uint8(rgb: np.ndarray) -> np.ndarray:
    """float 0..1 to uint8, rounded and clipped."""
    return (np.clip(rgb, 0, 1) * 255 + 0.5).astype(np.uint8)
