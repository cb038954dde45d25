"""The loop of a process that answers questions: they come on stdin, answers go to stdout. It ends with its stdin."""

from __future__ import annotations

import logging
import os
import queue
import threading
from collections.abc import Callable
from typing import BinaryIO, NoReturn, TypeVar

from ...protocol.errors import ProtocolError
from ...protocol.messages import JobMessage, Message
from ..errors import CameoError
from .failures import failure_of
from .pipe import own_streams, read_message, write_message

_log = logging.getLogger(__name__)
Question = TypeVar("Question", bound=JobMessage)


def answer_questions(kind: type[Question], answer: Callable[[Question], Message]) -> NoReturn:
    """Answer every question of the ``kind``, one after the other; an exception becomes a :class:`Failure`."""
    stdin, stdout = own_streams()
    questions: queue.SimpleQueue[Question] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(stdin, kind, questions), daemon=True).start()
    while True:
        write_message(stdout, _answer(questions.get(), answer))


def _listen(stdin: BinaryIO, kind: type[Question], questions: queue.SimpleQueue[Question]) -> None:
    try:
        while (message := read_message(stdin)) is not None:
            if isinstance(message, kind):
                questions.put(message)
    except ProtocolError as error:
        _log.error("the server's stream is garbled: %s", error)
    os._exit(0)


def _answer(question: Question, answer: Callable[[Question], Message]) -> Message:
    try:
        return answer(question)
    except CameoError as error:
        return failure_of(error, question.job)
    except Exception as error:  # noqa: BLE001 - the process's border: whatever one question does, the next is answered
        _log.exception("question %s", question.job)
        return failure_of(error, question.job)
