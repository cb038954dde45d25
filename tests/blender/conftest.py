"""Tests that run inside Blender's Python (pip ``bpy``): make the repository importable as ``cameo`` there."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

IN_BLENDER = importlib.util.find_spec("bpy") is not None
collect_ignore_glob = [] if IN_BLENDER else ["test_*.py"]  # elsewhere these tests do not exist
ROOT = Path(__file__).resolve().parents[2]


def _register_package() -> None:
    """What the editable install does in the backend's environment: the repository root *is* the package ``cameo``."""
    spec = importlib.util.spec_from_file_location("cameo", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)])
    assert spec is not None and spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules["cameo"] = package
    spec.loader.exec_module(package)


if IN_BLENDER:
    _register_package()
sys.path.insert(0, str(Path(__file__).parent))  # toy_avatar


@pytest.fixture
def empty_scene():
    """A factory-fresh file with nothing in it; yields ``bpy.context``."""
    import bpy

    bpy.ops.wm.read_factory_settings(use_empty=True)
    return bpy.context


@pytest.fixture
def addon(empty_scene, monkeypatch, tmp_path):
    """The add-on, enabled, with a home of its own; yields ``bpy.context``."""
    import cameo

    monkeypatch.setenv("CAMEO_HOME", str(tmp_path / "home"))
    cameo.register()
    yield empty_scene
    cameo.unregister()


@pytest.fixture
def cameo_engine():
    """The render engine alone, registered without the rest of the add-on."""
    from cameo.blender_addon.render import engine

    engine.register()
    yield engine
    engine.unregister()


@pytest.fixture
def photo(tmp_path) -> Path:
    """A picture file; what it shows matters to nobody here."""
    import numpy as np
    from cameo.blender_addon.film.png import encode_png

    path = tmp_path / "Grace.png"
    path.write_bytes(encode_png(np.full((64, 48, 4), 200, np.uint8)))
    return path
