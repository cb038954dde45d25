"""The artist's language: what the add-on composes goes through Blender's dictionary."""

from __future__ import annotations

import bpy

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
