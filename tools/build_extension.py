"""Make the Blender extension: two zips, because Blender 5.0 and Blender 5.1 ff. have different Pythons.

    python3 tools/build_extension.py --out dist

Only what the add-on needs goes in: its own code, the protocol, the licence, and pyzmq as wheels. Built and validated by
Blender's own ``blender_ext.py``, which comes with the Blender environment of ``run.py``. Standard library only.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = "blender_manifest.toml"
CONTENT = ("__init__.py", "LICENSE", "NOTICE", "protocol", "blender_addon")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
PLATFORMS = {
    "linux-x64": ("manylinux_2_28_x86_64", "manylinux2014_x86_64"),
    "windows-x64": ("win_amd64",),
    "macos-arm64": ("macosx_11_0_arm64", "macosx_10_15_universal2"),
}


class BuildError(Exception):
    """The extension could not be made; the text says why."""


@dataclass(frozen=True)
class Edition:
    """One zip: the Blenders it is for, and the Python its wheels are for."""

    name: str
    blender_min: str
    blender_max: str  # first version it is not for; empty: none
    python: str
    abi: str


EDITIONS = (
    Edition("blender50", "5.0.0", "5.1.0", "3.11", "cp311"),
    Edition("blender51", "5.1.0", "", "3.13", "abi3"),
)


def build(out: Path, platforms: list[str]) -> list[Path]:
    """Both zips in ``out``.

    Raises:
        BuildError: a wheel cannot be had, or Blender refuses the extension.
    """
    out.mkdir(parents=True, exist_ok=True)
    return [_build_edition(edition, out.resolve(), platforms) for edition in EDITIONS]


def _build_edition(edition: Edition, out: Path, platforms: list[str]) -> Path:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "cameo"
        source.mkdir()
        for name in CONTENT:
            _copy(ROOT / name, source / name)
        wheels = [_fetch_wheel(edition, platform, source / "wheels") for platform in platforms]
        manifest = (ROOT / MANIFEST).read_text(encoding="utf-8")
        (source / MANIFEST).write_text(manifest_of(edition, manifest, platforms, wheels), encoding="utf-8")
        version = next(line.split('"')[1] for line in manifest.splitlines() if line.startswith("version ="))
        target = out / f"cameo-{version}-{edition.name}.zip"
        _blender_ext("build", "--source-dir", str(source), "--output-filepath", str(target))
        _blender_ext("validate", str(target))
    return target


def manifest_of(edition: Edition, manifest: str, platforms: list[str], wheels: list[str]) -> str:
    """The repository's manifest with what differs between the editions."""
    lines = [line for line in manifest.splitlines() if not line.startswith("blender_version_min")]
    own = [f'blender_version_min = "{edition.blender_min}"']
    own += [f'blender_version_max = "{edition.blender_max}"'] if edition.blender_max else []
    own += [f"platforms = {platforms}".replace("'", '"'), f"wheels = {wheels}".replace("'", '"')]
    tables = next((number for number, line in enumerate(lines) if line.startswith("[")), len(lines))
    return "\n".join([*lines[:tables], *own, "", *lines[tables:]]) + "\n"


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=LEFT_OUT)
    else:
        shutil.copyfile(source, target)


def _fetch_wheel(edition: Edition, platform: str, folder: Path) -> str:
    """Download pyzmq for the edition's Python; its path as the manifest wants it."""
    pinned = next(line for line in _requirements() if line.startswith("pyzmq=="))
    tags = [argument for tag in PLATFORMS[platform] for argument in ("--platform", tag)]
    before = set(folder.glob("*.whl"))
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", *tags]
    command += ["--python-version", edition.python, "--implementation", "cp", "--abi", edition.abi]
    done = subprocess.run([*command, "--dest", str(folder), pinned], capture_output=True, text=True, check=False)
    new = set(folder.glob("*.whl")) - before
    if done.returncode or len(new) != 1:
        raise BuildError(f"There is no {pinned} for {platform}, Python {edition.python}:\n{done.stderr[-800:]}")
    return f"./wheels/{new.pop().name}"


def _requirements() -> list[str]:
    return (ROOT / "requirements" / "blender52.txt").read_text(encoding="utf-8").splitlines()


def _blender_ext(*arguments: str) -> None:
    scripts = sorted(ROOT.glob(".cameo/env-bpy5*/**/bl_pkg/cli/blender_ext.py"))
    if not scripts:
        raise BuildError("Blender's blender_ext.py is not here. Run `python3 run.py test` once: it brings it.")
    command = [sys.executable, str(scripts[-1]), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"blender_ext.py {arguments[0]} refuses:\n{(done.stdout + done.stderr)[-1500:]}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Make the Blender extension.")
    parser.add_argument("--out", default="dist", help="folder for the zips (default: dist)")
    parser.add_argument("--platforms", nargs="+", choices=sorted(PLATFORMS), default=["linux-x64"], help="which wheels")
    arguments = parser.parse_args()
    try:
        for path in build(Path(arguments.out), arguments.platforms):
            print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
