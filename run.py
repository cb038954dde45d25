#!/usr/bin/env python3
"""Cameo's commands for a checkout. Needs nothing but Python 3.11 or newer; makes its environments in ``.cameo/``.

python3 run.py demo [PHOTO] [--out DIR] [--preset preview]   a head from a photo, animated and rendered by Blender
python3 run.py test                                          everything that decides whether Cameo is whole
python3 run.py cameo ARGS...                                 the `cameo` command in the backend's environment
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import IO

from tools import environments

ROOT = Path(__file__).resolve().parent
_PRINTING = Lock()
_GENERATING = ("tests/engines", "tests/parity")
"""With Blender's suites, half of the time that all tests take."""


def child_environment() -> dict[str, str]:
    """Environment variables of every child: torch's and Numba's threads must not spin against each other."""
    return {"OMP_WAIT_POLICY": "PASSIVE", "PYTHONUNBUFFERED": "1", **os.environ}


def run_child(command: list[str], output: IO[bytes] | None = None) -> int:
    streams = {"stdout": output, "stderr": subprocess.STDOUT} if output else {}
    return subprocess.run(command, cwd=ROOT, env=child_environment(), check=False, **streams).returncode


def demo(arguments: argparse.Namespace) -> int:
    """Photo to turntable through the add-on's own operators, in a headless Blender."""
    backend = environments.ensure(environments.BACKEND)
    blender = environments.ensure(environments.blender_environment())
    command = [str(blender), "-m", "cameo.tools.demo", "--out", str(Path(arguments.out).resolve())]
    command += ["--preset", arguments.preset, "--backend-python", str(backend)]
    if arguments.photo is not None:
        command += ["--photo", str(Path(arguments.photo).resolve())]
    return run_child(command)


def cameo(arguments: argparse.Namespace) -> int:
    backend = environments.ensure(environments.BACKEND)
    command = [str(backend), "-m", "cameo.backend", *arguments.rest]
    return subprocess.run(command, env=child_environment(), check=False).returncode


@dataclass
class Tally:
    """What the checks counted, and which of them failed."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    broken: list[str] = field(default_factory=list)

    def add(self, title: str, passed: int, failed: int, skipped: int = 0) -> None:
        self.passed, self.failed, self.skipped = self.passed + passed, self.failed + failed, self.skipped + skipped
        if failed:
            self.broken.append(title)


def check(tally: Tally, title: str, command: list[str]) -> None:
    """A check that is one yes or no."""
    print(f"\n== {title}", flush=True)
    good = run_child(command) == 0
    tally.add(title, int(good), int(not good))


@dataclass(frozen=True)
class Suite:
    """One pytest run. ``python`` may wait until its environment has been made."""

    title: str
    python: Callable[[], Path]
    arguments: tuple[str, ...]


def run_suites(tally: Tally, lanes: Sequence[Sequence[Suite]]) -> None:
    """Lanes run side by side, the suites of one after each other; each says what it has to say when it has ended."""
    with ThreadPoolExecutor(len(lanes)) as pool:
        for lane in [pool.submit(lambda suites=lane: [run_suite(tally, suite) for suite in suites]) for lane in lanes]:
            lane.result()


def run_suite(tally: Tally, suite: Suite) -> None:
    """Its own report gives the counts, and a run that tested nothing is a failure."""
    python = str(suite.python())
    print(f"\n== {suite.title} ...", flush=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report, log = Path(folder) / "report.xml", Path(folder) / "log.txt"
        command = [python, "-m", "pytest", "-q", "--durations=8", f"--junitxml={report}", *suite.arguments]
        with open(log, "wb") as output:
            code = run_child(command, output)
        with _PRINTING:
            print(f"\n== {suite.title}: {time.monotonic() - started:.0f} s", flush=True)
            print(log.read_text(encoding="utf-8", errors="replace"), flush=True)
            tally.add(suite.title, *_counts(report, code))


def _counts(report: Path, code: int) -> tuple[int, int, int]:
    """Passed, failed, skipped."""
    if not report.is_file():
        return 0, 1, 0
    suite = ElementTree.parse(report).getroot().find("testsuite")
    tests, failures, errors, skipped = (
        int(suite.get(name, "0")) if suite is not None else 0 for name in ("tests", "failures", "errors", "skipped")
    )
    failed = failures + errors
    return tests - failed - skipped, failed or int(code != 0), skipped


def test(_: argparse.Namespace) -> int:
    """All checks, on a machine that may have nothing but Python."""
    tally = Tally()
    backend = environments.ensure(environments.with_tests(environments.BACKEND))
    python = str(backend)
    check(tally, "ruff", [python, "-m", "ruff", "check", "."])
    check(tally, "ruff format", [python, "-m", "ruff", "format", "--check", "."])
    check(tally, "pyright", [python, "-m", "pyright"])
    blender = [environments.BLENDER_50]
    if environments.blender_environment() is environments.BLENDER_52:
        blender.insert(0, environments.BLENDER_52)
    else:
        print("\n== Blender 5.2 is left out: it needs Python 3.13, and none was found", flush=True)
    installer = ThreadPoolExecutor(1)  # Blender is installed while the first suites run
    pythons = {one.title: installer.submit(environments.ensure, environments.with_tests(one)) for one in blender}
    elsewhere = tuple(f"--ignore={folder}" for folder in (*_GENERATING, "tests/blender", "tests/e2e"))
    of_blender = [Suite(title, made.result, ("tests/blender",)) for title, made in pythons.items()]
    generating = Suite("engines", lambda: backend, _GENERATING)
    run_suites(tally, [[generating, *of_blender], [Suite("backend", lambda: backend, ("tests", *elsewhere))]])
    last = next(iter(pythons.values())).result
    run_suites(tally, [[Suite("end to end", last, ("tests/e2e",))]])  # alone: it measures time
    for title in tally.broken:
        print(f"failed: {title}")
    print(f"skipped: {tally.skipped}")
    print(f"\n{tally.passed} passed, {tally.failed} failed", flush=True)
    return 1 if tally.failed or not tally.passed else 0


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="run.py", description="One portrait becomes an animated 3D head in Blender.")
    commands = top.add_subparsers(dest="command", required=True)
    one = commands.add_parser("demo", help="make a head from a photo and render its turntable")
    one.add_argument("photo", nargs="?", help="a picture with one face (default: a public-domain portrait)")
    one.add_argument("--out", default="out/demo", help="where the files go (default: out/demo)")
    one.add_argument("--preset", default="preview", help="quality (default: preview)")
    one.set_defaults(run=demo)
    two = commands.add_parser("test", help="install what the tests need and run them all")
    two.set_defaults(run=test)
    three = commands.add_parser("cameo", help="the cameo command", add_help=False)
    three.add_argument("rest", nargs=argparse.REMAINDER)
    three.set_defaults(run=cameo)
    return top


def main() -> int:
    if sys.version_info < (3, 11):  # noqa: UP036 (the person may run it with anything)
        print("Cameo needs Python 3.11 or newer; this is", sys.version.split()[0], file=sys.stderr)
        return 2
    arguments = parser().parse_args()
    try:
        return arguments.run(arguments)
    except environments.SetupError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. Run the same command again to go on.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
