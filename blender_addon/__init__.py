"""The artist's side of Cameo: talks to the backend, makes avatars Blender data, draws and renders them.

Importing this package imports no ``bpy``; :func:`register` brings everything in.
"""


def register() -> None:
    from . import registration

    registration.register()


def unregister() -> None:
    from . import registration

    registration.unregister()
