"""How a part of the installation says that it cannot go on."""

from __future__ import annotations

from ..link.problem import Problem


class Refused(Exception):  # noqa: N818 - it says what is the case
    """The installation cannot go on; ``problem`` says why and what to do."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.sentence)
        self.problem = problem


class Cancelled(Exception):  # noqa: N818 - nobody erred
    """The artist stopped the installation."""


def unwritable(path: object, error: OSError) -> Refused:
    """The folder of the managed backend cannot be written."""
    return Refused(
        Problem(
            "install.unwritable",
            f"The folder of the backend cannot be written: {path}.",
            str(error),
            "Choose another folder for the backend in the add-on's preferences.",
        )
    )
