"""The add-on's preferences, and their values where the add-on runs without them (a script that calls ``register``)."""

from __future__ import annotations

import os
from pathlib import Path

import bpy

from ..protocol.connection import default_home
from .managed.install import Choices
from .words import tr

PACKAGE = __package__.rpartition(".")[0]  # "cameo", or "bl_ext.<repository>.cameo"

INVITATION_VARIABLE = "CAMEO_INVITATION"


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

    invitation: bpy.props.StringProperty(
        name="Invitation",
        description="The file with which a backend on another computer lets you in; its owner makes it with 'cameo "
        "keys invite'. Empty: the backend of this computer, or $CAMEO_INVITATION",
        subtype="FILE_PATH",
    )
    remote_address: bpy.props.StringProperty(
        name="Address",
        description="Where that computer is, if not where the invitation says: its name or number, such as "
        "192.168.1.20. A port other than 27701 follows after a colon",
    )

    managed: bpy.props.StringProperty(
        name="Install In",
        description="Folder for the backend that Cameo installs. Empty: the add-on's own folder",
        subtype="DIR_PATH",
    )
    processor: bpy.props.EnumProperty(
        name="Install For",
        description="What the backend that Cameo installs computes with",
        items=(
            ("auto", "Automatic", "The NVIDIA GPU where there is one with a fitting driver, else the processor"),
            ("cpu", "Processor", "Without a GPU: 2 GB instead of 7"),
            ("gpu", "NVIDIA GPU", "With CUDA; refused where it cannot work"),
        ),
    )
    python: bpy.props.StringProperty(
        name="Python",
        description="The Python that the backend's environment is made with. Empty: one that is found",
        subtype="FILE_PATH",
    )
    wheelhouse: bpy.props.StringProperty(
        name="Packages",
        description="A folder with all packages of the backend, for computers without a network. Empty: they are "
        "downloaded from the Python package index",
        subtype="DIR_PATH",
    )

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.prop(self, "home", placeholder=tr("Your data folder"))
        layout.prop(self, "avatars", placeholder=tr("The add-on's own folder"))
        layout.prop(self, "head_model", placeholder=tr("Cameo's own head"))
        layout.prop(self, "outlive_blender")
        box = layout.box()
        box.label(text="The backend that Cameo installs")
        box.prop(self, "processor")
        box.prop(self, "managed", placeholder=tr("The add-on's own folder"))
        box.prop(self, "python", placeholder=tr("One that is found"))
        box.prop(self, "wheelhouse", placeholder=tr("Downloaded"))
        box = layout.box()
        box.label(text="A backend of your own instead")
        box.prop(self, "backend", placeholder=tr("A checkout, or a Python"))
        box = layout.box()
        box.label(text="A backend on another computer")
        box.prop(self, "invitation", placeholder=tr("The backend of this computer"))
        box.prop(self, "remote_address", placeholder=tr("As the invitation says"))


def current() -> CameoPreferences | None:
    """The preferences, or None where the add-on was registered by a script."""
    addon = bpy.context.preferences.addons.get(PACKAGE)
    return None if addon is None else addon.preferences


def invitation() -> tuple[Path, str] | None:
    """The invitation to a backend on another computer, and where that is if not where it says; None: this computer."""
    chosen = current()
    path = (bpy.path.abspath(chosen.invitation) if chosen else "") or os.environ.get(INVITATION_VARIABLE, "")
    return (Path(path).absolute(), chosen.remote_address if chosen else "") if path else None


def set_invitation(path: str) -> None:
    """Use the backend that this invitation names; empty: that of this computer. Without preferences, as in a script, it
    counts until Blender ends."""
    if (chosen := current()) is not None:
        chosen.invitation, chosen.remote_address = path, ""
    if chosen is None or not path:
        os.environ[INVITATION_VARIABLE] = path


def backend_python() -> str:
    chosen = current()
    return chosen.backend if chosen else ""


def managed_folder() -> Path:
    """Where the backend that Cameo installs lives: as chosen, else the folder that Blender gives an extension."""
    chosen = current()
    return Path(bpy.path.abspath(chosen.managed)) if chosen and chosen.managed else own_folder("backend")


def install_wish() -> str:
    """``"auto"``, ``"cpu"`` or ``"gpu"``."""
    chosen = current()
    return chosen.processor if chosen else "auto"


def install_choices(wheelhouse: str = "") -> Choices:
    """How to install the backend. ``wheelhouse``: a folder of packages in place of the preferences' one."""
    chosen = current()
    packages = wheelhouse or (chosen.wheelhouse if chosen else "")
    return Choices(
        bpy.path.abspath(chosen.python) if chosen else "",
        Path(bpy.path.abspath(packages)) if packages else None,
        bpy.app.online_access,
    )


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


def own_folder(name: str) -> Path:
    """A folder in the place that Blender gives an extension; for a script in the data folder. Not made here."""
    if PACKAGE.startswith("bl_ext."):
        return Path(bpy.utils.extension_path_user(PACKAGE, path=name))
    return default_home() / name


def avatar_folder() -> Path:
    """Where finished avatars go: as chosen, else the add-on's own folder."""
    chosen = current()
    return Path(bpy.path.abspath(chosen.avatars)) if chosen and chosen.avatars else own_folder("avatars")
