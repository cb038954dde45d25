"""Where networks compute and Gaussians are trained."""

from __future__ import annotations

import importlib.util

import torch


def network_device() -> torch.device:
    """The GPU where torch sees one; otherwise the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def training_device() -> torch.device:
    """The same, but the CPU without gsplat (extra ``cuda``), which draws Gaussians on a GPU."""
    return network_device() if importlib.util.find_spec("gsplat") is not None else torch.device("cpu")
