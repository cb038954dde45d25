"""The managed backend's folder: environments beside each other, and a pointer to the one in use.

An environment counts from the moment its marker is written, which is the last thing an installation does. One without
a marker was interrupted, and the next installation clears it away.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from ...protocol.locks import try_lock
from ..link.problem import Problem
from .refusal import Refused, unwritable

MARKER = "cameo_ready.json"
_POINTER = "current.json"
_LOCK = "installing.lock"
_ENVIRONMENT = "env-{}"


@dataclass(frozen=True)
class Installed:
    """A whole environment.

    Attributes:
        software: version of Cameo in it.
        variant: ``"cpu"`` or ``"gpu"``.
        lock: fingerprint of the requirements that it was made of.
    """

    folder: Path
    software: str
    variant: str
    lock: str

    @property
    def python(self) -> Path:
        return python_of(self.folder)


def python_of(environment: Path) -> Path:
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


class ManagedFolder:
    """The environments below ``root``. Reading never fails: what cannot be read is not there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.log = root / "install.log"
        self.cache = root / "cache"
        self._lock: IO[bytes] | None = None

    def current(self) -> Installed | None:
        """The environment in use, if it is whole and its Python is still there."""
        return self._named(self._pointer().get("current", ""))

    def previous(self) -> Installed | None:
        """The one before, kept until the new one has answered."""
        return self._named(self._pointer().get("previous", ""))

    def interrupted(self) -> list[Path]:
        """Environments that an installation began and did not finish."""
        return [path for path in self._environments() if _read_json(path / MARKER) == {}]

    def begin(self) -> Path:
        """Take the folder for an installation; clear away what interrupted ones left. Returns the new environment's
        place, which does not exist yet.

        Raises:
            Refused: ``install.busy``, ``install.unwritable``.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            self._lock = open(self.root / _LOCK, "ab")  # noqa: SIM115 - held until the installation ends
            taken = try_lock(self._lock)
            if taken:
                for leftover in self.interrupted():
                    shutil.rmtree(leftover)
        except OSError as error:
            self.end()
            raise unwritable(self.root, error) from error
        if not taken:
            self.end()
            raise Refused(
                Problem(
                    "install.busy",
                    "Another Blender is installing the backend.",
                    fix="Wait until it has finished, then press Retry.",
                )
            )
        number = 1
        while (place := self.root / _ENVIRONMENT.format(number)).exists():
            number += 1
        return place

    def end(self) -> None:
        """Let go of what :meth:`begin` took. The system does it, too, when this process dies."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def mark_ready(self, installed: Installed) -> None:
        """Write the marker: from now on the environment counts."""
        _write_json(installed.folder / MARKER, {**asdict(installed), "folder": installed.folder.name})

    def switch_to(self, installed: Installed) -> None:
        """Use this environment from now on; the one that was used is kept for :meth:`roll_back`."""
        old = self.current()
        keep = old if old is not None and old.folder != installed.folder else None
        _write_json(self.root / _POINTER, _pointer_of(installed, keep))
        self._remove_others()

    def roll_back(self) -> bool:
        """Use the environment before again. False when there is none."""
        before = self.previous()
        if before is not None:
            _write_json(self.root / _POINTER, _pointer_of(before, self.current()))
        return before is not None

    def forget_previous(self) -> None:
        """The new environment has answered: the one before is not needed any more."""
        if "previous" in self._pointer() and (current := self.current()) is not None:
            _write_json(self.root / _POINTER, _pointer_of(current, None))
            self._remove_others()

    def remove_all(self) -> None:
        """Take everything away.

        Raises:
            OSError: a file is in use or may not be removed.
        """
        (self.root / _POINTER).unlink(missing_ok=True)  # first: what is half removed does not count
        if self.root.exists():
            shutil.rmtree(self.root)

    def _remove_others(self) -> None:
        """Best effort: on Windows a backend that still runs holds its files; they go the next time."""
        kept = {one.folder for one in (self.current(), self.previous()) if one is not None}
        for path in self._environments():
            if path not in kept:
                (path / MARKER).unlink(missing_ok=True)
                shutil.rmtree(path, ignore_errors=True)

    def _environments(self) -> list[Path]:
        return sorted(path for path in self.root.glob(_ENVIRONMENT.format("*")) if path.is_dir())

    def _pointer(self) -> dict[str, object]:
        return _read_json(self.root / _POINTER)

    def _named(self, name: object) -> Installed | None:
        if not isinstance(name, str) or not name or Path(name).name != name:
            return None
        folder = self.root / name
        marker = _read_json(folder / MARKER)
        values = [marker.get(key) for key in ("software", "variant", "lock")]
        if not python_of(folder).is_file() or not all(isinstance(value, str) for value in values):
            return None
        return Installed(folder, *map(str, values))


def _pointer_of(current: Installed, previous: Installed | None) -> dict[str, str]:
    return {"current": current.folder.name} | ({"previous": previous.folder.name} if previous else {})


def _read_json(path: Path) -> dict[str, object]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write_json(path: Path, content: dict[str, object] | dict[str, str]) -> None:
    """Whole or not at all, and on the disk when it returns."""
    temporary = path.with_suffix(".tmp")
    with open(temporary, "w", encoding="utf-8") as stream:
        json.dump(content, stream)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(temporary, path)
