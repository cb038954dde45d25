"""A head with colours and hair, and its pictures: skin and solid hair by depth, the hair's soft border over them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...artifacts import Camera
from ...head.mesh_raster import MeshRaster, back_facing, rasterize_mesh
from .hair_shell import HairShell

SOLID, FAINTEST = 0.95, 0.04  # alpha above which hair hides everything, below which it is nothing
INSIDE = 0.55  # brightness of the hair's inner side


BUST_HEIGHT, BUST_AXIS = -0.147, -0.035  # metres, where the bust ends below the neck's axis (x = 0, this z)
BUST_CORNERS, BUST_BOWL = 130.0, 2.5  # 1/m3 and 1/m, how it rises sideways (no sharp shoulders) and backwards
BUST_SOFTNESS = 0.036  # metres, height of the fade


def bust_opacity(vertices: np.ndarray) -> np.ndarray:
    """Opacity float32 [N] of the neutral head: the shoulders fade out instead of ending in a cut edge.

    The cut is nearly level: a shoulder that ended higher than the chest and the back would leave them standing beside
    it as spikes when seen from the side.

    Args:
        vertices: float64 [N,3].
    """
    x, y, z = vertices.T
    behind = np.minimum(z - BUST_AXIS, 0)
    end = BUST_HEIGHT + BUST_CORNERS * x**4 + BUST_BOWL * behind**2
    kept = np.clip((y - end) / BUST_SOFTNESS + 0.5, 0, 1)
    return (kept * kept * (3 - 2 * kept)).astype(np.float32)


@dataclass(frozen=True)
class Picture:
    """A rendered view.

    Attributes:
        rgba: float32 [H,W,4], premultiplied, 0..1.
        depth: float32 [H,W] metres, 0 where empty.
        head: the raster of the head alone (without hair), at ``supersample`` times the size.
        bare: bool, where the head itself is what one sees, at that size.
    """

    rgba: np.ndarray
    depth: np.ndarray
    head: MeshRaster
    bare: np.ndarray


@dataclass(frozen=True)
class PaintedHead:
    """What is rendered.

    Attributes:
        faces: int32 [F,3] of the dense head.
        colors: float32 [N,3] sRGB 0..1 of its vertices.
        opacity: float32 [N], 1 but for the bust, which fades out.
        shell: the hair, or None.
    """

    faces: np.ndarray
    colors: np.ndarray
    opacity: np.ndarray
    shell: HairShell | None

    @cached_property
    def _hair_faces(self) -> tuple[np.ndarray, np.ndarray]:
        """(solid, soft) faces of the shell."""
        assert self.shell is not None
        alpha = self.shell.alpha.ravel()[self.shell.faces]
        solid = (alpha >= SOLID).all(1)
        soft = ~solid & (alpha > FAINTEST).any(1)
        return self.shell.faces[solid], self.shell.faces[soft]

    def render(self, vertices: np.ndarray, camera: Camera, supersample: int, hair_motion: np.ndarray) -> Picture:
        """Render the dense head with posed ``vertices`` [N,3].

        Args:
            hair_motion: float64 [4,4], rigid motion of the neck joint that carries the hair.
        """
        head = rasterize_mesh(vertices, self.faces, camera, supersample=supersample)
        bare = head.face >= 0
        color = np.zeros((*bare.shape, 3), np.float32)
        alpha, depth = np.zeros(bare.shape, np.float32), head.depth.copy()
        color[bare], alpha[bare] = _shade(head, bare, self.faces, self.colors, self.opacity)
        if self.shell is not None:
            hair = self.shell.vertices @ hair_motion[:3, :3].T + hair_motion[:3, 3]
            bare = self._cover(color, alpha, depth, hair, camera, supersample)
        rgba = np.concatenate([color * alpha[..., None], alpha[..., None]], -1)
        return Picture(_shrink(rgba, supersample), _shrink_depth(depth, supersample), head, bare)

    def _cover(
        self,
        color: np.ndarray,
        alpha: np.ndarray,
        depth: np.ndarray,
        hair: np.ndarray,
        camera: Camera,
        supersample: int,
    ) -> np.ndarray:
        """Lay the hair over the head, in place; returns where the head still shows."""
        shell = self.shell
        assert shell is not None
        hair_color, hair_alpha = shell.color.reshape(-1, 3), shell.alpha.ravel()
        bare = alpha > 0
        for faces in self._hair_faces:
            layer = rasterize_mesh(hair, faces, camera, supersample=supersample)
            here = (layer.face >= 0) & ((layer.depth < depth) | (alpha == 0))
            front, opacity = _shade(layer, here, faces, hair_color, hair_alpha)
            front *= _inside_shade(layer.face[here], faces, hair, camera)[:, None]
            mixed = alpha[here] + opacity * (1 - alpha[here])
            blend = (opacity / np.maximum(mixed, 1e-6))[:, None]
            color[here] += (front - color[here]) * blend
            alpha[here] = mixed
            depth[here] = np.where(opacity > 0.5, layer.depth[here], depth[here])
            bare[here] &= opacity < 0.5
        return bare


def _shade(
    raster: MeshRaster, where: np.ndarray, faces: np.ndarray, colors: np.ndarray, alphas: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Interpolated colour [n,3] and alpha [n] of the n pixels ``where``."""
    corners = faces[raster.face[where]]
    bary = raster.bary[where]
    color = np.einsum("nk,nkc->nc", bary, colors[corners])
    alpha = np.ones(len(bary), np.float32) if alphas is None else np.einsum("nk,nk->n", bary, alphas[corners])
    return color, alpha


def _inside_shade(face: np.ndarray, faces: np.ndarray, vertices: np.ndarray, camera: Camera) -> np.ndarray:
    """1 where a face [n] shows its outside, :data:`INSIDE` where one looks at the inner side of the hair."""
    seen, compact = np.unique(face, return_inverse=True)
    corners = vertices[faces[seen]]
    behind = back_facing(corners.reshape(-1, 3), np.arange(3 * len(seen)).reshape(-1, 3), camera)
    return np.where(behind, np.float32(INSIDE), np.float32(1))[compact]


def _shrink(image: np.ndarray, factor: int) -> np.ndarray:
    """Box filter [H*f,W*f,K] -> [H,W,K]."""
    parts = [image[i::factor, j::factor] for i in range(factor) for j in range(factor)]
    return np.add.reduce(parts) / np.float32(factor**2)


def _shrink_depth(depth: np.ndarray, factor: int) -> np.ndarray:
    """The nearest sample of each pixel; 0 where empty."""
    nearest = np.minimum.reduce([depth[i::factor, j::factor] for i in range(factor) for j in range(factor)])
    return np.where(np.isfinite(nearest), nearest, 0).astype(np.float32)
