"""The zips hold what Blender needs and nothing else, and the Blenders they are for can install and use them."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import cameo
import pytest
from cameo.tools import build_extension
from cameo.tools.environments import BLENDER_50, BLENDER_52

OLDER, NEWER = build_extension.EDITIONS
SCRIPT = Path(__file__).with_name("installed_extension.py")
ROOT = Path(cameo.__path__[0])


@pytest.fixture(scope="module")
def zips(tmp_path_factory) -> dict[str, Path]:
    """Both zips, built as the documentation says; needs the Python package index."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, ROOT / "tools" / "build_extension.py", "--out", folder]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    paths = [Path(line) for line in done.stdout.splitlines()]
    return {edition.name: path for edition, path in zip(build_extension.EDITIONS, paths, strict=True)}


def manifest_of(path: Path) -> dict:
    with zipfile.ZipFile(path) as archive:
        return tomllib.loads(archive.read("blender_manifest.toml").decode())


def blender(environment) -> Path:
    if not environment.python.is_file():
        pytest.skip(f"no environment of {environment.title}: `python3 run.py test` makes it")
    return environment.python


@pytest.mark.parametrize("edition", build_extension.EDITIONS, ids=lambda edition: edition.name)
def test_only_what_blender_needs(zips, edition):
    with zipfile.ZipFile(zips[edition.name]) as archive:
        names = set(archive.namelist())
    assert {"__init__.py", "LICENSE", "NOTICE", "blender_manifest.toml"} <= names
    assert {"protocol/codec.py", "blender_addon/registration.py", "blender_addon/scene/splats.py"} <= names
    assert {name.partition("/")[0] for name in names if "/" in name} == {"protocol", "blender_addon", "wheels"}
    assert not [
        name
        for name in names
        if "__pycache__" in name or not name.endswith((".py", ".whl", ".toml", "LICENSE", "NOTICE"))
    ]
    packaged = {name for name in names if name.startswith(("protocol/", "blender_addon/"))}
    written = {
        path.relative_to(ROOT).as_posix() for part in build_extension.PACKAGES for path in (ROOT / part).rglob("*.py")
    }
    assert packaged == written


@pytest.mark.parametrize("edition", build_extension.EDITIONS, ids=lambda edition: edition.name)
def test_manifest_and_wheels_agree(zips, edition):
    manifest = manifest_of(zips[edition.name])
    with zipfile.ZipFile(zips[edition.name]) as archive:
        inside = {f"./{name}" for name in archive.namelist() if name.endswith(".whl")}
    assert set(manifest["wheels"]) == inside
    assert manifest["platforms"] == ["linux-x64", "windows-x64", "macos-arm64"]
    assert len(inside) == len(manifest["platforms"])
    for system in ("manylinux", "win_amd64", "macosx"):
        assert len([name for name in inside if system in name]) == 1
    assert all(("-cp311-cp311-" if edition is OLDER else "-cp312-abi3-") in name for name in inside)


def test_every_blender_has_one_zip(zips):
    older, newer = manifest_of(zips[OLDER.name]), manifest_of(zips[NEWER.name])
    assert older["blender_version_min"] == "5.0.0"
    assert older["blender_version_max"] == newer["blender_version_min"] == "5.1.0"
    assert "blender_version_max" not in newer
    template = tomllib.loads((ROOT / "blender_manifest.toml").read_text())
    for key in ("id", "version", "license", "permissions"):
        assert older[key] == newer[key] == template[key]


def test_same_files_same_zip(zips, tmp_path):
    assert build_extension.build(NEWER, tmp_path).read_bytes() == zips[NEWER.name].read_bytes()


def test_a_missing_wheel_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(build_extension.PLATFORMS, "linux-x64", "no_such_system")
    with pytest.raises(build_extension.BuildError, match=r"pyzmq==.* for blender50 on linux-x64"):
        build_extension.build(OLDER, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("environment", [BLENDER_52, BLENDER_50], ids=lambda one: one.title)
def test_blenders_own_tool_accepts_both_and_lists_them_in_one_repository(zips, tmp_path, environment):
    """The tool of those who host extensions; it stands inside Blender."""
    python = blender(environment)
    (tool,) = environment.folder.glob("**/bl_pkg/cli/blender_ext.py")
    for path in zips.values():
        done = subprocess.run([python, tool, "validate", path], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        shutil.copy(path, tmp_path)
    done = subprocess.run([python, tool, "server-generate", "--repo-dir", tmp_path], capture_output=True, text=True)
    assert done.returncode == 0 and "WARN" not in done.stdout, done.stdout + done.stderr
    listed = json.loads((tmp_path / "index.json").read_text())["data"]
    assert [one["blender_version_min"] for one in listed] == ["5.0.0", "5.1.0"]


@pytest.mark.parametrize(
    ("environment", "edition"), [(BLENDER_52, NEWER), (BLENDER_50, OLDER)], ids=lambda one: getattr(one, "title", "")
)
def test_an_artist_installs_it(zips, tmp_path, environment, edition):
    """Installed from the zip, it registers, talks to a real backend with the pyzmq it brought, and leaves no trace."""
    python = blender(environment)
    folders = {"BLENDER_USER_RESOURCES": tmp_path / "blender", "CAMEO_HOME": tmp_path / "home"}
    folders["BLENDER_USER_RESOURCES"].mkdir()
    variables = {**os.environ, **{name: str(path) for name, path in folders.items()}}
    variables["CAMEO_BACKEND_PYTHON"] = sys.executable
    command = [python, "-P", SCRIPT, zips[edition.name]]
    done = subprocess.run(command, env=variables, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["enabled"]
    assert Path(seen["zmq"]).is_relative_to(folders["BLENDER_USER_RESOURCES"])
    assert {"start_backend", "generate", "import_avatar", "turntable"} <= set(seen["operators"])
    assert "Scene.cameo" in seen["registered"]
    assert seen["backend"] == manifest_of(zips[edition.name])["version"]
    assert seen["left"] == []
    assert not (folders["BLENDER_USER_RESOURCES"] / "extensions" / "user_default" / "cameo").exists()
