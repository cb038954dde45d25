"""What went wrong, in the four parts an artist can use."""

from __future__ import annotations

from dataclasses import dataclass

from ...protocol.errors import CameoError
from ...protocol.messages import Failure


@dataclass(frozen=True)
class Problem:
    """A stable code, what happened, why (may be empty), what to do (may be empty)."""

    code: str
    sentence: str
    cause: str = ""
    fix: str = ""

    @staticmethod
    def of(error: CameoError | Failure) -> Problem:
        return Problem(error.code, error.sentence, error.cause, error.fix)

    def as_error(self) -> CameoError:
        """The same, to be raised."""
        return CameoError(self.code, self.sentence, cause=self.cause, fix=self.fix)

    def __str__(self) -> str:
        parts = [self.sentence]
        parts += [f"Cause: {self.cause}"] if self.cause else []
        parts += [f"What to do: {self.fix}"] if self.fix else []
        return " ".join(parts) + f" [{self.code}]"
