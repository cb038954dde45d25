"""What a person needs who helps an artist: versions, settings, the connection, the ends of the logs. Nothing that says
who the artist is or what is in the pictures.
"""

from __future__ import annotations

import getpass
import json
import platform
import re
import socket
import sys
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..protocol.version import PROTOCOL_VERSION, SOFTWARE_VERSION
from .film.png import encode_png
from .link.client import BackendClient
from .link.problem import Problem
from .link.remote_backend import RemoteBackend

LOGS = ("backend.log", "worker.log", "examiner.log", "painter.log", "install.log")
_TAIL_BYTES = 64 << 10
_SECRET = "(removed)"
_SHORTEST_NAME = 2
_SECRETS = (
    # a key, token or password that is named
    re.compile(
        r"(?i)\b((?:[\w-]*(?:token|secret|password|passwd|api[_-]?key|authorization))[\"']?\s*[:=]\s*)"
        r"(?:(?:bearer|basic)\s+)?[\"']?[^\s\"',;]+"
    ),
    re.compile(r"(?i)(\bbearer\s+)[\w.~+/=-]{8,}"),
    re.compile(r"(\w+://)[^/\s:@]+:[^/\s@]+(?=@)"),  # user and password of an address
    re.compile(r"()\b(?:hf|ghp|gho|github_pat|sk|xox[bp])[_-]\w{12,}"),
    re.compile(r"(?i)(\b(?:public|secret|server|client)[ _-]?key\W{1,4})[\w.\-:+=^!/*?&<>()\[\]{}@%$#]{20,}"),
)


@dataclass(frozen=True)
class Scrubber:
    """Takes out who the artist is: folders, user, computer, names of heads, keys.

    Attributes:
        replaced: text to what stands for it.
    """

    replaced: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def of_this_computer(
        names: Iterable[str] = (), folders: Mapping[str, Path] | None = None, remote: RemoteBackend | None = None
    ) -> Scrubber:
        """
        Args:
            names: what the artist calls things.
            folders: places chosen in the preferences, by what to call them.
            remote: the backend on another computer that is in use.
        """
        replaced: dict[str, str] = {}
        for title, folder in (folders or {}).items():
            replaced[str(folder)] = f"<{title}>"
            replaced[str(folder.absolute())] = f"<{title}>"
        replaced[str(Path.home())] = "~"
        for number, name in enumerate(dict.fromkeys(names)):
            replaced[name] = f"<head {number + 1}>"
        if remote is not None:
            replaced |= dict.fromkeys(remote.private_words(), "<remote>")
        replaced[_user()] = "<user>"
        replaced[socket.gethostname()] = "<computer>"
        return Scrubber({text: mark for text, mark in replaced.items() if len(text) >= _SHORTEST_NAME})

    def scrub(self, text: str) -> str:
        """``text`` without them, in either way of writing a path, in any case of letters."""
        for secret in _SECRETS:
            text = secret.sub(lambda found: found[1] + _SECRET, text)
        for known in sorted(self.replaced, key=len, reverse=True):
            for written in {known, known.replace("\\", "/"), known.replace("\\", "\\\\")}:
                exact = re.escape(written)
                whole_word = rf"(?<![a-zA-Z]){exact}(?![a-zA-Z])" if written.isalnum() else exact
                text = re.sub(whole_word, lambda _, mark=self.replaced[known]: mark, text, flags=re.IGNORECASE)
        return text


def write_bundle(
    path: Path,
    client: BackendClient,
    *,
    blender: Mapping[str, object],
    preferences: Mapping[str, object],
    scrubber: Scrubber,
    install_folder: Path | None = None,
    picture: np.ndarray | None = None,
) -> None:
    """Write the zip.

    Args:
        blender: what Blender says about itself. preferences: of the add-on, by name.
        install_folder: of the managed backend, for its log.
        picture: uint8 [H,W,3] to put in, because the artist said so; None: no picture.

    Raises:
        OSError: it cannot be written.
    """
    report = {
        "cameo": {"software": SOFTWARE_VERSION, "protocol": list(PROTOCOL_VERSION)},
        "blender": dict(blender),
        "computer": _computer(),
        "preferences": dict(preferences),
        "connection": _connection(client),
        "jobs": [_job(job) for job in client.jobs.values()],
        "findings": _findings(client),
    }
    text = json.dumps(report, indent=1, ensure_ascii=False, default=str)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("report.json", scrubber.scrub(text))
        for folder in (client.home, install_folder):
            for name in LOGS:
                if folder is not None and (folder / name).is_file():
                    bundle.writestr(name, scrubber.scrub(log_tail(folder / name)))
        if picture is not None:
            opaque = np.full((*picture.shape[:2], 1), 255, np.uint8)
            bundle.writestr("portrait.png", encode_png(np.concatenate([picture, opaque], 2)))


def log_tail(path: Path) -> str:
    """The end of a log; what is cut in two at its beginning is left out."""
    try:
        with path.open("rb") as stream:
            stream.seek(0, 2)
            start = max(0, stream.tell() - _TAIL_BYTES)
            stream.seek(start)
            text = stream.read().decode("utf-8", "replace")
    except OSError as error:
        return f"{path.name} cannot be read: {error}"
    return text.partition("\n")[2] if start else text


def _computer() -> dict[str, object]:
    return {
        "system": platform.system(),
        "release": platform.release(),
        "machine": platform.machine(),
        "python": sys.version.split()[0],
        "numpy": np.__version__,
    }


def _connection(client: BackendClient) -> dict[str, object]:
    welcome = client.welcome
    return {
        "state": client.state.value,
        "remote": client.remote is not None,
        "problem": _problem(client.problem),
        "backend": None
        if welcome is None
        else {
            "software": welcome.software,
            "device": welcome.device,
            "memory_bytes": welcome.memory_bytes,
            "engines": {engine.name: engine.missing or "ready" for engine in welcome.engines},
            "weights": {row.name: row.present for row in welcome.weights},
        },
        "question": _problem(client.question.problem) if client.question else None,
    }


def _job(job: object) -> dict[str, object]:
    return {
        "name": job.name,
        "state": job.state.value,
        "stage": job.stage,
        "fraction": job.fraction,
        "notices": [_problem(notice) for notice in job.notices],
        "problem": _problem(job.problem),
    }


def _findings(client: BackendClient) -> list[dict[str, object]] | str:
    test = client.self_test
    if test is None or not test.over:
        return "The backend did not say."
    return [{"good": one.good, "found": one.found, "fix": one.fix} for one in test.findings]


def _problem(problem: Problem | None) -> dict[str, str] | None:
    return vars(problem) if problem is not None else None


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no name for this user's number
        return ""
