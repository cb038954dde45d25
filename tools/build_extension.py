#!/usr/bin/env python3
"""Builds a release: ``python3 tools/build_extension.py --out dist`` writes two zips for Blender, the backend's wheel
and ``index.json``, with which the folder is a repository that an artist adds to Blender by its address.

There are two zips because Blender 5.0 brings Python 3.11 and later ones a newer Python, and one manifest may not hold
pyzmq's wheels for both. Both hold the backend's wheel and its locked requirements: from these the add-on installs the
managed backend, which so is always of the same release. Needs pip and the Python package index for the wheels,
otherwise the standard library only.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
MANIFEST = "blender_manifest.toml"
SINGLE_FILES = ("__init__.py", "LICENSE", "NOTICE")
PACKAGES = ("protocol", "blender_addon")
BACKEND_SOURCES = ("__init__.py", "pyproject.toml", "README.md", "LICENSE", "NOTICE", *PACKAGES, "backend")
LOCKS = "backend*.txt"  # in requirements/: what the managed backend is made of
INDEX = "index.json"
_LEFT_OUT = ("__pycache__", "*.pyc", "*.md", ".*")
_REQUIREMENTS = ROOT / "requirements" / "blender52.txt"  # pins the pyzmq that the tests use
_EPOCH = (1980, 1, 1, 0, 0, 0)  # same files, same zip


class BuildError(Exception):
    """The extension cannot be built; the text says what to do."""


@dataclass(frozen=True)
class Edition:
    """One zip: the Blenders it is for (``blender_max`` is the first it is not for) and the Python of its wheels."""

    name: str
    blender_min: str
    blender_max: str | None
    python: str
    abi: str

    def zip_name(self, version: str) -> str:
        return f"cameo-{version}-{self.name}.zip"


EDITIONS = (
    Edition("blender50", "5.0.0", "5.1.0", python="3.11", abi="cp311"),
    Edition("blender51", "5.1.0", None, python="3.13", abi="abi3"),
)
# Blender's name of a platform, and pip's for the oldest system that Blender 5 runs on.
PLATFORMS = {
    "linux-x64": "manylinux_2_28_x86_64",
    "windows-x64": "win_amd64",
    "macos-arm64": "macosx_11_0_arm64",
}


def build(edition: Edition, folder: Path, backend: Path) -> Path:
    """Write the edition's zip into ``folder`` and return its path.

    Args:
        backend: the backend's wheel (:func:`build_backend`).

    Raises:
        BuildError: a wheel cannot be had.
    """
    template = read_manifest()
    with tempfile.TemporaryDirectory() as download:
        wheels = fetch_wheels(edition, Path(download))
        contents = {name.as_posix(): (ROOT / name).read_bytes() for name in source_files()}
        contents |= {f"wheels/{wheel.name}": wheel.read_bytes() for wheel in wheels}
    contents |= {f"requirements/{path.name}": path.read_bytes() for path in (ROOT / "requirements").glob(LOCKS)}
    contents[f"backend/{backend.name}"] = backend.read_bytes()
    contents[MANIFEST] = manifest_text(template, edition, [wheel.name for wheel in wheels]).encode()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / edition.zip_name(template["version"])
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(contents):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, contents[name])
    return path


def read_manifest() -> dict[str, Any]:
    return tomllib.loads((ROOT / MANIFEST).read_text(encoding="utf-8"))


def build_backend(folder: Path) -> Path:
    """Write the backend's wheel into ``folder`` and return its path. Built from a copy: a checkout stays as it is.

    Raises:
        BuildError: pip cannot build it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as copy:
        for name in BACKEND_SOURCES:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, Path(copy) / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, copy)
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--no-build-isolation"] if _has_setuptools() else []
        epoch = {**os.environ, "SOURCE_DATE_EPOCH": "315532800"}  # 1980: same files, same wheel
        done = subprocess.run(
            [*command, f"--wheel-dir={folder}", copy], capture_output=True, text=True, check=False, env=epoch
        )
    if done.returncode:
        raise BuildError(f"pip cannot build the backend's wheel:\n{done.stderr.strip()[-1000:]}")
    return folder / f"cameo-{read_manifest()['version']}-py3-none-any.whl"


