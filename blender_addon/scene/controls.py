"""The face board: one bone per control, which the artist slides from 0 to 1, and the drivers behind it.

Controls are bones because Blender's pose library, pose copying and the dope sheet's bone filters know bones only.
A slider travels :data:`SLIDER_LENGTH` along its own x axis; a constraint keeps it there, and drivers read the
constrained place, so what one sees is what drives. Where the avatar file gives a control a ceiling, the drivers cut its
value to it.
"""

from __future__ import annotations

import string

import bpy

from ...protocol.avatar import AvatarControl, AvatarData
from ...protocol.errors import AvatarFileError
from .board_drawing import draw_board, knob_mesh
from .board_layout import BOARD, MORE, SLIDER_LENGTH, BoardLayout, lay_out, mirrored_name
from .head_mesh import JOINT_NAMES
from .rig import add_driver

BOARD_BONES = {BOARD: "face_board", MORE: "more_controls"}
EXPRESSION_LIMIT = 255  # characters Blender keeps of a driver's expression
KNOB_LENGTH = 0.008
_BOARD_GAP = 0.05  # metres between the head and its board
_BOARD_COLOR, _SELECTED_COLOR = (0.75, 0.75, 0.75), (1.0, 1.0, 1.0)  # sRGB
_LEFT_COLOR, _RIGHT_COLOR, _MIDDLE_COLOR = (0.35, 0.6, 1.0), (1.0, 0.4, 0.35), (1.0, 0.8, 0.3)


def board_layouts(data: AvatarData) -> tuple[BoardLayout, BoardLayout]:
    """Layouts of the face board and of the board for further controls."""
    return lay_out([control.name for control in data.controls])


def add_board_bones(armature: bpy.types.Armature, data: AvatarData) -> None:
    """Edit bones of the boards and their sliders (edit mode), to the subject's left, at the height of the eyes."""
    left = float(data.vertices[:, 0].max()) + _BOARD_GAP
    top = float(data.joints[3:, 1].max()) + 0.1
    front = float(data.joints[3:, 2].max())
    for layout, collection_name in zip(board_layouts(data), (BOARD, MORE)):
        if not layout.sliders:
            continue
        collection = armature.collections.new(collection_name)
        board = _add_bone(armature, BOARD_BONES[collection_name], (left, top, front), 0.02)
        board.parent = armature.edit_bones[JOINT_NAMES[0]]
        collection.assign(board)
        for slider in layout.sliders:
            bone = _add_bone(armature, slider.control, (left + slider.x, top + slider.y, front), KNOB_LENGTH)
            bone.parent = board
            collection.assign(bone)
        collection.is_visible = collection_name == BOARD


def set_up_sliders(rig: bpy.types.Object, data: AvatarData) -> None:
    """Pose-mode half: locks, limits, custom shapes."""
    knob = knob_mesh()
    for layout, collection in zip(board_layouts(data), (BOARD, MORE)):
        if not layout.sliders:
            continue
        board = rig.pose.bones[BOARD_BONES[collection]]
        _wear(board, draw_board(f"{rig.name} {collection}", layout), _BOARD_COLOR)
        for slider in layout.sliders:
            bone = rig.pose.bones[slider.control]
            _wear(bone, knob, _knob_color(slider.control))
            bone.lock_location = (False, True, True)
            bone.lock_rotation = bone.lock_scale = (True, True, True)
            bone.lock_rotation_w = True
            _limit(bone)


def drive_by_controls(head: bpy.types.Object, rig: bpy.types.Object, data: AvatarData) -> None:
    """Drivers from sliders to shape keys and to the driven joints' axis-angle.

    Raises:
        AvatarFileError: ``avatar.rig_too_complex``, more controls drive one thing than a driver can hold.
    """
    keys = head.data.shape_keys.key_blocks
    for unit, name in enumerate(data.unit_names):
        sources = [(c, gain) for c in data.controls for index, gain in c.units if index == unit]
        if sources:
            expression, variables = _weighted_sum(name, sources, data.controls)
            add_driver(keys[name], "value", rig, expression, variables)
    for joint in sorted({joint for control in data.controls for joint, _, _ in control.joints}):
        _drive_joint(rig, joint, data)


