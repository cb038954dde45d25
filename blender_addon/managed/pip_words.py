"""What pip says, as a line and a fraction for the artist; and its last words, as a problem that can be mended."""

from __future__ import annotations

import re

from ..link.problem import Problem

_DOWNLOAD = re.compile(r"\s*Downloading (?:\S*/)?([A-Za-z0-9_.]+?)-\d\S*\s*(?:\(([\d.]+ [kMG]B)\))?")
_LOCAL = re.compile(r"Processing .*?([A-Za-z0-9_.]+?)-\d[^/\\]*\.whl")
_COLLECTED_SHARE = 0.7  # of the time: collecting and downloading; the rest is unpacking


class PipProgress:
    """Reads pip's lines as they come.

    Attributes:
        fraction: 0..1 of this pip run. line: what it does, for the panel.
    """

    def __init__(self, packages: int) -> None:
        self.fraction = 0.0
        self.line = "Looking for packages"
        self._packages = max(packages, 1)
        self._collected = 0
        self._what = ""

    def hear(self, line: str) -> None:
        """Take in one line."""
        if line.startswith("Collecting "):
            self._collected += 1
            self._what = re.split(r"[=<>~! (]", line.removeprefix("Collecting "))[0]
            self._reach(0.0, f"Looking for {self._what}")
        elif found := _LOCAL.match(line):
            self._collected += 1
            self._reach(0.0, f"Taking {found[1]} from the folder of packages")
        elif (found := _DOWNLOAD.match(line)) and ".metadata" not in line:
            self._what = found[1]
            self._reach(0.0, f"Downloading {self._what}" + (f" ({found[2]})" if found[2] else ""))
        elif found := re.match(r"Progress (\d+) of (\d+)", line):
            done, total = int(found[1]), max(int(found[2]), 1)
            if total > 1 << 20:
                self._reach(done / total, f"Downloading {self._what}: {done >> 20} of {total >> 20} MB")
        elif line.startswith("Installing collected"):
            self._collected = self._packages
            self._reach(1.0, "Unpacking; this takes some minutes")

    def _reach(self, of_this_one: float, line: str) -> None:
        share = min((self._collected - 1 + of_this_one) / self._packages, 1.0)
        self.fraction = max(self.fraction, _COLLECTED_SHARE * max(share, 0.0))
        self.line = line


def problem_of(said: str, what: str) -> Problem:
    """Why pip failed.

    Args:
        said: its last lines.
        what: what was being installed, for the sentence.
    """
    errors = [line for line in said.splitlines() if line.startswith(("ERROR", "error", "OSError"))]
    cause = (errors or said.splitlines() or ["pip said nothing"])[-1].removeprefix("ERROR: ")[:300]
    if re.search(r"No space left|Errno 28|not enough space", said):
        return disk_full(cause)
    if re.search(
        r"is invalid|BadZipFile|bad RECORD|do not match the hashes|invalid wheel|not a valid wheel", said, re.I
    ):
        return Problem(
            "install.package_damaged",
            f"A package of {what} is damaged.",
            cause,
            "Press Retry: it is downloaded again. If you install from a folder of packages, copy that file again.",
        )
    if re.search(
        r"Failed to establish|name resolution|ConnectionError|timed out|SSLError|ProxyError", said, re.IGNORECASE
    ):
        return Problem(
            "install.no_network",
            "The package index cannot be reached.",
            cause,
            "Check the network (and a proxy's settings), then press Retry; or choose a folder with the packages.",
        )
    if re.search(r"No matching distribution|Could not find a version", said):
        return Problem(
            "install.package_missing",
            f"A package of {what} is not to be had for this computer.",
            cause,
            "If you install from a folder of packages, it lacks this one. Else try another Python in the preferences.",
        )
    return Problem(
        "install.failed",
        f"Installing {what} failed.",
        cause,
        "Read the log, then press Retry: nothing that was there before was changed.",
    )


def disk_full(cause: str) -> Problem:
    return Problem(
        "install.disk_full",
        "The disk is too full for the backend.",
        cause,
        "Free some space, or choose a folder on another disk in the add-on's preferences.",
    )
