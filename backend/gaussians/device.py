"""Where Gaussians are trained."""

from __future__ import annotations

import importlib.util

import torch


def training_device() -> torch.device:
    """The GPU where there are both an NVIDIA driver and gsplat (extra ``cuda``); otherwise the CPU."""
    ready = torch.cuda.is_available() and importlib.util.find_spec("gsplat") is not None
    return torch.device("cuda" if ready else "cpu")
