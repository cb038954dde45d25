"""The house keeps its own rules: who imports whom, which packages there are, and that no machine shows in the files."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import cameo
import pytest

ROOT = Path(cameo.__path__[0])
CODE = ("protocol", "backend", "blender_addon")
# Blender ships numpy; zmq comes as the extension's wheel and has one importer there.
_BLENDERS = {"numpy", "bpy", "mathutils", "gpu", "gpu_extras", "bl_math", "blf", "imbuf"}
ALLOWED = {"protocol": {"numpy"}, "blender_addon": _BLENDERS}


def tracked_files() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return [ROOT / name for name in listing.split("\0") if name and (ROOT / name).is_file()]


def python_files(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def absolute_imports(path: Path) -> set[str]:
    """The first word of every absolute import in a file, wherever it stands."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.partition(".")[0])
    return found - sys.stdlib_module_names


def test_import_contracts():
    """The floors of the house (``[tool.importlinter]`` in pyproject.toml)."""
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-1000:]


def test_protocol_imports_nothing_but_numpy():
    assert {
        path.name: extra for path in python_files("protocol") if (extra := absolute_imports(path) - {"numpy"})
    } == {}


def test_the_addon_imports_only_what_blender_has_and_zmq_in_one_place():
    extra = {
        path.relative_to(ROOT).as_posix(): found
        for path in python_files("blender_addon")
        if (found := absolute_imports(path) - ALLOWED["blender_addon"])
    }
    assert set().union(*extra.values()) <= {"zmq"}
    assert all(name.startswith("blender_addon/link/") for name in extra)


@pytest.mark.parametrize("package", CODE)
def test_inside_packages_imports_are_relative(package):
    """``cameo`` is ``bl_ext.user_default.cameo`` inside Blender: an absolute import would not find it there."""
    assert [path for path in python_files(package) if "cameo" in absolute_imports(path)] == []


def test_the_package_list_is_the_folders():
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    folders = {path.parent for package in CODE for path in (ROOT / package).rglob("__init__.py")}
    assert listed == {"cameo"} | {"cameo." + ".".join(folder.relative_to(ROOT).parts) for folder in folders}


def test_every_folder_with_code_is_a_package():
    folders = {path.parent for package in CODE for path in python_files(package)}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


def test_no_machine_no_secret_no_registry_in_the_files():
    """Paths of the machine it was made on, keys, and addresses of package mirrors have no place in the product."""
    home, work = "/" + "home/", "/" + "work/"
    patterns = [
        rf"(?<![\w.]){home}(?!user\b)\w+",
        rf"(?<![\w.]){work}\w+",
        r"/" + r"tmp/cameo",
        r"-----BEGIN [A-Z ]*PRIVATE KEY",
        r"https?://(?!127\.0\.0\.1)[^\s\"'<>)]*(artifactory|nexus|/simple/?\b|pypi\.[a-z]+\.internal)",
        r"index-url\s*=?\s*https?://(?!pypi\.org|download\.pytorch\.org)",
    ]
    found = []
    for path in tracked_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # binary
        found += [f"{path.relative_to(ROOT)}: {match.group()}" for p in patterns for match in re.finditer(p, text)]
    assert found == []


def test_nothing_is_swallowed():
    """No bare except anywhere; a broad one only at a border, where it says so."""
    offenders = []
    for path in (file for package in CODE for file in python_files(package)):
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines, 1):
            broad = re.match(r"\s*except(\s+\(?(Base)?Exception\b.*)?:", line)
            if broad and "noqa: BLE001" not in line:
                offenders.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    assert offenders == []
