"""Reads a FLAME pickle once, in a process that can do nothing else, and keeps its arrays as safetensors.

The arrays of a file lie in the cache under the file's sha256; the pickle is not opened again while they are there.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors

from ...errors import AssetError
from ...weights.cache import cache_dir, make_folder, require_space
from .pickled_arrays import REFUSED

MOST_BYTES = 512 << 20
"""Larger files are not FLAME (the 2020 model has 53 MB)."""
SECONDS = 120.0
"""Time for the reading process."""
_READER = Path(__file__).with_name("pickled_arrays.py")
_FORMAT = 1  # of what pickled_arrays.py writes; raise it when that changes


def file_hash(path: Path) -> str:
    """sha256 of a file, hexadecimal.

    Raises:
        AssetError: ``flame.missing``, ``flame.too_large``.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > MOST_BYTES:
                raise AssetError(
                    "flame.too_large",
                    f"The file {path.name} is too large to be a FLAME file.",
                    cause=f"It has {size / 1e6:.0f} MB; the largest that is read has {MOST_BYTES / 1e6:.0f} MB.",
                    fix="Choose generic_model.pkl, flame2023.pkl or flame2023_Open.pkl.",
                )
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise AssetError(
            "flame.missing",
            f"The file {path.name} cannot be read.",
            cause=str(error),
            fix="Check the path of the head model in the preferences, or leave it empty for the built-in head.",
        ) from error


def pickled_arrays(path: Path) -> dict[str, np.ndarray]:
    """The named number arrays of a pickled dict (``.pkl``, or ``.npy`` that holds a dict). Nothing in the file runs.

    Raises:
        AssetError: ``flame.missing``, ``flame.too_large``, ``flame.refused``, ``flame.reader_failed``, and the cache's.
    """
    target = cache_dir() / "flame" / f"{file_hash(path)}-{_FORMAT}.safetensors"
    if target.is_file():
        try:
            return load_tensors(target.read_bytes())
        except SafetensorError:
            target.unlink(missing_ok=True)  # damaged on disk; made anew
    tensors = _read_apart(path)
    arrays = load_tensors(tensors)
    make_folder(target.parent)
    _keep(tensors, target)
    return arrays


def _read_apart(path: Path) -> bytes:
    command = [sys.executable, "-I", str(_READER), str(path.resolve())]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=SECONDS,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # its threads would reserve the memory that is allowed
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _refusal(path, f"reading it took longer than {SECONDS:.0f} s") from error
    if done.returncode == REFUSED:
        raise _refusal(path, str(json.loads(done.stderr)))
    if done.returncode != 0:
        raise AssetError(
            "flame.reader_failed",
            f"The file {path.name} could not be read.",
            cause=f"The reading process ended with {done.returncode}: {done.stderr.decode(errors='replace')[-300:]}",
            fix="Download the file again from the FLAME site; if it fails again, leave the head model empty.",
        )
    return done.stdout


def _refusal(path: Path, why: str) -> AssetError:
    return AssetError(
        "flame.refused",
        f"The file {path.name} was not read: it is not a FLAME file as published. Nothing in it was run.",
        cause=f"{why[:1].upper()}{why[1:]}.",
        fix="Download it again from the FLAME site. A file from elsewhere may be damaged, or may be an attack.",
    )


def _keep(tensors: bytes, target: Path) -> None:
    """Write the cache file as a whole or not at all."""
    require_space(target.parent, len(tensors))
    handle, part = tempfile.mkstemp(dir=target.parent, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(tensors)
        os.replace(part, target)
    finally:
        Path(part).unlink(missing_ok=True)
