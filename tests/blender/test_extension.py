"""The extension's zip, built and validated by Blender's own tool, installed and enabled in a Blender of its own."""

import subprocess
import sys
import zipfile
from pathlib import Path

import bpy
import cameo
import pytest

ROOT = Path(cameo.__path__[0])
INSTALL = """
import sys
import bpy
bpy.ops.extensions.package_install_files(repo="user_default", filepath=sys.argv[1], enable_on_install=True)
addon = bpy.context.preferences.addons["bl_ext.user_default.cameo"]
assert addon.preferences.outlive_blender
bpy.ops.cameo.connect()
from bl_ext.user_default.cameo.blender_addon import session
print("problem", session.client().problem.code)
"""


@pytest.fixture(scope="module")
def zips(tmp_path_factory):
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, ROOT / "tools" / "build_extension.py", "--out", out]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {path.stem.rpartition("-")[2]: path for path in out.glob("*.zip")}


def test_only_the_artists_side_is_inside(zips):
    assert set(zips) == {"blender50", "blender51"}
    for path in zips.values():
        names = zipfile.ZipFile(path).namelist()
        folders = {name.split("/")[0] for name in names}
        files = {"__init__.py", "LICENSE", "NOTICE", "blender_manifest.toml"}
        assert folders == {"protocol", "blender_addon", "wheels"} | files
        assert sum(name.endswith(".whl") for name in names) == 3
        assert not any("__pycache__" in name for name in names)


def test_it_installs_and_runs_as_an_extension(zips, tmp_path):
    edition = "blender51" if bpy.app.version >= (5, 1) else "blender50"
    environment = {"BLENDER_USER_RESOURCES": str(tmp_path / "user"), "CAMEO_HOME": str(tmp_path / "home"), "PATH": ""}
    command = [sys.executable, "-P", "-c", INSTALL, zips[edition]]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    assert "problem backend.not_running" in done.stdout
