"""The small networks on keypoints: stitching, and eyes and lips opened as wanted (LivePortrait, section 3.3)."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn

Landmarks = torch.Tensor
"""The face landmarker's 478 points, [B,478,2] pixels of any one scale."""

# The published ratios are defined on LivePortrait's own 203 landmarks; these are the same places among the 478.
EYES = ((159, 145, 33, 133), (386, 374, 362, 263))
"""Upper lid, lower lid and the two corners; the eye on the image's left first."""
LIPS = (13, 14, 61, 291)
"""Upper and lower lip on the inside, and the corners of the mouth."""


class KeypointMlp(nn.Module):
    """Linear layers with ReLU between them, [B,inputs] to [B,outputs]."""

    def __init__(self, inputs: int, hidden: tuple[int, ...], outputs: int) -> None:
        super().__init__()
        widths = [inputs, *hidden, outputs]
        layers: list[nn.Module] = []
        for pair in pairwise(widths):
            layers += [nn.Linear(*pair), nn.ReLU()]
        self.mlp = nn.Sequential(*layers[:-1])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.mlp(x)


def stitched(network: KeypointMlp, source: torch.Tensor, driven: torch.Tensor) -> torch.Tensor:
    """``driven`` keypoints [B,K,3] corrected so that the shoulders and the border stay where ``source`` [B,K,3] has
    them: a displacement for each keypoint and one in the image plane for all.
    """
    change = network(torch.cat([source.flatten(1), driven.flatten(1)], 1))
    own = change[:, :-2].unflatten(1, (-1, 3))
    shared = torch.nn.functional.pad(change[:, -2:], (0, 1))
    return driven + own + shared[:, None]


def retargeted(network: KeypointMlp, source: torch.Tensor, *ratios: torch.Tensor) -> torch.Tensor:
    """Displacements [B,K,3] that bring ``source`` [B,K,3] from its opening to a wanted one.

    Args:
        network: the lips' or the eyes'.
        ratios: the source's own (:func:`lip_opening` [B,1] or :func:`eye_openings` [B,2]), then the wanted one [B,1].
    """
    return network(torch.cat([source.flatten(1), *ratios], 1)).unflatten(1, (-1, 3))


def eye_openings(landmarks: Landmarks) -> torch.Tensor:
    """Height over width of both eyes, the one on the image's left first: [B,2]."""
    return torch.cat([_ratio(landmarks, *eye) for eye in EYES], 1)


def lip_opening(landmarks: Landmarks) -> torch.Tensor:
    """Height of the gap between the lips over the width of the mouth: [B,1]."""
    return _ratio(landmarks, *LIPS)


def _ratio(points: torch.Tensor, upper: int, lower: int, one: int, other: int) -> torch.Tensor:
    height = torch.linalg.vector_norm(points[:, upper] - points[:, lower], dim=1, keepdim=True)
    width = torch.linalg.vector_norm(points[:, one] - points[:, other], dim=1, keepdim=True)
    return height / (width + 1e-6)
