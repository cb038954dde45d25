import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TESTS = HERE.parents[1]
# small_panohead.py here, stored_networks.py and toy_panohead.py there
sys.path[:0] = [str(HERE), str(TESTS / "weights"), str(TESTS / "engines" / "facecraft4d")]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Nothing of a test stays in the user's cache, and none is served from it."""
    monkeypatch.setenv("CAMEO_CACHE", str(tmp_path / "cache"))
