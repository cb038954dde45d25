"""The artist's language: what the add-on composes, and what others said in English."""

from __future__ import annotations

import bpy

from ..protocol.errors import CameoError
from .link.problem import Problem
from .sentences import SOURCE, said_in

CAMEO = "Cameo"
"""Context of names that Blender's own dictionary, which goes first, says otherwise: a face is a mesh's there."""


def tr(template: str, **fields: object) -> str:
    """The template in Blender's language, then its fields filled in, as ``str.format`` does.

    Text that is drawn as it stands is translated by Blender itself (labels, names of operators and properties,
    tooltips) or by ``draw_text``. This is for text with fields and for reports. Write the template as one literal: the
    test of the dictionaries reads it from the source.
    """
    text = bpy.app.translations.pgettext_iface(template)
    return text.format(**fields) if fields else text


def language() -> str:
    """Blender's name of the language that its windows are in, such as ``"de_DE"``."""
    return bpy.app.translations.locale if bpy.context.preferences.view.use_translate_interface else SOURCE


def told(family: str, sentence: str) -> str:
    """A finished English sentence in the artist's language; see :func:`.sentences.said_in`."""
    return said_in(language(), family, sentence)


def told_problem(problem: Problem | CameoError) -> Problem:
    """An error in the artist's language. Logs and scripts keep the English one."""
    family = problem.code.partition(".")[0]
    parts = (told(family, part) for part in (problem.sentence, problem.cause, problem.fix))
    return Problem(problem.code, *parts)


def told_at_length(problem: Problem | CameoError) -> str:
    """An error in the artist's language and in one text, for a report."""
    said = told_problem(problem)
    parts = [said.sentence]
    parts += [tr("Cause: {cause}", cause=said.cause)] if said.cause else []
    parts += [tr("What to do: {fix}", fix=said.fix)] if said.fix else []
    return " ".join(parts) + f" [{said.code}]"
