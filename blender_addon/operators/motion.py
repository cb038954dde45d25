"""Performances in and out: files of facial motion onto the face board, and the timeline into files."""

from __future__ import annotations

from pathlib import Path

import bpy

from ...protocol.errors import CameoError
from ..link.problem import Problem
from ..motion.clip_json import write_clip
from ..motion.files import read_motion
from ..motion.live_link_face import write_live_link_face
from ..motion.treatment import GROUPS, Treatment, treated
from ..scene.avatar import active_avatar
from ..scene.flame_expression import expression_on_controls
from ..scene.motion_action import apply_motion, sample_eyes, sample_timeline
from ..scene.shape_export import export_shapes
from ..scene.splat_ply import write_splats
from ..words import CAMEO, told_at_length, tr
from .reporting import refuse

_GROUP_TIPS = {
    "brows": "Strength of the brows; 1 as recorded",
    "lids": "Strength of blinks, squints and wide eyes; 1 as recorded",
    "gaze": "Strength of where the eyes look; 1 as recorded",
    "cheeks": "Strength of cheeks and nose; 1 as recorded",
    "jaw": "Strength of the jaw; 1 as recorded",
    "mouth": "Strength of lips and tongue; 1 as recorded",
    "head": "Strength of the head's turns; 1 as recorded, 0 keeps the head still",
}


