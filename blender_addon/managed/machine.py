"""What this computer has: an NVIDIA GPU and its driver, found without torch, and room on the disk."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_SMI_SECONDS = 20
_SMI_PLACES = (r"C:\Windows\System32\nvidia-smi.exe", "/usr/lib/wsl/lib/nvidia-smi", "/usr/bin/nvidia-smi")
_DRIVER_FILE = Path("/proc/driver/nvidia/version")


@dataclass(frozen=True)
class Gpu:
    """An NVIDIA GPU. ``driver`` as (major, minor): ``(580, 65)``."""

    name: str
    driver: tuple[int, int]


def nvidia_gpu() -> Gpu | None:
    """The first GPU that the driver lists; None without a working driver."""
    program = shutil.which("nvidia-smi") or next((place for place in _SMI_PLACES if Path(place).is_file()), None)
    if program is None:
        return _gpu_of_driver_file()
    try:
        done = subprocess.run(
            [program, "--query-gpu=name,driver_version", "--format=csv,noheader"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SMI_SECONDS,
            check=False,
            creationflags=subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0,
        )
    except (OSError, subprocess.TimeoutExpired):
        return _gpu_of_driver_file()
    return gpu_of_listing(done.stdout) if done.returncode == 0 else None


def gpu_of_listing(text: str) -> Gpu | None:
    """``NVIDIA GeForce RTX 4090, 580.65.06`` of ``nvidia-smi``; None for a driver that sees no GPU."""
    found = re.match(r"(.+), (\d+)\.(\d+)", text)
    return Gpu(found[1].strip(), (int(found[2]), int(found[3]))) if found else None


def _gpu_of_driver_file() -> Gpu | None:
    try:
        text = _DRIVER_FILE.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    found = re.search(r"Kernel Module.*?\s(\d+)\.(\d+)", text)
    return Gpu("an NVIDIA GPU", (int(found[1]), int(found[2]))) if found else None


def free_bytes(folder: Path) -> int:
    """Room on the disk of ``folder``, which need not exist yet."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(existing).free


def path_is_too_long(folder: Path) -> bool:
    """Whether PyTorch's longest file would pass Windows' 260 characters below ``folder``."""
    return os.name == "nt" and len(str(folder)) + _LONGEST_INSIDE > 259 and not _long_paths_allowed()


_LONGEST_INSIDE = 190  # Lib/site-packages and the longest path of torch 2.13 in it (a licence of a licence)


def _long_paths_allowed() -> bool:
    if sys.platform != "win32":
        return True
    import winreg

    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SYSTEM\CurrentControlSet\Control\FileSystem") as key:
            return bool(winreg.QueryValueEx(key, "LongPathsEnabled")[0])
    except OSError:
        return False
