"""The CPU rasterizer: Numba kernels behind a ``torch.autograd.Function``.

Traps, measured: torch's and Numba's OpenMP threads spin against each other. A process that trains on a CPU should set
``OMP_WAIT_POLICY=PASSIVE`` before importing either and call ``torch.set_num_threads(1)`` (262 -> 45 ms per step).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import torch

from .blending import GEOMETRY_GRADIENTS, blend, blend_backward, sum_intersections
from .projection import project, project_backward
from .tiles import TILE, bin_tiles, depth_order
from .types import ScreenGradients


@dataclass(frozen=True)
class _Scene:
    """One scene under one camera, contiguous float32 numpy."""

    means: np.ndarray
    quats: np.ndarray
    scales: np.ndarray
    opacities: np.ndarray
    viewmat: np.ndarray
    K: np.ndarray
    width: int
    height: int
    antialias: bool

    @property
    def inputs(self) -> tuple[Any, Any, Any, Any, Any, Any, Any, Any, Any]:
        size = np.float32(self.width), np.float32(self.height)
        return self.means, self.quats, self.scales, self.opacities, self.viewmat, self.K, *size, self.antialias


@dataclass(frozen=True)
class _Projected:
    """Splats in the image and in tiles."""

    means2d: np.ndarray
    conics: np.ndarray
    depths: np.ndarray
    alphas: np.ndarray
    radii: np.ndarray
    offsets: np.ndarray
    ids: np.ndarray
    slots: np.ndarray
    groups: np.ndarray
    columns: int

    @property
    def splats(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        return self.means2d, self.conics, self.alphas, self.radii


def _project_and_bin(scene: _Scene) -> _Projected:
    count = len(scene.means)
    means2d, conics = np.zeros((count, 2), np.float32), np.zeros((count, 3), np.float32)
    depths, alphas = np.zeros(count, np.float32), np.zeros(count, np.float32)
    radii = np.zeros((count, 2), np.int32)
    project(*scene.inputs, means2d, conics, depths, alphas, radii)
    columns, rows = -(-scene.width // TILE), -(-scene.height // TILE)
    binned = bin_tiles(depth_order(depths, radii), means2d, radii, columns, rows)
    return _Projected(means2d, conics, depths, alphas, radii, *binned, columns)


def _gradients(
    scene: _Scene,
    splats: _Projected,
    per_splat: tuple[np.ndarray, np.ndarray],
    d_colors: np.ndarray,
    screen: ScreenGradients,
    *,
    depth: bool,
) -> tuple[torch.Tensor, ...]:
    """Sum the gradients of intersections (all of them [L,6+D]; absolute ones [L,2]) per Gaussian, carry them to the
    inputs. ``d_colors`` [N,D] and ``screen`` are filled."""
    count = len(scene.means)
    d_means2d, d_conics = screen.grad.numpy(), np.empty((count, 3), np.float32)
    d_absolutes = np.empty((0, 2), np.float32) if screen.absgrad is None else screen.absgrad.numpy()
    d_alphas = np.empty(count, np.float32)
    sum_intersections(splats.groups, *per_splat, d_means2d, d_absolutes, d_conics, d_alphas, d_colors)
    d_depths = np.ascontiguousarray(d_colors[:, -1]) if depth else np.zeros(count, np.float32)
    d_means, d_quats = np.empty_like(scene.means), np.empty_like(scene.quats)
    d_scales, d_opacities = np.empty_like(scene.scales), np.empty_like(scene.opacities)
    project_backward(
        *scene.inputs, splats.conics, splats.radii, d_means2d, d_conics, d_alphas, d_depths,
        d_means, d_quats, d_scales, d_opacities,
    )  # fmt: skip
    return tuple(torch.from_numpy(a) for a in (d_means, d_quats, d_scales, d_opacities))


def _numpy(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().contiguous().numpy()


class _Rasterize(torch.autograd.Function):
    """means, quats, scales, opacities, colors -> image [H,W,D(+1)], alpha [H,W], means2d [N,2], radii [N,2]."""

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        means, quats, scales, opacities, colors, viewmat, K, width, height, antialias, depth, screen = inputs
        scene = _Scene(
            means=_numpy(means), quats=_numpy(quats), scales=_numpy(scales), opacities=_numpy(opacities),
            viewmat=_numpy(viewmat), K=_numpy(K), width=width, height=height, antialias=antialias,
        )  # fmt: skip
        splats = _project_and_bin(scene)
        table = _numpy(colors)
        if depth:
            table = np.concatenate([table, splats.depths[:, None]], 1)
        image = np.empty((height, width, table.shape[1]), np.float32)
        T = np.empty((height, width), np.float32)
        threads = numba.get_num_threads()
        blend(splats.offsets, splats.ids, *splats.splats, table, splats.columns, threads, TILE, image, T)
        ctx.scene, ctx.splats, ctx.table, ctx.image, ctx.T = scene, splats, table, image, T
        ctx.depth, ctx.screen = depth, screen
        means2d, radii = torch.from_numpy(splats.means2d), torch.from_numpy(splats.radii)
        ctx.mark_non_differentiable(means2d, radii)
        return torch.from_numpy(image), torch.from_numpy(1 - T), means2d, radii

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> tuple[torch.Tensor | None, ...]:
        d_image, d_alpha = grad_outputs[:2]
        scene: _Scene = ctx.scene
        splats: _Projected = ctx.splats
        table: np.ndarray = ctx.table
        screen: ScreenGradients = ctx.screen
        d_splats = np.empty((len(splats.ids), GEOMETRY_GRADIENTS + table.shape[1]), np.float32)
        absolutes = np.empty((0 if screen.absgrad is None else len(splats.ids), 2), np.float32)
        blend_backward(
            splats.offsets, splats.ids, splats.slots, *splats.splats, table, splats.columns, numba.get_num_threads(),
            TILE, ctx.image, ctx.T, _numpy(d_image), -_numpy(d_alpha), d_splats, absolutes,
        )  # fmt: skip
        d_colors = np.empty_like(table)
        inputs = _gradients(scene, splats, (d_splats, absolutes), d_colors, screen, depth=ctx.depth)
        if ctx.depth:
            d_colors = np.ascontiguousarray(d_colors[:, :-1])
        return (*inputs, torch.from_numpy(d_colors), *(None,) * 7)


def rasterize_one(
    means: torch.Tensor,
    quats: torch.Tensor,
    scales: torch.Tensor,
    opacities: torch.Tensor,
    colors: torch.Tensor,
    viewmat: torch.Tensor,
    K: torch.Tensor,
    width: int,
    height: int,
    *,
    antialias: bool,
    depth: bool,
    screen: ScreenGradients | None = None,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """One scene [N,...] under one camera: image [H,W,D] (depth as last channel), alpha [H,W], means2d, radii.

    The backward pass fills ``screen``, contiguous views on the CPU.
    """
    if screen is None:
        screen = ScreenGradients(torch.empty(len(means), 2), None)
    inputs = [t.float() for t in (means, quats, scales, opacities, colors, viewmat, K)]
    return _Rasterize.apply(*inputs, width, height, antialias, depth, screen)  # pyright: ignore[reportReturnType]
