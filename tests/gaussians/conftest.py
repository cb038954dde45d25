"""The toy data is built once per test run; threads are set as a training process sets them."""

# ruff: noqa: E402

import sys
from pathlib import Path

from cameo.backend.pipeline.threads import calm_threads

calm_threads()

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))

from toy import toy_set


@pytest.fixture(scope="session", autouse=True)
def one_torch_thread():
    """Beside Numba torch computes on one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def toy():
    """A PersonalizedSet at 64 px."""
    return toy_set(64, 4, surface_level=1)
