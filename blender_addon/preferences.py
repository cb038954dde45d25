"""The add-on's preferences, and their values where the add-on runs without them (a script that calls ``register``)."""

from __future__ import annotations

from pathlib import Path

import bpy

from ..protocol.connection import default_home

PACKAGE = __package__.rpartition(".")[0]  # "cameo", or "bl_ext.<repository>.cameo"


class CameoPreferences(bpy.types.AddonPreferences):
    """Where the backend is and where avatars go."""

    bl_idname = PACKAGE

    backend: bpy.props.StringProperty(
        name="Backend",
        description="A Cameo checkout, or the Python of the backend's environment. Empty: the checkout the add-on "
        "runs from, or $CAMEO_BACKEND_PYTHON",
        subtype="FILE_PATH",
    )
    home: bpy.props.StringProperty(
        name="Jobs",
        description="Folder of the backend's jobs. Empty: the user's data folder, or $CAMEO_HOME",
        subtype="DIR_PATH",
    )
    avatars: bpy.props.StringProperty(
        name="Avatars",
        description="Folder for finished avatar files. Empty: the add-on's own folder",
        subtype="DIR_PATH",
    )
    head_model: bpy.props.StringProperty(
        name="Head Model",
        description="A model file of FLAME, for those who have a licence for it. Empty: Cameo's own head",
        subtype="FILE_PATH",
    )
    outlive_blender: bpy.props.BoolProperty(
        name="Keep Backend Running",
        description="Let the backend finish its jobs after Blender is closed; the results wait",
        default=True,
    )

    def draw(self, context: bpy.types.Context) -> None:
        for name in ("backend", "home", "avatars", "head_model", "outlive_blender"):
            self.layout.prop(self, name)


def current() -> CameoPreferences | None:
    """The preferences, or None where the add-on was registered by a script."""
    addon = bpy.context.preferences.addons.get(PACKAGE)
    return None if addon is None else addon.preferences


def backend_python() -> str:
    chosen = current()
    return chosen.backend if chosen else ""


def head_model_path() -> str:
    """FLAME's model file; empty for the built-in head."""
    chosen = current()
    return bpy.path.abspath(chosen.head_model) if chosen else ""


def outlive_blender() -> bool:
    chosen = current()
    return bool(chosen and chosen.outlive_blender)


def home() -> Path:
    chosen = current()
    return Path(bpy.path.abspath(chosen.home)) if chosen and chosen.home else default_home()


def avatar_folder() -> Path:
    """Where finished avatars go: as chosen, else the folder that Blender gives an extension, else the data folder."""
    chosen = current()
    if chosen and chosen.avatars:
        return Path(bpy.path.abspath(chosen.avatars))
    if PACKAGE.startswith("bl_ext."):
        return Path(bpy.utils.extension_path_user(PACKAGE, path="avatars"))
    return default_home() / "avatars"
