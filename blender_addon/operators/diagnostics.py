"""One file for those who help: what is installed, how it is set, what went wrong."""

from __future__ import annotations

import time
from pathlib import Path

import bpy

from .. import preferences, session
from ..diagnostics import Scrubber, write_bundle
from ..link.problem import Problem
from ..link.state import LinkState
from ..portrait.annotated import annotated
from ..portrait.preflight import PREFLIGHT
from ..portrait.sources import chosen_file
from ..words import tr
from .reporting import refuse

_PATHS = ("backend", "home", "avatars", "head_model", "managed", "python", "wheelhouse", "invitation", "remote_address")
_OTHERS = ("outlive_blender", "processor")
_WAIT_SECONDS = 5.0  # for the backend's own findings


class WriteDiagnostics(bpy.types.Operator):
    """Write a file for those who help you: versions, settings, ends of the logs; no names, folders, keys or pictures"""

    bl_idname, bl_label = "cameo.write_diagnostics", "Write Diagnostics"

    filepath: bpy.props.StringProperty(description="The zip file", subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: bpy.props.StringProperty(default="*.zip", options={"HIDDEN"})
    check_existing: bpy.props.BoolProperty(default=True, options={"HIDDEN"})
    picture: bpy.props.BoolProperty(
        name="With the Portrait",
        description="Put the picture that the panel shows into the file, so that others can see the person",
        default=False,
        options={"SKIP_SAVE"},
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if session.client().state is LinkState.CONNECTED:
            session.client().test()  # while the artist chooses a place
        self.filepath = self.filepath or "cameo-diagnostics.zip"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        if not self._is_waited_for():
            return self._write(context)
        self._end = time.monotonic() + _WAIT_SECONDS
        self._timer = context.window_manager.event_timer_add(session.TICK_SECONDS, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if event.type != "TIMER" or (self._is_waited_for() and time.monotonic() < self._end):
            return {"PASS_THROUGH"}
        context.window_manager.event_timer_remove(self._timer)
        return self._write(context)

    def _is_waited_for(self) -> bool:
        """Whether the backend is about to say what it found. A script gets what is known."""
        test = session.client().self_test
        return not bpy.app.background and test is not None and not test.over

    def _write(self, context: bpy.types.Context) -> set[str]:
        path = Path(bpy.path.ensure_ext(bpy.path.abspath(self.filepath), ".zip"))
        seen = PREFLIGHT.answer if self.picture else None
        managed = preferences.managed_folder()
        try:
            write_bundle(
                path,
                session.client(),
                blender=_blender(),
                preferences=_preferences(),
                scrubber=_scrubber(context, managed),
                install_folder=managed,
                picture=annotated(seen) if seen is not None else None,
            )
        except OSError as error:
            sentence, fix = f"The file {path} cannot be written.", "Choose another folder."
            return refuse(self, Problem("output.unwritable", sentence, str(error), fix))
        self.report({"INFO"}, tr("Written: {path}. Look into it before you send it.", path=path))
        return {"FINISHED"}


def _blender() -> dict[str, object]:
    return {
        "version": bpy.app.version_string,
        "build": bpy.app.build_hash.decode(errors="replace"),
        "package": preferences.PACKAGE,
        "online_access": bpy.app.online_access,
        "gpu_backend": bpy.context.preferences.system.gpu_backend,
        "graphics": _graphics(),
    }


def _graphics() -> str:
    if bpy.app.background:
        return "no window"
    import gpu

    return f"{gpu.platform.renderer_get()}, {gpu.platform.version_get()}"


def _preferences() -> dict[str, object]:
    """Folders only as chosen or not: their names may say for whom somebody works."""
    chosen = preferences.current()
    if chosen is None:
        return {}
    folders = {name: "chosen" if getattr(chosen, name) else "" for name in _PATHS}
    return folders | {name: getattr(chosen, name) for name in _OTHERS}


def _scrubber(context: bpy.types.Context, managed: Path) -> Scrubber:
    folders = {"jobs": session.client().home, "avatars": preferences.avatar_folder(), "managed": managed}
    names = [job.name for job in session.client().jobs.values()] + [context.scene.cameo.avatar_name]
    portrait = chosen_file(context.scene)
    if portrait is not None:
        names.append(portrait.stem)
        folders["portrait"] = portrait.parent
    if bpy.data.filepath:
        folders["scene"] = Path(bpy.data.filepath).parent
    return Scrubber.of_this_computer(names, folders, session.client().remote)


CLASSES = (WriteDiagnostics,)
