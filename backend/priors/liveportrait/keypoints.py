"""Implicit keypoints: where head pose and expression put them, and a source that follows a driver's changes.

LivePortrait, equation 2: x = s (x_c R + exp) + t. Coordinates are the feature volume's, -1..1: x to the image's right,
y down, z into the image. Rotations act on row vectors, x @ R.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

import torch

from .sizes import BINS

_BIN_DEGREES, _FIRST_BIN_DEGREES = 3.0, -97.5

Region = Literal["all", "expression"]
"""What a source takes over from a driver: expression with head pose, size and place, or the expression alone."""


@dataclass(frozen=True)
class Motion:
    """The state of B faces. ``kp`` [B,K,3] neutral, facing front; ``R`` [B,3,3]; ``exp`` [B,K,3] displacements after
    rotation; ``scale`` [B,1]; ``t`` [B,3], whose z is not used. All float.
    """

    kp: torch.Tensor
    R: torch.Tensor
    exp: torch.Tensor
    scale: torch.Tensor
    t: torch.Tensor

    def __len__(self) -> int:
        return len(self.kp)

    def __getitem__(self, index: int | torch.Tensor) -> Motion:
        """One face (still with B = 1) or those at the indices [B']."""
        rows = [index] if isinstance(index, int) else index
        return Motion(*(getattr(self, field.name)[rows] for field in fields(self)))

    @classmethod
    def joined(cls, parts: list[Motion]) -> Motion:
        """Several of them as one batch."""
        return cls(*(torch.cat([getattr(part, field.name) for part in parts]) for field in fields(cls)))

    def to(self, device: torch.device) -> Motion:
        return Motion(*(getattr(self, field.name).to(device) for field in fields(self)))

    def keypoints(self) -> torch.Tensor:
        """Where the keypoints are, [B,K,3]."""
        turned = self.kp @ self.R + self.exp
        shift = torch.nn.functional.pad(self.t[:, :2], (0, 1))
        return self.scale[:, None] * turned + shift[:, None]


def angle_degrees(scores: torch.Tensor) -> torch.Tensor:
    """The expected angle of scores [B,66] of bins 3 degrees wide, the first at -97.5: degrees [B]."""
    bins = torch.arange(BINS, dtype=scores.dtype, device=scores.device)
    return scores.softmax(1) @ bins * _BIN_DEGREES + _FIRST_BIN_DEGREES


def rotation_from_degrees(pitch: torch.Tensor, yaw: torch.Tensor, roll: torch.Tensor) -> torch.Tensor:
    """Rotation [B,3,3] for row vectors, (Rz(roll) Ry(yaw) Rx(pitch)) transposed; angles [B,1] in degrees."""
    angles = torch.cat([pitch, yaw, roll], 1).deg2rad()
    (cx, cy, cz), (sx, sy, sz) = angles.cos().unbind(1), angles.sin().unbind(1)
    # the product of the three, written out: row i is the image of axis i
    rows = [
        [cz * cy, sz * cy, -sy],
        [cz * sy * sx - sz * cx, sz * sy * sx + cz * cx, cy * sx],
        [cz * sy * cx + sz * sx, sz * sy * cx - cz * sx, cy * cx],
    ]
    return torch.stack([torch.stack(row, 1) for row in rows], 1)


def follow(source: Motion, frame: Motion, reference: Motion, region: Region) -> Motion:
    """``source`` changed as the driver changed from ``reference`` to ``frame`` (LivePortrait, algorithm 1, relative).

    ``source`` has any B; ``frame`` and ``reference`` have 1 or B. With ``"expression"`` every source keeps its own
    rotation, scale and place: the views of one head stay in their cameras.
    """
    exp = source.exp + (frame.exp - reference.exp)
    if region == "expression":
        return Motion(source.kp, source.R, exp, source.scale, source.t)
    return Motion(
        kp=source.kp,
        R=frame.R @ reference.R.mT @ source.R,
        exp=exp,
        scale=source.scale * (frame.scale / reference.scale),
        t=source.t + (frame.t - reference.t),
    )
