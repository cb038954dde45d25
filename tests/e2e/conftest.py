"""The whole product, nothing replaced: real Blender with the add-on, a real backend process, real ZeroMQ, a real photo.

Runs in a Blender environment made by ``run.py``; the backend's environment is the one beside it.
"""

import os
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("bpy", reason="these tests run in a Blender environment")

import cameo

from .artist import Artist, kill_backend

ROOT = Path(cameo.__path__[0])
BACKEND = Path(os.environ.get("CAMEO_BACKEND_PYTHON", ROOT / ".cameo" / "env-backend" / "bin" / "python"))


@pytest.fixture(scope="session")
def backend_python() -> Path:
    assert BACKEND.is_file(), "run `python3 run.py test`: it makes the backend's environment"
    return BACKEND


@pytest.fixture(scope="session")
def photo(backend_python) -> Path:
    """The default portrait, fetched as the product fetches it."""
    code = "from cameo.backend.weights.fetch import asset_path; print(asset_path('astronaut.png'))"
    done = subprocess.run([backend_python, "-P", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return Path(done.stdout.splitlines()[-1])


@pytest.fixture
def home(tmp_path, monkeypatch, backend_python) -> Path:
    """The backend's folder; the add-on and every backend of this test use it."""
    monkeypatch.setenv("CAMEO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CAMEO_BACKEND_PYTHON", str(backend_python))
    return tmp_path / "home"


@pytest.fixture
def artist(home):
    """A fresh Blender with the add-on; what it started is ended afterwards."""
    artist = Artist()
    yield artist
    artist.quit()
    kill_backend(home)
