"""The virtual environments under ``.cameo/``: made when missing, completed when interrupted, reused when ready.

Standard library only: this runs before anything is installed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".cameo"
MARKER = "ready.txt"
NEEDED_SPACE = 6 << 30
BLENDER_LIBRARIES = (
    *("libegl1", "libgl1", "libsm6", "libx11-6", "libxext6", "libxfixes3", "libxi6", "libxkbcommon0"),
    *("libxrender1", "libxxf86vm1"),
)


class SetupError(Exception):
    """Something that the person at the keyboard can mend; the text says how."""


@dataclass(frozen=True)
class Environment:
    """One environment: the Pythons it can use (best first), what goes in, and what must import afterwards."""

    name: str
    title: str
    pythons: tuple[str, ...]
    requirements: tuple[str, ...]
    probe: str

    @property
    def folder(self) -> Path:
        return HOME / self.name

    @property
    def python(self) -> Path:
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


BACKEND = Environment(
    "env-backend", "the backend (PyTorch)", ("3.11", "3.12", "3.13"), ("backend.txt",), "import torch, numba, cv2, zmq"
)
BLENDER_52 = Environment("env-bpy52", "Blender 5.2", ("3.13",), ("blender52.txt",), "import bpy, zmq")
BLENDER_50 = Environment("env-bpy50", "Blender 5.0", ("3.11",), ("blender50.txt",), "import bpy, zmq")


def with_tests(environment: Environment) -> Environment:
    """The same environment with what its tests need."""
    extra = "test.txt" if environment.name == BACKEND.name else "blender_test.txt"
    return Environment(
        environment.name, environment.title, environment.pythons, (*environment.requirements, extra), environment.probe
    )


def find_python(versions: tuple[str, ...]) -> str | None:
    """A working interpreter of one of the versions (best first), or None. A shim that fails when run does not count."""
    candidates: list[str] = [sys.executable]
    for version in versions:
        candidates += [path for path in (shutil.which(f"python{version}"),) if path]
        candidates += [str(p) for p in sorted(_pyenv_versions().glob(f"{version}.*/bin/python{version}"), reverse=True)]
    by_version = {version: path for path in reversed(candidates) if (version := _version_of(path)) is not None}
    return next((by_version[version] for version in versions if version in by_version), None)


def _pyenv_versions() -> Path:
    root = os.environ.get("PYENV_ROOT")
    if root is None and (pyenv := shutil.which("pyenv")):
        root = subprocess.run([pyenv, "root"], capture_output=True, text=True, check=False).stdout.strip()
    return Path(root or Path.home() / ".pyenv") / "versions"


def _version_of(python: str) -> str | None:
    """``3.13`` for a path that runs, None for one that does not."""
    code = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def ensure(environment: Environment) -> Path:
    """The environment's Python, installed first if need be.

    Raises:
        SetupError: no fitting Python, no space, or the installation failed; the text says what to do.
    """
    stamp = _stamp(environment)
    marker = environment.folder / MARKER
    ready = marker.read_text().split() if marker.is_file() and environment.python.is_file() else []
    if stamp in ready:
        return environment.python
    _make_folder(environment)
    _install(environment)
    _probe(environment)
    marker.write_text("\n".join(_stamps_contained_in(environment)) + "\n")
    return environment.python


def _stamp(environment: Environment) -> str:
    texts = [(ROOT / "requirements" / name).read_bytes() for name in environment.requirements]
    return hashlib.sha256(b"\0".join([str(ROOT).encode(), *texts])).hexdigest()


def _stamps_contained_in(environment: Environment) -> list[str]:
    """An environment that holds the tests' packages also serves those who ask for less."""
    plain = Environment(
        environment.name, environment.title, environment.pythons, environment.requirements[:1], environment.probe
    )
    return sorted({_stamp(environment), _stamp(plain)})


