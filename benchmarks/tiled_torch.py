"""A tile-based splat renderer in plain torch with autograd: what one writes without kernels. For comparison only."""

from __future__ import annotations

import torch
from torch.nn.functional import normalize

TILE, TILES_AT_ONCE = 16, 8
ALPHA_MIN, ALPHA_MAX, T_MIN, EPS2D, SIGMAS = 1 / 255, 0.999, 1e-4, 0.3, 3.33


def _project(
    means: torch.Tensor, quats: torch.Tensor, scales: torch.Tensor, viewmat: torch.Tensor, K: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Image means [N,2], covariances [N,2,2], depths [N]."""
    R = viewmat[:3, :3]
    x, y, z = (means @ R.T + viewmat[:3, 3]).unbind(-1)
    w, i, j, k = normalize(quats, dim=-1).unbind(-1)
    rows = [
        [1 - 2 * (j * j + k * k), 2 * (i * j - w * k), 2 * (i * k + w * j)],
        [2 * (i * j + w * k), 1 - 2 * (i * i + k * k), 2 * (j * k - w * i)],
        [2 * (i * k - w * j), 2 * (j * k + w * i), 1 - 2 * (i * i + j * j)],
    ]
    axes = torch.stack([torch.stack(row, -1) for row in rows], -2) * scales[:, None, :]
    zero = torch.zeros_like(z)
    J = torch.stack([K[0, 0] / z, zero, -K[0, 0] * x / z**2, zero, K[1, 1] / z, -K[1, 1] * y / z**2], -1)
    A = J.unflatten(-1, (2, 3)) @ R @ axes
    covariance = A @ A.transpose(1, 2) + EPS2D * torch.eye(2)
    return torch.stack([K[0, 0] * x / z + K[0, 2], K[1, 1] * y / z + K[1, 2]], -1), covariance, z


@torch.no_grad()
def _bin(
    means2d: torch.Tensor, covariance: torch.Tensor, opacities: torch.Tensor, depth: torch.Tensor, tiles: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Splat ids sorted by tile then depth [L], first index per tile and count per tile."""
    extent = (2 * torch.log(opacities / ALPHA_MIN).clamp_min(0)).sqrt().clamp_max(SIGMAS)
    reach = (extent[:, None] * covariance.diagonal(dim1=1, dim2=2).sqrt()).ceil()
    low = ((means2d - reach) / TILE).floor().clamp(0, tiles).long()
    high = ((means2d + reach) / TILE).ceil().clamp(0, tiles).long()
    order = torch.argsort(depth, stable=True)
    span = (high - low)[order]
    count = span[:, 0] * span[:, 1]
    ids = torch.repeat_interleave(order, count)
    local = torch.arange(len(ids)) - torch.repeat_interleave(count.cumsum(0) - count, count)
    wide = torch.repeat_interleave(span[:, 0], count)
    tile = (low[ids, 1] + local // wide) * tiles + low[ids, 0] + local % wide
    by_tile = torch.argsort(tile, stable=True)
    per_tile = torch.bincount(tile, minlength=tiles * tiles)
    return ids[by_tile], per_tile.cumsum(0) - per_tile, per_tile


def rasterize_tiled(
    means: torch.Tensor,
    quats: torch.Tensor,
    scales: torch.Tensor,
    opacities: torch.Tensor,
    colors: torch.Tensor,
    viewmat: torch.Tensor,
    K: torch.Tensor,
    size: int,
) -> torch.Tensor:
    """Premultiplied picture [size,size,3]; ``size`` a multiple of 16."""
    means2d, covariance, depth = _project(means, quats, scales, viewmat, K)
    tiles = size // TILE
    ids, first, per_tile = _bin(means2d, covariance, opacities, depth, tiles)
    conic = torch.linalg.inv(covariance)
    inside = torch.stack(torch.meshgrid(torch.arange(TILE), torch.arange(TILE), indexing="xy"), -1).flatten(0, 1) + 0.5
    pictures: list[torch.Tensor] = [torch.zeros(TILE * TILE, 3)] * (tiles * tiles)
    for group in torch.argsort(per_tile).split(TILES_AT_ONCE):
        longest = int(per_tile[group].max())
        if longest == 0:
            continue
        slot = torch.arange(longest)
        present = slot < per_tile[group][:, None]
        g = ids[(first[group][:, None] + slot).clamp_max(len(ids) - 1)]
        corner = torch.stack([group % tiles, group // tiles], -1) * TILE
        d = means2d[g][:, :, None] - (corner[:, None] + inside)[:, None]
        s = 0.5 * torch.einsum("tkpi,tkij,tkpj->tkp", d, conic[g], d)
        alpha = (opacities[g][..., None] * torch.exp(-s)).clamp_max(ALPHA_MAX)
        alpha = torch.where((alpha >= ALPHA_MIN) & present[..., None], alpha, torch.zeros(()))
        after = torch.cumprod(1 - alpha, 1)
        before = torch.cat([torch.ones_like(after[:, :1]), after[:, :-1]], 1)
        weight = torch.where(after > T_MIN, alpha * before, torch.zeros(()))
        for index, picture in zip(group.tolist(), torch.einsum("tkp,tkc->tpc", weight, colors[g])):
            pictures[index] = picture
    grid = torch.stack(pictures).unflatten(0, (tiles, tiles)).unflatten(2, (TILE, TILE))
    return grid.permute(0, 2, 1, 3, 4).reshape(size, size, 3)
