"""Dense torch rasterizer: the definition the others are tested against. O(N·H·W) memory; tests only."""

from __future__ import annotations

import torch

from .types import ALPHA_MAX, ALPHA_MIN, EPS2D, FRUSTUM_MARGIN, MAX_SIGMAS, NEAR, TRANSMITTANCE_MIN, ScreenGradients


def _covariance(quats: torch.Tensor, scales: torch.Tensor) -> torch.Tensor:
    """[N,3,3] from wxyz quaternions [N,4] and scales [N,3]."""
    w, x, y, z = torch.nn.functional.normalize(quats, dim=-1).unbind(-1)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    A = torch.stack([torch.stack(row, -1) for row in rows], -2) * scales[:, None, :]
    return A @ A.transpose(1, 2)


def _jacobian(points: torch.Tensor, K: torch.Tensor, width: int, height: int) -> torch.Tensor:
    """[N,2,3] of the projection at camera-space ``points`` [N,3], held constant outside the widened frustum."""
    x, y, z = points.unbind(-1)
    fx, fy, cx, cy = K[0, 0], K[1, 1], K[0, 2], K[1, 2]
    mx, my = FRUSTUM_MARGIN * width / fx, FRUSTUM_MARGIN * height / fy
    tx = z * (x / z).clamp(-(cx / fx + mx), (width - cx) / fx + mx)
    ty = z * (y / z).clamp(-(cy / fy + my), (height - cy) / fy + my)
    zero = torch.zeros_like(z)
    rows = [fx / z, zero, -fx * tx / z**2, zero, fy / z, -fy * ty / z**2]
    return torch.stack(rows, -1).unflatten(-1, (2, 3))


def _keep(gradient: torch.Tensor, order: torch.Tensor, screen: ScreenGradients) -> None:
    """Sum the gradients [N,H,W,2] that pixels send to the splats in depth ``order``."""
    screen.grad[order] = gradient.sum((1, 2)).to(screen.grad)
    if screen.absgrad is not None:
        screen.absgrad[order] = gradient.abs().sum((1, 2)).to(screen.absgrad)


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
    """Same contract as :func:`.cpu.rasterize_one`, in the dtype of ``means``."""
    R = viewmat[:3, :3]
    points = means @ R.T + viewmat[:3, 3]
    z = points[:, 2]
    in_front = z > NEAR
    points = torch.where(in_front[:, None], points, torch.ones_like(points))  # keeps what is dropped free of NaN
    J = _jacobian(points, K, width, height)
    bare = J @ R @ _covariance(quats, scales) @ R.T @ J.transpose(1, 2)
    covariance = bare + EPS2D * torch.eye(2, dtype=means.dtype)
    det = torch.linalg.det(covariance)
    if antialias:
        opacities = opacities * (torch.linalg.det(bare) / det).clamp_min(0).sqrt()
    u = K[0, 0] * points[:, 0] / points[:, 2] + K[0, 2]
    v = K[1, 1] * points[:, 1] / points[:, 2] + K[1, 2]
    means2d = torch.stack([u, v], -1)

    order = torch.argsort(z.detach(), stable=True)
    conics = torch.linalg.inv(covariance)[order, None, None]  # [N,1,1,2,2]
    px = torch.arange(width, dtype=means.dtype) + 0.5
    py = torch.arange(height, dtype=means.dtype) + 0.5
    grid = torch.stack(torch.meshgrid(px, py, indexing="xy"), -1)  # [H,W,2]
    to_pixels = means2d[order, None, None] - grid  # [N,H,W,2]: each pixel's own copy of the position
    if screen is not None and to_pixels.requires_grad:
        to_pixels.register_hook(lambda gradient: _keep(gradient, order, screen))
    d = to_pixels[..., None]
    s = 0.5 * (d.transpose(-1, -2) @ conics @ d)[..., 0, 0]  # [N,H,W]
    alpha = (opacities[order, None, None] * torch.exp(-s)).clamp_max(ALPHA_MAX)
    touched = (alpha.detach() >= ALPHA_MIN) & in_front[order, None, None]
    alpha = torch.where(touched, alpha, torch.zeros_like(alpha))
    after = torch.cumprod(1 - alpha, 0)
    before = torch.cat([torch.ones_like(after[:1]), after[:-1]])
    weight = torch.where(after.detach() > TRANSMITTANCE_MIN, alpha * before, torch.zeros_like(alpha))
    table = torch.cat([colors, z[:, None]], 1) if depth else colors
    image = torch.einsum("nhw,nd->hwd", weight, table[order])
    with torch.no_grad():
        extent = (2 * (opacities / ALPHA_MIN).clamp_min(1).log()).sqrt().clamp_max(MAX_SIGMAS)
        radii = (extent[:, None] * covariance.diagonal(dim1=1, dim2=2).sqrt()).ceil().int() * in_front[:, None]
    return image, weight.sum(0), means2d.detach().float(), radii
