"""The zips hold what Blender needs and nothing else, and the Blenders they are for can install and use them."""

import io
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
def dist(tmp_path_factory) -> Path:
    """A release, built as the documentation says; needs the Python package index."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, ROOT / "tools" / "build_extension.py", "--out", folder]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert {Path(line) for line in done.stdout.splitlines()} == set(folder.iterdir())
    return folder


@pytest.fixture(scope="module")
def zips(dist) -> dict[str, Path]:
    """Both zips."""
    version = build_extension.read_manifest()["version"]
    return {edition.name: dist / edition.zip_name(version) for edition in build_extension.EDITIONS}


@pytest.fixture(scope="module")
def wheel(dist) -> Path:
    """The backend's wheel."""
    (wheel,) = dist.glob("*.whl")
    return wheel


def manifest_of(path: Path) -> dict:
    with zipfile.ZipFile(path) as archive:
        return tomllib.loads(archive.read("blender_manifest.toml").decode())


def blender(environment) -> Path:
    if not environment.python.is_file():
        pytest.skip(f"no environment of {environment.title}: `python3 run.py test` makes it")
    return environment.python


@pytest.mark.parametrize("edition", build_extension.EDITIONS, ids=lambda edition: edition.name)
def test_only_what_blender_needs(zips, wheel, edition):
    with zipfile.ZipFile(zips[edition.name]) as archive:
        names = set(archive.namelist())
    assert {"__init__.py", "LICENSE", "NOTICE", "blender_manifest.toml"} <= names
    assert {"protocol/codec.py", "blender_addon/registration.py", "blender_addon/scene/splats.py"} <= names
    folders = {name.partition("/")[0] for name in names if "/" in name}
    assert folders == {"protocol", "blender_addon", "wheels", "backend", "requirements"}
    assert {name for name in names if name.startswith("backend/")} == {f"backend/{wheel.name}"}
    locks = {f"requirements/{path.name}" for path in (ROOT / "requirements").glob("backend*.txt")}
    assert {name for name in names if name.startswith("requirements/")} == locks
    assert not [
        name
        for name in names
        if "__pycache__" in name
        or not (name in locks or name.endswith((".py", ".html", ".whl", ".toml", "LICENSE", "NOTICE")))
    ]
    packaged = {name for name in names if name.startswith(("protocol/", "blender_addon/"))}
    written = {
        path.relative_to(ROOT).as_posix() for part in build_extension.PACKAGES for path in (ROOT / part).rglob("*.py")
    }
    written |= {f"blender_addon/pages/errors.{language}.html" for language in ("en_US", "de_DE")}
    assert packaged == written


@pytest.mark.parametrize("edition", build_extension.EDITIONS, ids=lambda edition: edition.name)
def test_manifest_and_wheels_agree(zips, edition):
    manifest = manifest_of(zips[edition.name])
    with zipfile.ZipFile(zips[edition.name]) as archive:
        inside = {f"./{name}" for name in archive.namelist() if name.startswith("wheels/")}
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


def test_same_files_same_zip(zips, wheel, tmp_path):
    again = build_extension.build(NEWER, tmp_path, wheel).read_bytes()
    assert entries(again) == entries(zips[NEWER.name].read_bytes())


def entries(archive: bytes) -> list:
    """What a zip says of each file."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return [(e.filename, e.date_time, e.external_attr, e.CRC) for e in opened.infolist()]


def test_the_backends_wheel_holds_the_backend_and_its_data(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    wanted = {f"cameo/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "backend").rglob("*.py")}
    assert wanted <= names and "cameo/backend/head/data/head.npz" in names and "cameo/protocol/codec.py" in names
    assert not [name for name in names if "__pycache__" in name or name.startswith(("cameo/tests", "cameo/tools"))]
    assert not (ROOT / "build").exists(), "the checkout stays as it was"


def test_a_missing_wheel_is_named(wheel, tmp_path, monkeypatch):
    monkeypatch.setitem(build_extension.PLATFORMS, "linux-x64", "no_such_system")
    with pytest.raises(build_extension.BuildError, match=r"pyzmq==.* for blender50 on linux-x64"):
        build_extension.build(OLDER, tmp_path, wheel)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("environment", [BLENDER_52, BLENDER_50], ids=lambda one: one.title)
def test_blenders_own_tool_accepts_both_and_lists_them_as_our_index_does(dist, zips, tmp_path, environment):
    """The tool of those who host extensions; it stands inside Blender."""
    python = blender(environment)
    (tool,) = environment.folder.glob("**/bl_pkg/cli/blender_ext.py")
    for path in zips.values():
        done = subprocess.run([python, tool, "validate", path], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        shutil.copy(path, tmp_path)
    done = subprocess.run([python, tool, "server-generate", "--repo-dir", tmp_path], capture_output=True, text=True)
    assert done.returncode == 0 and "WARN" not in done.stdout, done.stdout + done.stderr
    theirs, ours = (json.loads((folder / "index.json").read_text()) for folder in (tmp_path, dist))
    assert in_order(theirs) == ours
    assert [one["blender_version_min"] for one in ours["data"]] == ["5.0.0", "5.1.0"]


def in_order(index: dict) -> dict:
    """Blender's tool lists the files as the folder gives them."""
    return {**index, "data": sorted(index["data"], key=lambda one: one["blender_version_min"])}


@pytest.mark.parametrize(
    ("environment", "edition"), [(BLENDER_52, NEWER), (BLENDER_50, OLDER)], ids=lambda one: getattr(one, "title", "")
)
@pytest.mark.parametrize("source", ["zip", "repository"])
def test_an_artist_installs_it(dist, zips, tmp_path, environment, edition, source):
    """Installed from the zip, or from the folder added as a repository, it registers, knows where its backend would
    be installed and from what, talks to a real backend with the pyzmq it brought, and leaves no trace."""
    python = blender(environment)
    folders = {"BLENDER_USER_RESOURCES": tmp_path / "blender", "CAMEO_HOME": tmp_path / "home"}
    folders["BLENDER_USER_RESOURCES"].mkdir()
    variables = {**os.environ, **{name: str(path) for name, path in folders.items()}}
    variables["CAMEO_BACKEND_PYTHON"] = sys.executable
    place = zips[edition.name] if source == "zip" else (dist / "index.json").as_uri()
    command = [python, "-P", SCRIPT, place]
    done = subprocess.run(command, env=variables, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["enabled"]
    assert Path(seen["zmq"]).is_relative_to(folders["BLENDER_USER_RESOURCES"])
    assert {"start_backend", "generate", "import_avatar", "turntable"} <= set(seen["operators"])
    assert "Scene.cameo" in seen["registered"]
    assert seen["backend"] == manifest_of(zips[edition.name])["version"]
    extensions = folders["BLENDER_USER_RESOURCES"] / "extensions"
    assert Path(seen["managed"]).is_relative_to(extensions / ".user") and seen["brings"].endswith(".whl")
    assert seen["left"] == []
    assert [path for path in extensions.glob("*/cameo") if path.parent.name != ".user"] == []
