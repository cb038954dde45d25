"""Reads a pickle once, in a process that can do nothing else, and keeps its tensors as safetensors.

They lie in the cache under the file's sha256; the pickle is not opened again while they are there. A file that was
converted when it was installed (``install.py``) is safetensors already and is used as it is.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from safetensors import SafetensorError, safe_open

from .cache import cache_dir, make_folder, require_space
from .unpickling.refusal import REFUSED

CONVERTED = ".safetensors"
READER = Path(__file__).with_name("unpickling")
"""The program that reads."""
Reason = Literal["missing", "too_large", "refused", "failed"]
_VERSION = 2  # of what the reader writes; raise it when that changes


@dataclass(frozen=True)
class PickleKind:
    """What a pickle is expected to be.

    Attributes:
        layout: ``table``, a dict of arrays; ``generator``, a StyleGAN checkpoint; ``motion``, a LivePortrait template;
            ``states``, networks' states as ``torch.save`` writes them.
        folder: name in the cache.
        most_bytes: larger files are not read.
        seconds: time for the reading process.
    """

    layout: Literal["table", "generator", "motion", "states"]
    folder: str
    most_bytes: int
    seconds: float = 120.0


class UnreadPickle(Exception):  # noqa: N818 - callers turn it into an error in the words of their own files
    """Why a pickle was not read; nothing in it was run.

    Attributes:
        why: ``missing``, ``too_large``, ``refused`` (the file is at fault) or ``failed`` (the reader is).
        cause: a sentence.
    """

    def __init__(self, why: Reason, cause: str) -> None:
        super().__init__(cause)
        self.why: Reason = why
        self.cause = cause


def pickle_hash(path: Path, kind: PickleKind) -> str:
    """sha256 of a file, hexadecimal. Raises :class:`UnreadPickle`, ``missing`` or ``too_large``."""
    try:
        with path.open("rb") as file:
            _require_size(file.fileno(), kind)
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnreadPickle("missing", str(error)) from error


def _require_size(file: int, kind: PickleKind) -> None:
    size = os.fstat(file).st_size
    if size > kind.most_bytes:
        largest = f"the largest that is read has {kind.most_bytes / 1e6:.0f} MB"
        raise UnreadPickle("too_large", f"It has {size / 1e6:.0f} MB; {largest}.")


def kept_tensors(path: Path, kind: PickleKind) -> Path:
    """The cached safetensors file with what the pickle ``path`` holds; made if it is not there or damaged.

    A ``path`` that ends in ``.safetensors`` was made by :func:`convert`, and is the answer.

    Raises:
        UnreadPickle: for any reason that lies in the file or its reader.
        AssetError: the cache's.
    """
    if path.suffix == CONVERTED:
        _require_sound(path)
        return path
    target = cache_dir() / kind.folder / f"{pickle_hash(path, kind)}-{_VERSION}.safetensors"
    if not _is_sound(target):
        convert(path, kind, target)
    return target


def convert(path: Path, kind: PickleKind, target: Path) -> None:
    """Write what the pickle ``path`` holds to the safetensors file ``target``, as a whole or not at all.

    Raises:
        UnreadPickle: for any reason that lies in the file or its reader.
        AssetError: ``asset.disk_full``, ``asset.cache_unwritable``.
    """
    try:
        with path.open("rb") as file:
            _require_size(file.fileno(), kind)
    except OSError as error:
        raise UnreadPickle("missing", str(error)) from error
    tensors = _read_apart(path, kind)
    make_folder(target.parent)
    _keep(tensors, target)


def _require_sound(path: Path) -> None:
    try:
        with safe_open(path, framework="numpy"):
            pass
    except OSError as error:
        raise UnreadPickle("missing", str(error)) from error
    except SafetensorError as error:
        raise UnreadPickle("refused", f"It is damaged: {error}.") from error


def _is_sound(target: Path) -> bool:
    if not target.is_file():
        return False
    try:
        with safe_open(target, framework="numpy"):
            return True
    except SafetensorError:
        target.unlink(missing_ok=True)  # damaged on disk; made anew
        return False


def _read_apart(path: Path, kind: PickleKind) -> bytes:
    command = [sys.executable, "-I", str(READER), kind.layout, str(path.resolve())]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=kind.seconds,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # its threads would reserve the memory that is allowed
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UnreadPickle("refused", f"Reading it took longer than {kind.seconds:.0f} s.") from error
    if done.returncode == REFUSED:
        why = str(json.loads(done.stderr))
        raise UnreadPickle("refused", f"{why[:1].upper()}{why[1:]}.")
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace")[-300:]
        raise UnreadPickle("failed", f"The reading process ended with {done.returncode}: {said}")
    return done.stdout


def _keep(tensors: bytes, target: Path) -> None:
    require_space(target.parent, len(tensors))
    handle, part = tempfile.mkstemp(dir=target.parent, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(tensors)
        os.replace(part, target)
    finally:
        Path(part).unlink(missing_ok=True)