def _has_setuptools() -> bool:
    """One that reads this pyproject.toml; else pip fetches it."""
    try:
        return int(importlib.metadata.version("setuptools").partition(".")[0]) >= 77
    except importlib.metadata.PackageNotFoundError:
        return False


def write_index(folder: Path, zips: Sequence[Path]) -> Path:
    """Write ``index.json``: what Blender reads when ``folder`` is added as a repository (``server-generate`` of
    Blender's own tool writes the same)."""
    rows: list[dict[str, Any]] = []
    for edition, path in zip(EDITIONS, zips, strict=True):
        with zipfile.ZipFile(path) as archive:
            manifest = tomllib.loads(archive.read(MANIFEST).decode())
        del manifest["wheels"]
        content = path.read_bytes()
        # A wheel of the stable ABI runs in every Python 3 from its own on; Blender's index then names the 3 alone.
        manifest["python_versions"] = ["3" if edition.abi.startswith("abi") else edition.python]
        manifest["archive_url"] = f"./{path.name}"
        manifest["archive_size"] = len(content)
        manifest["archive_hash"] = f"sha256:{hashlib.sha256(content).hexdigest()}"
        rows.append(manifest)
    index = folder / INDEX
    index.write_text(json.dumps({"version": "v1", "blocklist": [], "data": rows}, indent=2), encoding="utf-8")
    return index


def source_files() -> Iterator[Path]:
    """What Blender needs of the repository, relative to its root."""
    yield from map(Path, SINGLE_FILES)
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*")):
            inside = path.relative_to(ROOT)
            wanted = not any(Path(part).match(pattern) for part in inside.parts for pattern in _LEFT_OUT)
            if wanted and path.is_file():
                yield inside


def manifest_text(template: dict[str, Any], edition: Edition, wheels: Sequence[str]) -> str:
    """The repository's manifest with what differs between the editions."""
    manifest = {**template, "blender_version_min": edition.blender_min, "platforms": list(PLATFORMS)}
    if edition.blender_max is not None:
        manifest["blender_version_max"] = edition.blender_max
    manifest["wheels"] = [f"./wheels/{wheel}" for wheel in wheels]
    tables = {key: value for key, value in manifest.items() if isinstance(value, dict)}
    plain = {key: value for key, value in manifest.items() if key not in tables}
    return "\n".join([_assignments(plain), *(f"[{key}]\n{_assignments(value)}" for key, value in tables.items())])


def _assignments(values: dict[str, Any]) -> str:
    # Strings and lists of strings are written alike in JSON and TOML.
    return "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items())


def fetch_wheels(edition: Edition, folder: Path) -> list[Path]:
    """Download pyzmq for every platform into ``folder``; the wheels, by name.

    Raises:
        BuildError: the index has none for a platform, or cannot be reached.
    """
    for platform in PLATFORMS:
        _fetch_wheel(edition, platform, folder)
    return sorted(folder.glob("*.whl"))


def _fetch_wheel(edition: Edition, platform: str, folder: Path) -> None:
    wanted = pinned_pyzmq()
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--implementation=cp", f"--python-version={edition.python}"]
    command += [f"--abi={edition.abi}", f"--platform={PLATFORMS[platform]}", f"--dest={folder}", wanted]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(
            f"pip gives no {wanted} for {edition.name} on {platform}:\n{done.stderr.strip()[-1000:]}\n\n"
            "If this speaks of connections, check the network. If it says 'No module named pip', use the Python of "
            "the backend's environment, .cameo/env-backend."
        )


def pinned_pyzmq() -> str:
    """``pyzmq==27.3.0``."""
    found = re.search(r"^pyzmq==\S+", _REQUIREMENTS.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise BuildError(f"{_REQUIREMENTS} does not pin pyzmq; add a line such as pyzmq==27.3.0.")
    return found.group()


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Build a release: the zips that Blender installs, the backend's wheel, the index."
    )
    parser.add_argument("--out", type=Path, default=Path("dist"), help="folder for all of it (default: dist)")
    arguments = parser.parse_args()
    try:
        backend = build_backend(arguments.out)
        zips = [build(edition, arguments.out, backend) for edition in EDITIONS]
        print(*zips, backend, write_index(arguments.out, zips), sep="\n")
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
