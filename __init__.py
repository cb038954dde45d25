"""Cameo: one portrait becomes an animated 3D head inside Blender.

The repository root is both the Python package ``cameo`` and the Blender extension.
Blender calls :func:`register` and :func:`unregister`; nothing else lives here, so that
importing ``cameo`` costs nothing on either side.
"""


def register() -> None:
    from .blender_addon import register as register_addon

    register_addon()


def unregister() -> None:
    from .blender_addon import unregister as unregister_addon

    unregister_addon()
