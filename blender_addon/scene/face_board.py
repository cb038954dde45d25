"""The face board's bones: one per control, which the artist slides from 0 to 1.

Controls are bones because Blender's pose library, pose copying and the dope sheet's bone filters know bones only.
A slider travels :data:`SLIDER_LENGTH` along its own y axis; a constraint keeps it there.

Blender flips a pose in two ways, and both must give what our own Mirror gives. Pasting flipped and X-mirror negate a
bone's local x. *Flip Pose* of the pose library reflects in the plane x = 0 of the armature, rest places included: left
and right must rest as mirror images, and what has no side must rest in that plane and move in it. So at rest the
sliders stand edge-on in that plane, partners in one place; two bones that no one sees carry them onto the board:

    face_board           wears the drawing; stands beside the head
    face_board_first     rests in the plane, is constrained to face_board; parent of the first slider of each row
      face_board_second  is constrained to the row's other end; parent of the second ones
"""

from __future__ import annotations

import bpy
from mathutils import Vector

from ...protocol.avatar import AvatarData
from ..joints import JOINT_NAMES
from .board_drawing import draw_board, knob_mesh, wear
from .board_layout import BOARD, BOARD_BONES, MORE, SLIDE_AXIS, SLIDER_LENGTH, BoardLayout, Slider, lay_out

CARRIERS = "Carriers"  # bone collection
KNOB_LENGTH = 0.008
_BOARD_GAP = 0.05  # metres between the head and its board
_RIGHT_AT_REST, _UP = Vector((0.0, 0.0, 1.0)), Vector((0.0, 1.0, 0.0))  # of the board, in the head frame


def board_layouts(data: AvatarData) -> tuple[BoardLayout, BoardLayout]:
    """Layouts of the face board and of the board for further controls."""
    return lay_out([control.name for control in data.controls])


def add_board_bones(armature: bpy.types.Armature, data: AvatarData) -> None:
    """Edit bones of the boards and their sliders (edit mode), to the subject's left, at the height of the eyes."""
    left = float(data.vertices[:, 0].max()) + _BOARD_GAP
    top = float(data.joints[3:, 1].max()) + 0.1
    front = float(data.joints[3:, 2].max())
    carriers = armature.collections.new(CARRIERS)
    carriers.is_visible = False
    stands_on = JOINT_NAMES[0]
    for layout, collection_name in zip(board_layouts(data), (BOARD, MORE)):
        if not layout.sliders:
            continue
        collection = armature.collections.new(collection_name)
        collection.is_visible = collection_name == BOARD
        name = BOARD_BONES[collection_name]
        board = _add_bone(armature, name, Vector((left, top, front)), _UP, Vector((0.0, 0.0, 1.0)), stands_on)
        stands_on = name  # the boards move as one
        board.hide_select = True  # a click beside a slider must not take the board; nor belongs it into poses
        collection.assign(board)
        corner = Vector((0.0, top, front))
        # edge-on in the plane x = 0: the board's right is the head's front
        for carrier, parent in ((name + "_first", JOINT_NAMES[0]), (name + "_second", name + "_first")):
            carriers.assign(_add_bone(armature, carrier, corner, _UP, _RIGHT_AT_REST.cross(_UP), parent))
        for slider in layout.sliders:
            x = slider.x - slider.second * layout.second_place
            place = corner + x * _RIGHT_AT_REST + slider.y * _UP
            bone = _add_bone(armature, slider.control, place, _RIGHT_AT_REST, _UP, _carrier(name, slider))
            collection.assign(bone)


def set_up_sliders(rig: bpy.types.Object, data: AvatarData) -> None:
    """Pose-mode half: what carries the sliders, locks, limits, custom shapes."""
    knob = knob_mesh()
    for layout, collection in zip(board_layouts(data), (BOARD, MORE)):
        if not layout.sliders:
            continue
        board = rig.pose.bones[BOARD_BONES[collection]]
        wear(board, draw_board(f"{rig.name} {collection}", layout))
        _carry(rig, board, layout.second_place)
        for slider in layout.sliders:
            bone = rig.pose.bones[slider.control]
            wear(bone, knob)
            bone.lock_location = [axis != SLIDE_AXIS for axis in range(3)]
            bone.lock_rotation = bone.lock_scale = (True, True, True)
            bone.lock_rotation_w = True
            travel = Vector((0.0, 0.0, 0.0))
            travel[SLIDE_AXIS] = SLIDER_LENGTH
            _limit(bone, "0 to 1", Vector((0.0, 0.0, 0.0)), travel)


def _carrier(board: str, slider: Slider) -> str:
    return board + ("_second" if slider.second else "_first")


def _carry(rig: bpy.types.Object, board: bpy.types.PoseBone, second_place: float) -> None:
    first, second = (rig.pose.bones[board.name + place] for place in ("_first", "_second"))
    copy = first.constraints.new("COPY_TRANSFORMS")
    copy.name = "Stand on the board"
    copy.target, copy.subtarget = rig, board.name
    copy.owner_space = copy.target_space = "POSE"
    far = Vector((second_place, 0.0, 0.0))
    _limit(second, "The row's other end", far, far)


def _add_bone(
    armature: bpy.types.Armature, name: str, head: Vector, along: Vector, z_axis: Vector, parent: str
) -> bpy.types.EditBone:
    """A bone with its y axis ``along`` and its z axis ``z_axis``."""
    bone = armature.edit_bones.new(name)
    bone.head = head
    bone.tail = head + KNOB_LENGTH * along
    bone.align_roll(z_axis)
    bone.use_deform = False
    bone.parent = armature.edit_bones[parent]
    return bone


def _limit(bone: bpy.types.PoseBone, name: str, lowest: Vector, highest: Vector) -> None:
    limit = bone.constraints.new("LIMIT_LOCATION")
    limit.name = name
    limit.owner_space = "LOCAL"
    limit.use_transform_limit = True
    for axis, low, high in zip("xyz", lowest, highest):
        setattr(limit, f"use_min_{axis}", True)
        setattr(limit, f"use_max_{axis}", True)
        setattr(limit, f"min_{axis}", low)
        setattr(limit, f"max_{axis}", high)
