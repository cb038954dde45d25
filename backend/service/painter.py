"""The process that draws splats for Blender, beside the worker. Its kernels stay warm for the next frame."""

from __future__ import annotations

from ...protocol.messages import Draw, Drawn
from ..pipeline.threads import calm_threads
from .answering import answer_questions


def main() -> None:
    """``python -m cameo.backend.service.painter``, as the server starts it."""
    calm_threads()
    answer_questions(Draw, _draw)


def _draw(question: Draw) -> Drawn:
    from ..pipeline.drawing import draw  # what it imports takes longest

    return draw(question)


if __name__ == "__main__":
    main()
