"""Download one large file: it goes on where it stopped, notices what is cut short, and is there whole or not at all."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ...protocol.version import SOFTWARE_VERSION
from ..errors import AssetError
from .cache import disk_full
from .records import write_json

RETRY_WAITS_S = (1.0, 2.0, 4.0, 8.0)
"""Between attempts that brought nothing new; what brings something starts the count again."""
SILENCE_S = 30.0
"""A server that sends nothing for so long is asked anew."""
_LONGEST_WAIT_S = 60.0
_BLOCK = 256 << 10
_POLL_S = 0.1
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_NETWORK = (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError, OSError)
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class _Interrupted(Exception):  # noqa: N818 - the download goes on after it
    """This attempt is over; another may do better."""

    def __init__(self, cause: str, wait: float = 0.0) -> None:
        super().__init__(cause)
        self.wait = wait


@dataclass
class _Note:
    """Kept beside a part: of which version of which address it is."""

    address: str
    validator: str = ""
    whole: int | None = None


class Download:
    """One file from one address."""

    def __init__(self, address: str, target: Path, size: int | None, sha256: str | None) -> None:
        """``size``, ``sha256``: what the file must have; None: not known, then what the server says counts."""
        self._address, self._target = address, target
        self._size, self._sha256 = size, sha256
        self._part = target.with_name(f"{target.name}.part")
        self._note_path = target.with_name(f"{target.name}.part.json")
        self._digest = hashlib.sha256()
        self._resumed = False

    def run(self, tell: Callable[[int], None]) -> None:
        """Fetch the file to its target. ``tell`` hears how many bytes of it are here, and may raise to stop.

        What has arrived stays beside the target as ``.part`` when this ends in any other way.

        Raises:
            AssetError: ``weights.refused_by_server``, ``weights.interrupted``, ``weights.web_page``,
                ``weights.wrong_size``, ``asset.checksum``, ``asset.disk_full``.
        """
        self._target.parent.mkdir(parents=True, exist_ok=True)
        furthest, waits = self._have(), iter(RETRY_WAITS_S)
        while True:
            try:
                self._attempt(tell)
                if self._finish():
                    return
            except _Interrupted as problem:
                if self._have() > furthest:
                    furthest, waits = self._have(), iter(RETRY_WAITS_S)
                wait = next(waits, None)
                if wait is None:
                    raise self._broken_off(str(problem)) from problem
                _pause(max(wait, problem.wait), lambda: tell(self._have()))

    def _have(self) -> int:
        return self._part.stat().st_size if self._part.exists() else 0

    def _attempt(self, tell: Callable[[int], None]) -> None:
        """Bring the part to its full length; an answer that cannot continue it begins it anew."""
        have, note = self._have(), self._note()
        if have and have == (self._size or note.whole):
            self._rehash()
            return
        continues = bool(have and (note.validator or self._sha256))
        try:
            response = urllib.request.urlopen(self._request(have if continues else 0, note), timeout=SILENCE_S)
        except urllib.error.HTTPError as error:
            self._answer_to(error, note)
        except _NETWORK as error:
            raise _Interrupted(str(error)) from error
        else:
            with response:
                start, whole = self._begin(response, have if continues else 0, note)
                self._receive(response, start, whole, tell)

    def _request(self, start: int, note: _Note) -> urllib.request.Request:
        headers = {"User-Agent": f"Cameo/{SOFTWARE_VERSION}", "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
            if note.validator and note.address == self._address:
                headers["If-Range"] = note.validator
        return urllib.request.Request(self._address, headers=headers)

    def _answer_to(self, error: urllib.error.HTTPError, note: _Note) -> None:
        """An answer that is no file."""
        with error:
            if error.code == 416:  # the part is longer than the file on the server
                self._forget()
                raise _Interrupted("the server has a shorter file now")
            if error.code in _PASSING:
                asked = error.headers.get("Retry-After", "")
                wait = min(float(asked), _LONGEST_WAIT_S) if asked.isdecimal() else 0.0
                raise _Interrupted(f"{error.code} {error.reason}", wait)
            raise AssetError(
                "weights.refused_by_server",
                f"The server does not give {self._target.name}.",
                cause=f"{error.code} {error.reason}: {self._address}",
                fix="Open the model's page in a browser ('cameo weights licences' names it), download the files there, "
                "then type: cameo weights import FOLDER",
            ) from error

    def _begin(self, response: http.client.HTTPResponse, have: int, note: _Note) -> tuple[int, int | None]:
        """Where the answer starts in the file, and how long the file is if the server says so."""
        if response.headers.get_content_type() == "text/html":
            raise AssetError(
                "weights.web_page",
                f"Instead of {self._target.name} came a web page.",
                cause=f"{self._address} asks for a login, or a network in between shows a page of its own.",
                fix="Open the address in a browser to see what it says.",
            )
        validator = _validator(response)
        length = response.headers.get("Content-Length")
        start, whole = 0, int(length) if length is not None else None
        if response.status == 206:
            told = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
            changed = note.address == self._address and note.validator not in ("", validator)
            if told is None or int(told[1]) != have or changed:
                self._forget()
                raise _Interrupted("the server sent another part of the file, or of another file")
            start, whole = have, int(told[2]) if told[2] != "*" else None
        if self._size is not None and whole not in (None, self._size):
            raise AssetError(
                "weights.wrong_size",
                f"The server's file {self._target.name} is another one.",
                cause=f"{self._address} has {whole} bytes, the published file has {self._size}.",
                fix="Try again later; if it stays so, the file was replaced: look for a newer Cameo.",
            )
        if start == 0:
            self._part.unlink(missing_ok=True)
            write_json(self._note_path, vars(_Note(self._address, validator, whole)))
        return start, whole if whole is not None else self._size

    def _receive(
        self, response: http.client.HTTPResponse, start: int, whole: int | None, tell: Callable[[int], None]
    ) -> None:
        if start:
            self._rehash()
        else:
            self._digest = hashlib.sha256()
        have = start
        with self._part.open("ab") as out:
            while block := _next_block(response):
                self._write(out, block)
                have += len(block)
                tell(have)
        if whole is not None and have < whole:
            raise _Interrupted(f"the connection ended after {have} of {whole} bytes")
        if whole is not None and have > whole:
            self._forget()
            raise _Interrupted(f"the server sent {have} bytes of a file of {whole}")

    def _write(self, out: IO[bytes], block: bytes) -> None:
        try:
            out.write(block)
            out.flush()
        except OSError as error:
            raise disk_full(self._target.parent, str(error)) from error
        self._digest.update(block)

    def _finish(self) -> bool:
        """Give the whole file its name; False when a continued part turned out wrong and is to be fetched anew."""
        if self._sha256 is not None and self._digest.hexdigest() != self._sha256:
            got = self._digest.hexdigest()
            self._forget()
            if self._resumed:
                self._resumed = False
                return False
            raise AssetError(
                "asset.checksum",
                f"The file {self._target.name} is not the published one.",
                cause=f"{self._address} gave sha256 {got[:16]}..., expected {self._sha256[:16]}...",
                fix="Try again; if it happens twice, the server or a network in between serves an altered file.",
            )
        with self._part.open("rb+") as out:
            os.fsync(out.fileno())
        os.replace(self._part, self._target)
        self._note_path.unlink(missing_ok=True)
        return True

    def _rehash(self) -> None:
        """The hash of the part as it lies on disk, from an earlier attempt or process."""
        with self._part.open("rb") as file:
            self._digest = hashlib.file_digest(file, hashlib.sha256)
        self._resumed = True

    def _forget(self) -> None:
        self._part.unlink(missing_ok=True)
        self._note_path.unlink(missing_ok=True)

    def _note(self) -> _Note:
        try:
            return _Note(**json.loads(self._note_path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return _Note("")

    def _broken_off(self, cause: str) -> AssetError:
        return AssetError(
            "weights.interrupted",
            f"The download of {self._target.name} broke off.",
            cause=f"{self._address}: {cause}",
            fix="Check the network and type the same command again: it goes on from what has arrived "
            f"({self._have() / 1e6:.0f} MB).",
        )


def _validator(response: http.client.HTTPResponse) -> str:
    """What tells one version of the file from another: a strong ETag, else the date (RFC 9110, section 13.1.5)."""
    etag = response.headers.get("ETag", "")
    return etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified", "")


def _next_block(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read1(_BLOCK)
    except _NETWORK as error:
        raise _Interrupted(str(error) or type(error).__name__) from error


def _pause(seconds: float, poll: Callable[[], None]) -> None:
    """Wait; ``poll`` may raise to stop."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        poll()
        time.sleep(min(_POLL_S, left))
