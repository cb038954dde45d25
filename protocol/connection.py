"""The connection file: where a client on this machine finds the backend. Only its owner may read it."""

from __future__ import annotations

import ctypes
import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from .errors import ConnectionFileError
from .locks import try_lock
from .private_file import write_private
from .version import PROTOCOL_VERSION, SOFTWARE_VERSION

FILE_NAME = "connection.json"
LOCK_NAME = "lock"
"""A file in a backend's home that the backend keeps locked as long as it lives."""
SIZE_LIMIT = 64 << 10
OFFLINE_VARIABLE = "CAMEO_OFFLINE"
"""Environment variable: set for a backend that may not use the network, because Blender may not."""


@dataclass(frozen=True)
class Connection:
    """A running backend.

    Attributes:
        endpoint: ZeroMQ address of the main socket: submit, events, results.
        control: ZeroMQ address of the control socket: ping, cancel, shutdown; answers while the main one is busy.
        pid: process id of the backend.
        protocol: (major, minor) it speaks.
        software: version of Cameo.
    """

    endpoint: str
    control: str
    pid: int
    protocol: tuple[int, int] = PROTOCOL_VERSION
    software: str = SOFTWARE_VERSION


def default_home() -> Path:
    """The folder of a backend's journal, jobs and connection file: ``$CAMEO_HOME``, else the platform's data folder."""
    if home := os.environ.get("CAMEO_HOME"):
        return Path(home)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "Cameo"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "Cameo"
    return Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local" / "share")) / "cameo"


def write_connection(home: Path, connection: Connection) -> Path:
    """Put the file into ``home``, whole at once, readable by its owner only. Returns its path."""
    path = home / FILE_NAME
    write_private(path, json.dumps(asdict(connection)))
    return path


def read_connection(home: Path) -> Connection:
    """The backend that runs in ``home``.

    Raises:
        ConnectionFileError: ``connection.none`` (never started or stopped), ``connection.stale`` (its process is gone,
            even if another program has got its number), ``connection.damaged``.
    """
    path = home / FILE_NAME
    try:
        with open(path, encoding="utf-8") as stream:
            content = json.loads(stream.read(SIZE_LIMIT))
        connection = _checked(content)
    except FileNotFoundError as error:
        raise ConnectionFileError(
            "connection.none", "No backend is running.", cause=f"{path} does not exist", fix="Start the backend."
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise ConnectionFileError(
            "connection.damaged",
            "The backend's connection file cannot be read.",
            cause=f"{path}: {error}",
            fix="Start the backend.",
        ) from error
    if not process_exists(connection.pid) or home_is_held(home) is False:
        raise ConnectionFileError(
            "connection.stale",
            "The backend has stopped.",
            cause=f"process {connection.pid} of {path} is gone",
            fix="Start the backend.",
        )
    return connection


def home_is_held(home: Path) -> bool | None:
    """Whether a backend lives in ``home``, which keeps its lock; None where there is no lock that would tell."""
    try:
        with open(home / LOCK_NAME, "rb+") as stream:
            return not try_lock(stream)  # let go of at once
    except OSError:
        return None


def remove_connection(home: Path, pid: int) -> None:
    """Take the file away if it is that of process ``pid``: a newer backend's file stays."""
    path = home / FILE_NAME
    try:
        if json.loads(path.read_text(encoding="utf-8")).get("pid") == pid:
            path.unlink()
    except (OSError, ValueError, AttributeError):
        return  # gone or damaged: nothing that would mislead a client


def forget_connection(home: Path) -> None:
    """Take the file away, whosever it is. Only for who holds the lock of ``home``."""
    (home / FILE_NAME).unlink(missing_ok=True)
    for half in home.glob(f".{FILE_NAME}.*.tmp"):  # of one that was killed while it wrote
        half.unlink(missing_ok=True)


def process_exists(pid: int) -> bool:
    """Whether a process of this id runs now. Another program may have got the id: the lock of its home tells."""
    if sys.platform == "win32":
        return _windows_process_exists(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _windows_process_exists(pid: int) -> bool:
    synchronize, still_running = 0x00100000, 0x00000102
    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined]
    handle = kernel.OpenProcess(synchronize, False, pid)
    if not handle:
        return False
    try:
        return kernel.WaitForSingleObject(handle, 0) == still_running
    finally:
        kernel.CloseHandle(handle)


def _checked(content: object) -> Connection:
    if not isinstance(content, dict):
        raise ValueError("not a JSON object")
    endpoint, control, pid = content.get("endpoint"), content.get("control"), content.get("pid")
    protocol, software = content.get("protocol"), content.get("software")
    if not isinstance(endpoint, str) or not isinstance(control, str) or not isinstance(software, str):
        raise ValueError("an address or the version is missing")
    if not endpoint.startswith(("tcp://", "ipc://")) or not control.startswith(("tcp://", "ipc://")):
        raise ValueError("an address is neither tcp:// nor ipc://")
    if type(pid) is not int or not 0 < pid < 1 << 32:
        raise ValueError("the process id is missing")
    if not isinstance(protocol, list) or len(protocol) != 2 or any(type(part) is not int for part in protocol):
        raise ValueError("the protocol version is missing")
    return Connection(endpoint, control, pid, (protocol[0], protocol[1]), software)
