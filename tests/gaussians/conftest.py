"""The toy data is built once per test run."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from toy import toy_set


@pytest.fixture(scope="session")
def toy():
    """A PersonalizedSet at 64 px."""
    return toy_set(64, 4, surface_level=1)
