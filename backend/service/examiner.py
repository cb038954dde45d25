"""The process that looks at pictures: questions on stdin, answers on stdout. It needs no torch, so it starts quickly.

It works beside the worker, so that an artist can choose the next picture while a head is made. It ends when its stdin
closes.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
from typing import BinaryIO

from ...protocol.errors import ProtocolError
from ...protocol.messages import Examine, Message
from ..errors import CameoError
from .failures import failure_of
from .pipe import own_streams, read_message, write_message

_log = logging.getLogger(__name__)


def main() -> None:
    """``python -m cameo.backend.service.examiner``, as the server starts it."""
    stdin, stdout = own_streams()
    questions: queue.SimpleQueue[Examine] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(stdin, questions), daemon=True).start()
    while True:
        write_message(stdout, _answer(questions.get()))


def _listen(stdin: BinaryIO, questions: queue.SimpleQueue[Examine]) -> None:
    try:
        while (message := read_message(stdin)) is not None:
            if isinstance(message, Examine):
                questions.put(message)
    except ProtocolError as error:
        _log.error("the server's stream is garbled: %s", error)
    os._exit(0)


def _answer(question: Examine) -> Message:
    from ..pipeline.examination import examine  # what it imports takes longest

    try:
        return examine(question)
    except CameoError as error:
        return failure_of(error, question.job)
    except Exception as error:  # noqa: BLE001 - the process's border: whatever one picture does, the next one is looked at
        _log.exception("question %s", question.job)
        return failure_of(error, question.job)


if __name__ == "__main__":
    main()
