"""Ways of getting from a portrait to pictures of a whole head; each ends in a :class:`~..artifacts.PersonalizedSet`."""

from __future__ import annotations

from typing import Protocol

from ..artifacts import PersonalizedSet, Portrait
from ..config import BuiltinConfig
from ..errors import StageError
from ..progress import Reporter

ENGINE_TITLES = {"builtin": "Built in: from this picture alone, nothing to download"}
"""Every engine's name, and what it is to the artist. Importing this module imports no engine."""


class Engine(Protocol):
    """What every engine offers."""

    name: str

    def personalize(self, portrait: Portrait, config: BuiltinConfig, reporter: Reporter) -> PersonalizedSet:
        """Make the multi-view, multi-expression pictures of one person."""
        ...


def get_engine(name: str) -> Engine:
    """The engine of that name.

    Raises:
        StageError: ``engine.unknown``.
    """
    if name == "builtin":
        from .builtin.engine import BuiltinEngine

        return BuiltinEngine()
    raise StageError(
        "engine.unknown", f"There is no engine named '{name}'.", fix="Choose 'builtin'; other engines come later."
    )
