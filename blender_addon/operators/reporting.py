"""How an operator says that it cannot do what it is asked."""

from __future__ import annotations

import bpy

from ...protocol.errors import CameoError
from ..link.problem import Problem
from ..scene.avatar import avatars_in
from ..words import told_at_length, tr


class NeedsAvatar:
    """An operator that is offered where the scene has an avatar."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not avatars_in(context.scene):
            cls.poll_message_set(tr("There is no avatar in this scene"))
            return False
        return True


def refuse(operator: bpy.types.Operator, reason: CameoError | Problem) -> set[str]:
    """Show the artist sentence, cause and fix; a script gets them as RuntimeError."""
    operator.report({"ERROR"}, told_at_length(reason))
    return {"CANCELLED"}
