"""Bound Gaussians as an optimiser wants them: comparable units, no constraints."""

from __future__ import annotations

import numpy as np
import torch

from ..artifacts import BoundGaussians
from ..config import GaussianRates
from . import binding_fused, binding_torch
from .binding_torch import PosedTriangles
from .rasterizer import Gaussians

_MM = 1e-3


class GaussianParameters:
    """N bound Gaussians in training.

    ``local`` [N,3] is the offset in millimetres along the rest triangle's (t, b, n): one unit means the same length for
    every Gaussian, which (a, b) do not. ``log_scale`` [N,3] of metres, ``rotation`` [N,4], ``logit_opacity`` [N],
    ``color`` [N,3].
    """

    NAMES = ("local", "log_scale", "rotation", "logit_opacity", "color")
    BINDING = ("start", "log_sigma")

    def __init__(self, bound: BoundGaussians, device: torch.device | str = "cpu") -> None:
        self.face, self.rest_edges = bound.face, bound.rest_edges
        length, along, across = _edges(bound.rest_edges, device)
        a, b, h = torch.tensor(bound.offset, device=device).T
        self.local = torch.stack([a * length + b * along, b * across, h], 1).div(_MM)
        self.log_scale = torch.tensor(bound.scale, device=device).log()
        self.rotation = torch.tensor(bound.rotation, device=device)
        self.logit_opacity = torch.logit(torch.tensor(bound.opacity, device=device), eps=1e-4)
        self.color = torch.tensor(bound.color, device=device)
        self.start = self.local.clone()
        self.log_sigma = self.log_scale.amax(1)
        self._to_edges = _to_edges(bound.rest_edges, device)
        for name in self.NAMES:
            getattr(self, name).requires_grad_()

    def __len__(self) -> int:
        return len(self.face)

    def groups(self, rates: GaussianRates) -> list[dict[str, object]]:
        """Parameter groups for Adam."""
        return [{"params": [getattr(self, name)], "lr": getattr(rates, name), "name": name} for name in self.NAMES]

    @property
    def moved(self) -> torch.Tensor:
        """Displacement since the start in units of the Gaussian's first width: [N,3]."""
        return (self.local - self.start) * (_MM / self.log_sigma.exp())[:, None]

    def offset(self) -> torch.Tensor:
        """(a, b, h) [N,3]."""
        x, y, h = self.local.unbind(1)
        xx, xy, yy = self._to_edges.unbind(1)
        return torch.stack([x * xx + y * xy, y * yy, h * _MM], 1)

    def posed(self, triangles: PosedTriangles) -> Gaussians:
        """World Gaussians of one scene [1,N,...]."""
        if self.local.is_cuda:
            placed = binding_torch.place(triangles, self.offset(), self.rotation, self.log_scale.exp())
        else:
            placed = binding_fused.place(triangles, self.offset(), self.rotation, self.log_scale)
        means, quats, scales = placed
        return Gaussians(means[None], quats[None], scales[None], self.logit_opacity.sigmoid()[None])

    def bound(self, color: torch.Tensor | None = None) -> BoundGaussians:
        """The artifact; ``color`` [N,3] replaces the own colours (baked appearance)."""
        with torch.no_grad():
            rotation = torch.nn.functional.normalize(self.rotation, dim=1)
            shown = (self.color if color is None else color).clamp(0, 1)
            tensors = (self.offset(), rotation, self.log_scale.exp(), self.logit_opacity.sigmoid(), shown)
            offset, quats, scale, opacity, rgb = (t.detach().cpu().numpy().astype(np.float32) for t in tensors)
        return BoundGaussians(self.face, offset, self.rest_edges, quats, scale, opacity, rgb)

    def select(self, source: np.ndarray) -> None:
        """Make row k what row ``source[k]`` was, binding included: ``source`` int [M], any M, rows may repeat.

        The trained tensors are new objects afterwards, which an optimiser must be told (:func:`.rearrange.rearrange`).
        """
        index = torch.as_tensor(source, device=self.local.device)
        self.face, self.rest_edges = self.face[source], self.rest_edges[source]
        self._to_edges = self._to_edges[index]
        self._replace({name: getattr(self, name).detach()[index] for name in (*self.NAMES, *self.BINDING)})

    def state(self) -> dict[str, torch.Tensor]:
        """Copies of everything trained, where it started, and what it is bound to."""
        own = {name: getattr(self, name).detach().clone() for name in (*self.NAMES, *self.BINDING)}
        return {**own, "face": torch.tensor(self.face), "rest_edges": torch.tensor(self.rest_edges)}

    def load(self, state: dict[str, torch.Tensor]) -> None:
        """Put back what :meth:`state` gave, whatever its count; the trained tensors are new objects afterwards."""
        device = self.local.device
        self.face, self.rest_edges = state["face"].cpu().numpy(), state["rest_edges"].cpu().numpy()
        self._to_edges = _to_edges(self.rest_edges, device)
        self._replace({name: state[name].to(device, copy=True) for name in (*self.NAMES, *self.BINDING)})

    def _replace(self, tensors: dict[str, torch.Tensor]) -> None:
        for name, value in tensors.items():
            setattr(self, name, value.requires_grad_(name in self.NAMES))


def _edges(rest_edges: np.ndarray, device: torch.device | str) -> torch.Tensor:
    """|e1|, e2.t and e2.b as rows [3,N], none of which may be divided by zero."""
    return torch.tensor(np.maximum(rest_edges, [1e-7, -np.inf, 1e-7])).float().to(device).T


def _to_edges(rest_edges: np.ndarray, device: torch.device | str) -> torch.Tensor:
    """What makes (a, b) of millimetres along (t, b): [N,3]."""
    length, along, across = _edges(rest_edges, device)
    return torch.stack([1 / length, -along / (length * across), 1 / across], 1) * _MM
