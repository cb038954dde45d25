"""A small avatar on the real head with hair, and GaussianAvatars' formulas written down once more, from the paper."""

import sys
from pathlib import Path

import numpy as np
import pytest
from cameo.backend.artifacts import GaussianAvatar

sys.path[:0] = [str(Path(__file__).parents[1] / "gaussians"), str(Path(__file__).parents[1] / "blender")]

from toy import toy_mesh  # noqa: E402
from toy_avatar import toy_gaussians  # noqa: E402


@pytest.fixture(scope="session")
def avatar() -> GaussianAvatar:
    """3000 splats, a quarter of them on the hair's shell."""
    mesh = toy_mesh()
    return GaussianAvatar(mesh, toy_gaussians(mesh, 3000), np.zeros((1, 1, 3), np.uint8), {})
