"""The turntable and the expression sheet as files, one click each."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import bpy

from ...protocol.errors import CameoError
from ..film_settings import backdrop_of, film_of, output_path, turntable_of
from ..link.problem import Problem
from ..scene.avatar import active_avatar
from ..scene.expression_sheet import SheetFace, write_sheet
from ..scene.faces import faces_of
from ..scene.film import FilmJob, avatar_named, picture_of
from ..scene.named_poses import pose_values, poses_of
from ..scene.picture import Shot
from ..words import tr
from .render import STILLS
from .reporting import refuse

_TICK = 0.01  # seconds: pictures follow each other, the window answers between them
_PAPER = 28  # sRGB of a sheet whose pictures are transparent or on a picture
_VIEWS = (0, 45, 90, 135, 180, -135, -90, -45)


class Progress:
    """What the panel shows of the film in the making; one at a time."""

    def __init__(self) -> None:
        self.running, self.done, self.total, self.cancel = False, 0, 1, False


PROGRESS = Progress()


class _StepByStep:
    """In a window a picture at a time, so that it stays alive; else all at once. Esc gives up."""

    _timer: bpy.types.Timer | None = None

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if active_avatar(context) is None:
            cls.poll_message_set(tr("Import or choose an avatar first"))
            return False
        if PROGRESS.running:
            cls.poll_message_set(tr("Another film is in the making"))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        return self._guarded(context, self._all)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if context.window is None or bpy.app.background:
            return self.execute(context)
        return self._guarded(context, self._begin)

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if PROGRESS.cancel or event.type == "ESC":
            self._give_up()
            self._end(context)
            self.report({"INFO"}, tr("Cancelled"))
            return {"CANCELLED"}
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        return self._guarded(context, self._tick)

    def cancel(self, context: bpy.types.Context) -> None:
        self._give_up()
        self._end(context)

    def _guarded(self, context: bpy.types.Context, work: Callable[[bpy.types.Context], set[str]]) -> set[str]:
        """Whatever goes wrong, nothing stays behind: no timer, no half file."""
        fine = False
        try:
            result = work(context)
            fine = True
            return result
        except CameoError as error:
            problem: CameoError | Problem = error
        except OSError as error:
            sentence, fix = "The film cannot be written.", "Choose another folder."
            problem = Problem("output.unwritable", sentence, str(error), fix)
        finally:
            if not fine:
                self._give_up()
                self._end(context)
        return refuse(self, problem)

    def _all(self, context: bpy.types.Context) -> set[str]:
        self._start(context)
        while not self._step(context):
            pass
        self._end(context)
        return {"FINISHED"}

    def _begin(self, context: bpy.types.Context) -> set[str]:
        self._start(context)
        PROGRESS.running, PROGRESS.cancel, PROGRESS.done = True, False, 0
        manager = context.window_manager
        self._timer = manager.event_timer_add(_TICK, window=context.window)
        manager.progress_begin(0, 1)
        manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def _tick(self, context: bpy.types.Context) -> set[str]:
        if self._step(context):
            self._end(context)
            return {"FINISHED"}
        context.window_manager.progress_update(PROGRESS.done / max(PROGRESS.total, 1))
        count = tr("Cameo: picture {number} of {count}. Esc cancels", number=PROGRESS.done, count=PROGRESS.total)
        context.workspace.status_text_set(count)
        for area in context.screen.areas:
            if area.type == "VIEW_3D":
                area.tag_redraw()
        return {"RUNNING_MODAL"}

    def _end(self, context: bpy.types.Context) -> None:
        if self._timer is not None:
            manager = context.window_manager
            manager.event_timer_remove(self._timer)
            manager.progress_end()
            if context.workspace is not None:  # None while another file is loaded
                context.workspace.status_text_set(None)
            self._timer = None
            PROGRESS.running = False


class RenderTurntable(_StepByStep, bpy.types.Operator):
    """Render the turntable into its file. The scene stays as it is"""

    bl_idname, bl_label = "cameo.render_turntable", "Render Turntable"
    bl_options = {"REGISTER"}

    filepath: bpy.props.StringProperty(
        description="Where to; empty: the scene's", subtype="FILE_PATH", options={"SKIP_SAVE"}
    )
    _job: FilmJob | None = None

    def _start(self, context: bpy.types.Context) -> None:
        if self.filepath:
            context.scene.cameo_film.path = self.filepath
        root = active_avatar(context)
        self._job = FilmJob(context, root, film_of(context, root))
        PROGRESS.total = self._job.total

    def _step(self, context: bpy.types.Context) -> bool:
        done = self._job.step(context)
        PROGRESS.done = self._job.done
        if done:
            pictures, path = tr("{count} pictures", count=self._job.total), self._job.path
            what = pictures if self._job.film.kind == "PNG" else path.name
            self.report({"INFO"}, tr("{what} written in {folder}", what=what, folder=path.parent))
        return done

    def _give_up(self) -> None:
        if self._job is not None:
            self._job.cancel()


class RenderSheet(_StepByStep, bpy.types.Operator):
    """Render the expression sheet: one picture of many faces with their names"""

    bl_idname, bl_label = "cameo.render_sheet", "Render Expression Sheet"
    bl_options = {"REGISTER"}

    filepath: bpy.props.StringProperty(
        description="Where to; empty: the scene's", subtype="FILE_PATH", options={"SKIP_SAVE"}
    )
    _folder: Path | None = None

    def _start(self, context: bpy.types.Context) -> None:
        settings, root = context.scene.cameo_film, active_avatar(context)
        self._path = output_path(self.filepath or settings.sheet_path).with_suffix(".png")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._faces = sheet_faces(root, settings.sheet, settings.sheet_faces)
        look = turntable_of(context, root)
        shot = Shot(
            look.start_yaw_deg,
            pitch_deg=look.pitch_deg,
            height=look.height,
            distance=look.distance,
            fov_deg=look.fov_deg / settings.sheet_zoom,
            size=(look.size, look.picture_height or look.size),
        )
        self._shots = [replace(shot, yaw_deg=shot.yaw_deg + f.yaw_deg, values=f.values) for f in self._faces]
        self._backdrop, self._columns = backdrop_of(settings), settings.sheet_columns
        self._root_name, self._pictures = root.name, []
        self._folder = Path(tempfile.mkdtemp(prefix="cameo_sheet_", dir=bpy.app.tempdir or None))
        PROGRESS.total = len(self._faces)

    def _step(self, context: bpy.types.Context) -> bool:
        if len(self._pictures) < len(self._faces):
            root, shot = avatar_named(context, self._root_name), self._shots[len(self._pictures)]
            self._pictures.append(picture_of(context, root, shot, self._backdrop, self._folder / "shot.png"))
            PROGRESS.done = len(self._pictures)
            return False
        titles = [face.title for face in self._faces]
        paper = self._backdrop.color or (_PAPER,) * 3
        write_sheet(self._pictures, titles, self._path, columns=self._columns, paper=paper)
        self._give_up()
        self.report({"INFO"}, tr("{what} written in {folder}", what=self._path.name, folder=self._path.parent))
        return True

    def _give_up(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


class CancelFilm(bpy.types.Operator):
    """Give up the turntable or sheet in the making"""

    bl_idname, bl_label = "cameo.cancel_film", "Cancel"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not PROGRESS.running:
            cls.poll_message_set(tr("No film is in the making"))
        return PROGRESS.running

    def execute(self, context: bpy.types.Context) -> set[str]:
        PROGRESS.cancel = True
        return {"FINISHED"}


def sheet_faces(root: bpy.types.Object, kind: str, listed: str) -> list[SheetFace]:
    """The faces of a sheet: ``MAIN``, ``EMOTIONS``, ``VISEMES``, ``VIEWS`` or ``LIST``.

    Raises:
        CameoError: those of ``faces_of``; ``avatar.no_faces``, the avatar has no such poses.
    """
    if kind == "LIST":
        return [SheetFace(title, values) for title, values in faces_of(root, listed)]
    if kind == "VIEWS":
        return [SheetFace(_side(yaw), {}, yaw) for yaw in _VIEWS]
    if kind == "MAIN":
        neutral = [SheetFace("neutral", {})]
        return neutral + [SheetFace(s.name.partition("_")[0], dict(s.values)) for s in STILLS if s.values]
    group = {"EMOTIONS": "emotion", "VISEMES": "viseme"}[kind]
    found = [pose.name for pose in poses_of(root) if pose.group == group]
    if not found:
        fix = "Choose another kind of sheet; avatars of older files have no named poses."
        raise CameoError("avatar.no_faces", "The avatar has none of these poses.", fix=fix)
    return [SheetFace(name, pose_values(root, name, 1.0)) for name in found]


def _side(yaw: int) -> str:
    if yaw in (0, 180):
        return "front" if yaw == 0 else "back"
    return f"{abs(yaw)}° from the {'left' if yaw > 0 else 'right'}"


CLASSES = (RenderTurntable, RenderSheet, CancelFilm)
