"""The process that looks at pictures. It needs no torch, so it starts quickly.

It works beside the worker, so that an artist can choose the next picture while a head is made.
"""

from __future__ import annotations

from ...protocol.messages import Examine, Examined
from .answering import answer_questions


def main() -> None:
    """``python -m cameo.backend.service.examiner``, as the server starts it."""
    answer_questions(Examine, _look)


def _look(question: Examine) -> Examined:
    from ..pipeline.examination import examine  # what it imports takes longest

    return examine(question)


if __name__ == "__main__":
    main()
