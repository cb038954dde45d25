"""A release of a toy Cameo: real wheels, a real lock, no download."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # toy_release

from toy_release import ToyRelease


@pytest.fixture
def release(tmp_path) -> ToyRelease:
    return ToyRelease(tmp_path / "release")


@pytest.fixture(scope="module")
def shared_release(tmp_path_factory) -> ToyRelease:
    return ToyRelease(tmp_path_factory.mktemp("release"))