def _make_folder(environment: Environment) -> None:
    if environment.python.is_file() and _has_pip(environment):
        return
    python = find_python(environment.pythons)
    if python is None:
        wanted = " or ".join(environment.pythons)
        raise SetupError(
            f"{environment.title} needs Python {wanted}, and none that works was found.\n"
            f"Install Python {wanted} (from python.org, your package manager, or pyenv) and run this again."
        )
    HOME.mkdir(exist_ok=True)
    free = shutil.disk_usage(HOME).free
    if free < NEEDED_SPACE:
        raise SetupError(
            f"{HOME} has {free / 2**30:.1f} GB free; the environments need {NEEDED_SPACE >> 30} GB.\nFree some space."
        )
    print(f"[cameo] making the environment for {environment.title} with {python}", flush=True)
    command = [python, "-m", "venv", "--clear", str(environment.folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SetupError(
            f"{python} cannot make an environment:\n{(done.stdout + done.stderr).strip()[-1000:]}\n\n"
            "On Debian or Ubuntu: sudo apt-get install python3-venv"
        )


def _has_pip(environment: Environment) -> bool:
    """False for a folder that was interrupted while it was made."""
    command = [str(environment.python), "-m", "pip", "--version"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _install(environment: Environment) -> None:
    print(f"[cameo] installing packages for {environment.title}; the first time takes minutes", flush=True)
    arguments: list[str] = []
    for name in environment.requirements:
        arguments += ["-r", str(_requirements(name))]
    _pip(environment, *arguments)
    _pip(environment, "--no-deps", "--no-build-isolation", "-e", str(ROOT))


def _requirements(name: str) -> Path:
    """The file itself, or on a machine with an NVIDIA GPU a copy that leaves torch's build to the index."""
    path = ROOT / "requirements" / name
    if name != "backend.txt" or shutil.which("nvidia-smi") is None:
        return path
    copy = HOME / "backend-cuda.txt"
    lines = path.read_text().splitlines()
    copy.write_text("\n".join("torch" if line.startswith("torch==") else line for line in lines) + "\n")
    return copy


def _pip(environment: Environment, *arguments: str) -> None:
    """Run pip; say what it fetches as it goes."""
    command = [str(environment.python), "-m", "pip", "install", "--disable-pip-version-check", "--no-compile"]
    said: list[str] = []
    with subprocess.Popen(
        [*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if line.startswith(("Collecting ", "Installing collected")):
                print(f"[cameo]   {line.partition(' (from')[0].strip()[:100]}", flush=True)
    if process.returncode == 0:
        return
    reason = "".join(line for line in said if not line.startswith("WARNING"))[-2000:]
    raise SetupError(f"Installing {environment.title} failed:\n{reason}\n\n{_advice(reason)}")


def _advice(reason: str) -> str:
    """What to do about pip's last words."""
    again = "Then run the same command again: what is already there is kept."
    if "No space left" in reason:
        return f"The disk is full: the environments need {NEEDED_SPACE >> 30} GB. Free some space. {again}"
    if "No matching distribution" in reason:
        return f"The package index has no build for this system or Python: use 64-bit Python 3.11. {again}"
    return f"If it speaks of connections, check the network (and a proxy's settings). {again}"


def _probe(environment: Environment) -> None:
    """Import what the environment is for, so that a missing system library is found now and named."""
    command = [str(environment.python), "-c", environment.probe]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode and ".so" in done.stderr and _install_libraries():
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SetupError(
            f"{environment.title} is installed but does not start:\n{done.stderr.strip()[-1000:]}\n\n"
            f"On Debian or Ubuntu: sudo apt-get install {' '.join(BLENDER_LIBRARIES)}"
        )


def _install_libraries() -> bool:
    """Install Blender's system libraries where that needs no password: as root, with apt-get (a container, CI)."""
    apt = shutil.which("apt-get")
    if apt is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    print("[cameo] installing Blender's system libraries", flush=True)
    subprocess.run([apt, "update", "-qq"], check=False)
    return subprocess.run([apt, "install", "-y", "-qq", *BLENDER_LIBRARIES], check=False).returncode == 0


def blender_environment() -> Environment:
    """Blender 5.2 where Python 3.13 is to be had, else Blender 5.0."""
    if BLENDER_52.python.is_file() or find_python(BLENDER_52.pythons):
        return BLENDER_52
    return BLENDER_50
