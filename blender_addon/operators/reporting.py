"""How an operator says that it could not do what it was asked."""

from __future__ import annotations

import bpy

from ...protocol.errors import CameoError
from ..link.problem import Problem


def refuse(operator: bpy.types.Operator, reason: CameoError | Problem) -> set[str]:
    """Show the artist sentence, cause and fix; a script gets them as RuntimeError."""
    operator.report({"ERROR"}, str(reason))
    return {"CANCELLED"}
