import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # small_panohead.py beside the tests


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Nothing of a test stays in the user's cache, and none is served from it."""
    monkeypatch.setenv("CAMEO_CACHE", str(tmp_path / "cache"))