class _OnAvatar:
    """What works on the active avatar."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if active_avatar(context) is None:
            cls.poll_message_set(tr("Import or choose an avatar first"))
            return False
        return True


def _gain(group: str) -> bpy.props.FloatProperty:
    return bpy.props.FloatProperty(
        name=group.title(), description=_GROUP_TIPS[group], default=1.0, min=0.0, max=3.0, soft_max=2.0
    )


class ImportMotion(_OnAvatar, bpy.types.Operator):
    """Bring a performance onto the face board: Live Link Face (CSV), FLAME parameters (npz) or Cameo's JSON"""

    bl_idname, bl_label = "cameo.import_motion", "Import Motion"
    bl_options = {"REGISTER", "UNDO"}

    filepath: bpy.props.StringProperty(description="The file", subtype="FILE_PATH", options={"SKIP_SAVE"})
    directory: bpy.props.StringProperty(
        description="Folder of several files", subtype="DIR_PATH", options={"SKIP_SAVE", "HIDDEN"}
    )
    files: bpy.props.CollectionProperty(
        type=bpy.types.OperatorFileListElement,
        description="Several files: each becomes a strip, one after another",
        options={"SKIP_SAVE", "HIDDEN"},
    )
    filter_glob: bpy.props.StringProperty(default="*.csv;*.npz;*.json", options={"HIDDEN"})
    frame: bpy.props.IntProperty(
        name="Frame",
        description="Where the motion begins; -1: the current frame",
        default=-1,
        min=-1,
        options={"SKIP_SAVE"},
    )
    placement: bpy.props.EnumProperty(
        name="As",
        description="Where the motion goes",
        items=(
            ("ACTION", "Action", "The rig's action. One that was there stays in the file"),
            ("STRIP", "NLA Strip", "A strip on a new NLA track; the rig's own action plays over it"),
        ),
    )
    rate: bpy.props.FloatProperty(
        name="Recorded At",
        description="Frames a second of the file; 0: as it says, or 30 where it cannot",
        default=0.0,
        min=0.0,
        max=1000.0,
    )
    trim_start: bpy.props.FloatProperty(
        name="From", description="Seconds to leave out at the start", default=0.0, min=0.0, subtype="TIME_ABSOLUTE"
    )
    trim_end: bpy.props.FloatProperty(
        name="To",
        translation_context=CAMEO,
        description="Second to stop at; 0: the end",
        default=0.0,
        min=0.0,
        subtype="TIME_ABSOLUTE",
    )
    rest: bpy.props.EnumProperty(
        name="Neutral Face",
        translation_context=CAMEO,
        description="What counts as rest: few performers have a resting face of all zeros",
        items=(
            ("NONE", "As Recorded", "Values are taken as they are"),
            ("FIRST", "First Frame", "The first frame becomes the neutral face"),
            ("TIME", "At", "The frame at the given second becomes the neutral face"),
        ),
    )
    rest_time: bpy.props.FloatProperty(
        name="Second", description="Of the neutral face", default=0.0, min=0.0, subtype="TIME_ABSOLUTE"
    )
    smoothing: bpy.props.FloatProperty(
        name="Smoothing",
        description="Seconds over which jitter is evened out, without delay; 0.03 is little, 0.2 is much",
        default=0.0,
        min=0.0,
        soft_max=0.3,
        max=5.0,
        precision=3,
    )
    brows: _gain("brows")
    lids: _gain("lids")
    gaze: _gain("gaze")
    cheeks: _gain("cheeks")
    jaw: _gain("jaw")
    mouth: _gain("mouth")
    head: _gain("head")
    extend_range: bpy.props.BoolProperty(
        name="Extend Scene", description="Move the scene's end to the motion's, if that is later", default=True
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self.frame = context.scene.frame_current
        if self.filepath or len(self.files):  # dropped into the window
            return context.window_manager.invoke_props_dialog(self, confirm_text="Import")
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        for name in ("frame", "placement", "rate"):
            layout.prop(self, name)
        column = layout.column(align=True)
        column.prop(self, "trim_start")
        column.prop(self, "trim_end")
        layout.prop(self, "rest")
        if self.rest == "TIME":
            layout.prop(self, "rest_time")
        layout.prop(self, "smoothing")
        column = layout.column(align=True)
        column.label(text="Strength")
        for group in GROUPS:
            column.prop(self, group, slider=True)
        layout.prop(self, "extend_range")

    def execute(self, context: bpy.types.Context) -> set[str]:
        paths = self._paths()
        frame = context.scene.frame_current if self.frame < 0 else self.frame
        done, refusals = 0, []
        for path in paths:
            try:
                frame = self._bring(context, path, frame, as_strip=self.placement == "STRIP" or len(paths) > 1)
                done += 1
            except CameoError as error:
                refusals.append(Problem.of(error))
            except OSError as error:
                sentence = f"The file {path} cannot be opened."
                refusals.append(Problem("motion.unreadable", sentence, str(error), "Choose another file."))
        for problem in refusals[:-1] if not done else refusals:
            self.report({"WARNING"} if done else {"ERROR"}, told_at_length(problem))
        return {"FINISHED"} if done else refuse(self, refusals[-1])

    def _paths(self) -> list[Path]:
        folder = Path(bpy.path.abspath(self.directory)) if self.directory else None
        names = [file.name for file in self.files if file.name]
        if folder is not None and names:
            return [folder / name for name in names]
        return [Path(bpy.path.abspath(self.filepath))]

    def _bring(self, context: bpy.types.Context, path: Path, frame: int, *, as_strip: bool) -> int:
        """Read, treat and apply one file; the frame after it."""
        scene, root = context.scene, active_avatar(context)
        clip = read_motion(path, self.rate or None)
        rest = {"NONE": None, "FIRST": self.trim_start, "TIME": self.rest_time}[self.rest]
        clip = expression_on_controls(context, root, clip)
        treatment = Treatment(
            rate=scene.render.fps / scene.render.fps_base,
            trim_start=self.trim_start,
            trim_end=self.trim_end or None,
            rest_time=rest,
            smoothing=self.smoothing,
            gains={group: getattr(self, group) for group in GROUPS},
        )
        clip = treated(clip, treatment)
        _, missing = apply_motion(root, clip, frame, path.stem, as_strip=as_strip)
        last = frame + len(clip.times) - 1
        if self.extend_range and last > scene.frame_end:
            scene.frame_end = last
        for note in clip.notes:
            self.report({"INFO"}, f"{path.name}: {note}")
        if missing:
            shown = ", ".join(missing[:6]) + (" ..." if len(missing) > 6 else "")
            self.report({"INFO"}, tr("{file}: the avatar has no {controls}", file=path.name, controls=shown))
        self.report(
            {"INFO"},
            tr(
                "{file}: {count} frames, {first} to {last}",
                file=path.name,
                count=len(clip.times),
                first=frame,
                last=last,
            ),
        )
        scene.frame_set(scene.frame_current)
        return last + 1


class _ToFile(_OnAvatar):
    """Asks for a file's name, and says why it cannot be written."""

    ending = ""

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if not self.filepath:
            name = bpy.path.clean_name(active_avatar(context).name)
            folder = Path(bpy.data.filepath).parent if bpy.data.filepath else Path.home()
            self.filepath = str(folder / (name + self.ending))
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        path = Path(bpy.path.abspath(self.filepath))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            told = self._write(context, path)
        except CameoError as error:
            return refuse(self, error)
        except OSError as error:
            sentence = f"The file {path} cannot be written."
            return refuse(self, Problem("output.unwritable", sentence, str(error), "Choose another folder."))
        self.report({"INFO"}, told)
        return {"FINISHED"}


def _path(what: str) -> bpy.props.StringProperty:
    return bpy.props.StringProperty(description=what, subtype="FILE_PATH", options={"SKIP_SAVE"})


def _frames(context: bpy.types.Context, start: int, end: int) -> tuple[int, int]:
    """The given range; the scene's where both are 0."""
    if start == 0 and end == 0:
        return context.scene.frame_start, context.scene.frame_end
    if end < start:
        raise CameoError("export.bad_range", f"Frame {end} is before frame {start}.", fix="Exchange start and end.")
    return start, end


_START_TIP, _END_TIP = "First frame; 0 with end 0: the scene's range", "Last frame; 0 with start 0: the scene's range"


class ExportMotion(_ToFile, bpy.types.Operator):
    """Write the timeline's performance: .json keeps everything, .csv is Live Link Face's with ARKit's values"""

    bl_idname, bl_label = "cameo.export_motion", "Export Motion"
    ending = ".json"

    filepath: _path("The file to write, .json or .csv")
    filter_glob: bpy.props.StringProperty(default="*.json;*.csv", options={"HIDDEN"})
    start: bpy.props.IntProperty(name="Start", description=_START_TIP, default=0, min=0)
    end: bpy.props.IntProperty(name="End", description=_END_TIP, default=0, min=0)

    def _write(self, context: bpy.types.Context, path: Path) -> str:
        root, (first, last) = active_avatar(context), _frames(context, self.start, self.end)
        if path.suffix.lower() not in (".json", ".csv"):
            fix = "End the name in .json or .csv."
            raise CameoError("export.unknown_ending", f"'{path.suffix}' is no format for motion.", fix=fix)
        clip = sample_timeline(context, root, first, last)
        if path.suffix.lower() == ".json":
            path.write_text(write_clip(clip), encoding="utf-8")
        else:
            eyes = sample_eyes(context, root, first, last)
            whole = type(clip)(clip.times, clip.rate, clip.controls, {**clip.joints, **eyes})
            path.write_text(write_live_link_face(whole), encoding="utf-8")
        return tr("{count} frames written to {file}", count=last - first + 1, file=path.name)


class ExportSplats(_ToFile, bpy.types.Operator):
    """Write the splats as they stand, or for every frame, as 3DGS PLY for Gaussian viewers"""

    bl_idname, bl_label = "cameo.export_splats", "Export Splats"
    ending = ".ply"

    filepath: _path("The PLY file to write; a sequence gets frame numbers")
    filter_glob: bpy.props.StringProperty(default="*.ply", options={"HIDDEN"})
    sequence: bpy.props.BoolProperty(
        name="Every Frame", description="One numbered file for each frame of the range", default=False
    )
    start: bpy.props.IntProperty(name="Start", description=_START_TIP, default=0, min=0)
    end: bpy.props.IntProperty(name="End", description=_END_TIP, default=0, min=0)

    def _write(self, context: bpy.types.Context, path: Path) -> str:
        root, scene = active_avatar(context), context.scene
        if not self.sequence:
            count = write_splats(context, root, path)
            return tr("{count} splats written to {file}", count=count, file=path.name)
        first, last = _frames(context, self.start, self.end)
        current = scene.frame_current
        try:
            for frame in range(first, last + 1):
                scene.frame_set(frame)
                write_splats(context, root, path.with_stem(f"{path.stem}_{frame:04d}"))
        finally:
            scene.frame_set(current)
        return tr("{count} files written beside {file}", count=last - first + 1, file=path.name)


class ExportShapes(_ToFile, bpy.types.Operator):
    """Write the mesh with a shape for each control and FLAME's joints: glTF (.glb, .gltf) or .fbx. Without splats"""

    bl_idname, bl_label = "cameo.export_shapes", "Export Mesh and Shapes"
    ending = ".glb"

    filepath: _path("The file to write: .glb, .gltf or .fbx")
    filter_glob: bpy.props.StringProperty(default="*.glb;*.gltf;*.fbx", options={"HIDDEN"})
    all_controls: bpy.props.BoolProperty(
        name="Action Units", description="Shapes for the action units, too, not only ARKit's 52", default=False
    )
    animation: bpy.props.BoolProperty(
        name="Animation", description="Bring the timeline's performance along", default=False
    )
    start: bpy.props.IntProperty(name="Start", description=_START_TIP, default=0, min=0)
    end: bpy.props.IntProperty(name="End", description=_END_TIP, default=0, min=0)

    def _write(self, context: bpy.types.Context, path: Path) -> str:
        frames = _frames(context, self.start, self.end) if self.animation else None
        names = export_shapes(context, active_avatar(context), path, all_controls=self.all_controls, frames=frames)
        return tr("{count} shapes written to {file}", count=len(names), file=path.name)


CLASSES = (ImportMotion, ExportMotion, ExportSplats, ExportShapes)
