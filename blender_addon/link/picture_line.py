"""A connection of its own for pictures that the backend draws. It waits, which nothing else in here does: the one who
asks is a render, which has nothing else to do, and whose thread nobody polls."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType

from ...protocol.errors import CameoError
from ...protocol.messages import Draw, Drawn, Failure, Hello
from ...protocol.version import SOFTWARE_VERSION
from .client import client_name
from .problem import Problem
from .remote_backend import SILENCE_SECONDS
from .socket_thread import Address, SocketThread

_LOOK_SECONDS = 0.002
_SILENCE_SECONDS = 3.0
_REST_SECONDS = 60.0
_silent_since: dict[Address, float] = {}


class PictureLine:
    """A line to the backend at ``address``. For ``with``.

    One that has not answered is left alone for a minute: every frame of a film would wait for it.

    Raises:
        CameoError: ``backend.silent``, of a backend that is being left alone.
    """

    def __init__(self, address: Address, blender_version: str) -> None:
        self._address = address
        if time.monotonic() - _silent_since.get(address, -_REST_SECONDS) < _REST_SECONDS:
            raise _silent()
        self._line = SocketThread(address, [Hello(SOFTWARE_VERSION, client_name(blender_version))])
        self._patience = SILENCE_SECONDS if address.keys else _SILENCE_SECONDS

    def __enter__(self) -> PictureLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._line.close()

    def draw(self, question: Draw, cancelled: Callable[[], bool]) -> Drawn | None:
        """The picture; None when ``cancelled()`` came true first.

        Raises:
            CameoError: what the backend said, or ``backend.silent``.
        """
        self._line.send(question)
        while not cancelled():
            match self._line.next_incoming():
                case Drawn(job=question.job) as drawn:
                    return drawn
                case Failure() as failure if failure.job in ("", question.job):
                    raise Problem.of(failure).as_error()
                case Problem() as problem:
                    raise problem.as_error()
                case None:
                    self._check()
                    time.sleep(_LOOK_SECONDS)
        return None

    def _check(self) -> None:
        if self._line.obstacle is not None or self._line.seconds_silent() > self._patience:
            _silent_since[self._address] = time.monotonic()
            raise _silent()


def _silent() -> CameoError:
    return CameoError(
        "backend.silent",
        "The backend does not answer.",
        cause="it was asked for a picture and said nothing for seconds",
        fix="Look at its state in panel Backend. It is asked again after a minute.",
    )
