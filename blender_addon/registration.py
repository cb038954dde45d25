"""Bringing the add-on into Blender and taking it out again without a trace."""

from __future__ import annotations

import bpy

from . import command_line, film_settings, operators, panels, preferences, properties, session, translations
from .portrait import settings as portrait_settings
from .render import engine, viewport

CLASSES = (preferences.CameoPreferences, *properties.CLASSES, *operators.CLASSES, *panels.CLASSES)


def register() -> None:
    translations.register()
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    properties.add_pointers()
    film_settings.register()
    portrait_settings.register()
    command_line.register()
    engine.register(session.backend_address)
    viewport.register()
    panels.previews.open_previews()
    panels.menus.register()
    panels.motion.register()
    panels.portrait.register()
    panels.render_tab.register()
    session.start()


def unregister() -> None:
    session.end()
    panels.render_tab.unregister()
    panels.portrait.unregister()
    panels.motion.unregister()
    panels.menus.unregister()
    panels.previews.close_previews()
    viewport.unregister()
    engine.unregister()
    command_line.unregister()
    portrait_settings.unregister()
    film_settings.unregister()
    properties.remove_pointers()
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
    translations.unregister()
