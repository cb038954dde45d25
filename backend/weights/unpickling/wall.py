"""The second wall around the reader, and its way in and out."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from typing import BinaryIO, NoReturn

import numpy as np
from refusal import REFUSED, Refused
from safetensors.numpy import save

MEMORY_BYTES = 4 << 30
CPU_SECONDS = 60
Taken = tuple[dict[str, np.ndarray], dict[str, str]]
"""Arrays by name, and texts by name for the result's header."""


def _wall() -> None:
    """From here on nothing is opened, imported, run or connected, and memory and time are bounded."""
    if sys.platform != "win32":
        import resource

        for what, most in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CPU, CPU_SECONDS)):
            try:
                resource.setrlimit(what, (most, most))
            except (OSError, ValueError):
                continue  # macOS knows no limit on addresses
    harmless = re.compile(r"(pickle\.find_class|object\.__getattr__|array\.__new__|sys\._getframe|gc\..*)")

    def hook(event: str, _: tuple[object, ...]) -> None:
        if not harmless.fullmatch(event):
            refuse(f"it made the reader attempt '{event}'")

    sys.addaudithook(hook)


def refuse(why: str) -> NoReturn:
    """End the process at once and say why on standard error."""
    os.write(2, json.dumps(why).encode())
    os._exit(REFUSED)


def main(path: str, take: Callable[[BinaryIO], Taken]) -> None:
    """Write what ``take`` finds in the file to standard output as safetensors, or refuse the file."""
    save({"warm": np.zeros(1)})  # whatever numpy and safetensors import late, they import before the wall stands
    with open(path, "rb") as file:
        _wall()
        try:
            result = save(*take(file))
        except Refused as refusal:
            refuse(str(refusal))
        except MemoryError:
            refuse("it needs more memory than such a file may")
        except Exception as error:  # noqa: BLE001 - a damaged pickle fails in any way it likes; each means "unreadable"
            refuse(f"it is damaged ({type(error).__name__}: {error})"[:200])
        view = memoryview(result)
        while view:
            view = view[os.write(1, view) :]
