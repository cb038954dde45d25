"""Changing which Gaussians there are while an optimiser holds them: rows go, repeat or move, and Adam follows."""

from __future__ import annotations

import numpy as np
import torch

from .parameters import GaussianParameters


def rearrange(
    gaussians: GaussianParameters, optimizer: torch.optim.Optimizer, source: np.ndarray, fresh: np.ndarray
) -> None:
    """Make row k of ``gaussians`` what row ``source[k]`` was, and let the optimiser go on with it.

    Args:
        optimizer: has the groups of :meth:`GaussianParameters.groups`; other groups are left alone.
        source: int [M], rows may repeat.
        fresh: bool [M]: this row starts with empty moments; the others keep those of their source.
    """
    gaussians.select(source)
    index = torch.as_tensor(source, device=gaussians.local.device)
    anew = torch.as_tensor(fresh, device=gaussians.local.device)
    for group in optimizer.param_groups:
        if group.get("name") not in gaussians.NAMES:
            continue
        (before,) = group["params"]
        now = getattr(gaussians, group["name"])
        moments = optimizer.state.pop(before, {})
        for key, value in moments.items():
            if value.ndim:  # the count of steps has no dimension, and is everybody's
                moments[key] = value[index]
                moments[key][anew] = 0
        group["params"] = [now]
        if moments:
            optimizer.state[now] = moments


def spare_one_per_face(face: np.ndarray, opacity: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """``keep`` bool [N], and the most opaque Gaussian of every triangle that would lose its last (GaussianAvatars).

    Args:
        face: int [N], the triangle of each Gaussian. opacity: [N].
    """
    orphans = np.flatnonzero(~np.isin(face, face[keep]))
    orphans = orphans[np.lexsort((-opacity[orphans], face[orphans]))]
    _, first = np.unique(face[orphans], return_index=True)
    spared = keep.copy()
    spared[orphans[first]] = True
    return spared
