"""Fills colours where nothing is known: the smoothest surface through what is known (a membrane on the mesh)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as sla

from .dense import DenseHead, adjacency

STRONGEST = 3.0  # how hard a known value can pull, against 1 for a neighbour
BROAD_ROUNDS = 6  # steps of averaging with the neighbours, which are about four millimetres away


class Membrane:
    """Harmonic interpolation over a part of the head, solved on the once divided mesh and carried to the dense one.

    (The dense mesh would take ten times as long and look the same: a membrane has no detail.)
    """

    def __init__(self, dense: DenseHead, part: np.ndarray) -> None:
        """``part`` bool [Nd]: where values may flow; the rest is cut off."""
        self._up = dense.coarse_operator
        count = self._up.shape[1]
        # dense vertices come level by level, so the first ones are the vertices of the coarse mesh
        graph = adjacency(dense.coarse_faces, count, part[:count])
        self._graph, self._degree = graph, np.asarray(graph.sum(1)).ravel()
        self._laplacian = sp.diags(self._degree) - graph

    def gather(self, values: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weighted means [Nc,K] of dense ``values`` [Nd,K] round each coarse vertex, and the weights' sums [Nc]."""
        total = np.asarray(self._up.T @ weight)
        mean = np.asarray(self._up.T @ (values * weight[:, None])) / np.maximum(total, 1e-9)[:, None]
        return mean, total

    def soften(self, field: np.ndarray) -> np.ndarray:
        """``field`` [Nd] averaged over about two millimetres."""
        mean, _ = self.gather(field[:, None], np.ones(len(field)))
        return np.asarray(self._up @ mean)[:, 0]

    def broad(self, values: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Weighted means of ``values`` [Nd,K] over about a centimetre, float64 [Nd,K]; zero far from any weight."""
        mean, total = self.gather(values, weight)
        sums = np.concatenate([mean * total[:, None], total[:, None]], 1)
        for _ in range(BROAD_ROUNDS):
            sums = (sums + np.asarray(self._graph @ sums) / np.maximum(self._degree, 1)[:, None]) / 2
        return np.asarray(self._up @ (sums[:, :-1] / np.maximum(sums[:, -1:], 1e-9)))

    def fill(self, values: np.ndarray, weight: np.ndarray, strength: float = 1.0) -> np.ndarray:
        """Membrane through ``values`` [Nd,K] where ``weight`` [Nd] says they are known; float64 [Nd,K]."""
        mean, total = self.gather(values, weight)
        pull = strength * np.minimum(total, STRONGEST) * (total > 0.02)
        solve = self._factor(pull)
        anywhere = (mean * pull[:, None]).sum(0) / max(pull.sum(), 1e-9)
        filled = np.stack([solve(pull * mean[:, k] + 1e-6 * anywhere[k]) for k in range(mean.shape[1])], 1)
        return np.asarray(self._up @ filled)

    def _factor(self, pull: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        system = (self._laplacian + sp.diags(pull + 1e-6)).tocsc()
        # the system is symmetric and diagonally dominant: without pivoting it factors a hundred times faster
        options = {"SymmetricMode": True}
        return sla.splu(system, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=options).solve
