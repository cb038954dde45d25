"""Ways of getting from a portrait to pictures of a whole head; each ends in a :class:`~..artifacts.PersonalizedSet`."""

from __future__ import annotations

from typing import Any, Protocol

from ..errors import StageError
from ..stage import Stage

ENGINE_TITLES = {
    "builtin": "Built in: from this picture alone, nothing to download",
    "facecraft4d": "FaceCraft4D: generative networks, for a strong GPU",
}
"""Every engine's name, and what it is to the artist. Importing this module imports no engine."""


class Engine(Protocol):
    """What every engine offers."""

    name: str

    def stages(self, config: Any) -> tuple[Stage, ...]:
        """Its steps for a configuration of its own kind, with shares that add up to 1.

        The first finds ``context.artifacts["portrait"]``; the last makes the
        :class:`~..artifacts.PersonalizedSet`.

        Raises:
            CameoError: it cannot run here, and what to do about it: found out before any work is done.
        """
        ...


def get_engine(name: str) -> Engine:
    """The engine of that name.

    Raises:
        StageError: ``engine.unknown``.
    """
    if name == "builtin":
        from .builtin.engine import BuiltinEngine

        return BuiltinEngine()
    if name == "facecraft4d":
        from .facecraft4d.engine import FaceCraft4DEngine

        return FaceCraft4DEngine()
    raise StageError(
        "engine.unknown", f"There is no engine named '{name}'.", fix=f"Choose one of: {', '.join(ENGINE_TITLES)}."
    )
