"""The add-on's words in the artist's languages. English is the source; Blender looks every text up as it draws it."""

from __future__ import annotations

import bpy

from .de import GERMAN

LANGUAGES = {"de_DE": GERMAN}
"""Blender's name of the language: (context, English text) to the text in that language."""
PACKAGE = __package__  # the name under which Blender keeps them


def register() -> None:
    bpy.app.translations.register(PACKAGE, LANGUAGES)


def unregister() -> None:
    bpy.app.translations.unregister(PACKAGE)