def _drive_joint(rig: bpy.types.Object, joint: int, data: AvatarData) -> None:
    """Axis = the sum of the controls' axis-angles, angle = its length. Blender reads a zero axis as no rotation.

    The angle is computed from the sliders too, not from the bone's own axis: a driver must not read what it drives.
    """
    bone = rig.pose.bones[JOINT_NAMES[joint]]
    terms: list[str] = []
    used: dict[str, tuple[str, str]] = {}
    for axis in range(3):
        sources = [(c, rad) for c in data.controls for j, a, rad in c.joints if (j, a) == (joint, axis)]
        # an axis no control turns is driven too, to 0: clearing a bone's rotation leaves (0, 1, 0) as its axis
        expression, variables = (
            _weighted_sum(bone.name, sources, data.controls, first=len(used)) if sources else ("0.0", {})
        )
        add_driver(bone, "rotation_axis_angle", rig, expression, variables, index=axis + 1)
        if sources:
            used |= variables
            terms.append(expression)
    length = "sqrt(" + "+".join(f"pow({term},2)" for term in terms) + ")"
    _check_length(bone.name, length)
    add_driver(bone, "rotation_axis_angle", rig, length, used, index=0)


def _weighted_sum(
    target: str, sources: list[tuple[AvatarControl, float]], controls: tuple[AvatarControl, ...], first: int = 0
) -> tuple[str, dict[str, tuple[str, str]]]:
    """Expression and variables of sum(gain * slider), sliders counted 0..1 and cut to their ceilings."""
    ceilings = [control.ceiling.controls for control, _ in sources if control.ceiling is not None]
    read = dict.fromkeys([*(c.name for c, _ in sources), *(controls[o].name for rows in ceilings for o, _ in rows)])
    letters = string.ascii_letters[first:]
    if len(read) > len(letters):
        raise _too_complex(target)
    letter = dict(zip(read, letters))
    variables = {letter[name]: (name, "LOC_X") for name in read}
    terms = (f"{_acting(control, letter, controls)}*{gain / SLIDER_LENGTH:.9g}" for control, gain in sources)
    expression = "+".join(terms).replace("+-", "-")
    _check_length(target, expression)
    return expression, variables


def _acting(control: AvatarControl, letter: dict[str, str], controls: tuple[AvatarControl, ...]) -> str:
    """The slider's place, metres, or its ceiling if that is lower."""
    own = letter[control.name]
    if control.ceiling is None:
        return own
    others = (f"{letter[controls[other].name]}*{gain:.9g}" for other, gain in control.ceiling.controls)
    ceiling = "+".join([f"{control.ceiling.constant * SLIDER_LENGTH:.9g}", *others]).replace("+-", "-")
    return f"min({own},max(0,{ceiling}))"


def _check_length(target: str, expression: str) -> None:
    if len(expression) > EXPRESSION_LIMIT:
        raise _too_complex(target)


def _too_complex(target: str) -> AvatarFileError:
    return AvatarFileError(
        "avatar.rig_too_complex",
        f"Too many controls of this avatar drive '{target}'.",
        cause=f"A Blender driver holds {EXPRESSION_LIMIT} characters.",
        fix="Make the avatar again with this version of Cameo.",
    )


def _add_bone(
    armature: bpy.types.Armature, name: str, head: tuple[float, float, float], length: float
) -> bpy.types.EditBone:
    bone = armature.edit_bones.new(name)
    bone.head = head
    bone.tail = (head[0], head[1] + length, head[2])
    bone.roll = 0.0
    bone.use_deform = False
    return bone


def _wear(bone: bpy.types.PoseBone, shape: bpy.types.Object, color: tuple[float, float, float]) -> None:
    bone.custom_shape = shape
    bone.use_custom_shape_bone_size = False
    bone.color.palette = "CUSTOM"
    bone.color.custom.normal = color
    bone.color.custom.select = bone.color.custom.active = _SELECTED_COLOR


def _knob_color(control: str) -> tuple[float, float, float]:
    """The sides in two colours, as rigs have it."""
    if mirrored_name(control) == control:
        return _MIDDLE_COLOR
    return _LEFT_COLOR if "left" in control.lower() else _RIGHT_COLOR


def _limit(bone: bpy.types.PoseBone) -> None:
    limit = bone.constraints.new("LIMIT_LOCATION")
    limit.name = "0 to 1"
    limit.owner_space = "LOCAL"
    limit.use_transform_limit = True
    for axis, highest in (("x", SLIDER_LENGTH), ("y", 0.0), ("z", 0.0)):
        setattr(limit, f"use_min_{axis}", True)
        setattr(limit, f"use_max_{axis}", True)
        setattr(limit, f"min_{axis}", 0.0)
        setattr(limit, f"max_{axis}", highest)
