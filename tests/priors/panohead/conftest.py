import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "weights")]  # small_panohead.py here, stored_networks.py there


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Nothing of a test stays in the user's cache, and none is served from it."""
    monkeypatch.setenv("CAMEO_CACHE", str(tmp_path / "cache"))
