"""Motion templates (``.pkl``): motions of a face without the face, as LivePortrait writes and publishes them.

Twelve come with its repository under the MIT licence (``assets/examples/driving``): they can drive without any clip.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file

from ...errors import AssetError
from ...weights.pickles import PickleKind, UnreadPickle, kept_tensors
from .keypoints import Motion
from .sequence import MotionSequence, estimated_openings, most_neutral

_KIND = PickleKind(layout="motion", folder="motions", most_bytes=64 << 20)
_SHAPES = {"R": (3, 3), "exp": (21, 3), "scale": (1,), "t": (3,)}


def read_template(path: Path) -> MotionSequence:
    """The motion in a template. The pickle is read where it can run nothing (``weights/pickles.py``).

    A template has no keypoints of its own: ``kp`` is zero, which driving does not look at.

    Raises:
        AssetError: ``template.unreadable``, ``template.wrong_contents``.
    """
    try:
        tensors = load_file(kept_tensors(path, _KIND))
    except UnreadPickle as error:
        raise AssetError(
            "template.unreadable",
            f"The motion template {path.name} was not read.",
            cause=error.cause,
            fix="Choose a template that LivePortrait wrote (.pkl).",
        ) from error
    length = len(tensors["exp"])
    shaped = {name: _shaped(tensors[name], (length, *shape), path) for name, shape in _SHAPES.items()}
    frames = Motion(kp=torch.zeros(length, 21, 3), **shaped)
    lip, eyes = estimated_openings(frames.exp)
    if "lip" in tensors and "eyes" in tensors:  # measured ones are surer
        lip, eyes = _shaped(tensors["lip"], (length,), path), _shaped(tensors["eyes"], (length, 2), path)
    return MotionSequence(frames, most_neutral(lip, eyes))


def _shaped(tensor: torch.Tensor, shape: tuple[int, ...], path: Path) -> torch.Tensor:
    """``tensor`` without the file's axes of length 1."""
    if tensor.numel() != torch.Size(shape).numel() or not tensor.isfinite().all():
        raise AssetError(
            "template.wrong_contents",
            f"The motion template {path.name} does not hold what such files hold.",
            cause=f"An array has the size {tuple(tensor.shape)} instead of {shape}, or values that are no numbers.",
            fix="Choose a template that LivePortrait wrote for people (.pkl), not for animals.",
        )
    return tensor.reshape(shape)
