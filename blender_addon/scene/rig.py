"""The armature: FLAME's five joints, handles for the artist's hands, and the correctives that follow the joints.

A joint that controls turn (the jaw, the eyes) is driven; beside it stands a *handle* bone at the same place which the
artist rotates freely. The joint copies the handle's rotation after its own, so both add up, and the correctives follow
the joint's real rotation, wherever it came from. Joints no control turns (the neck) are their own handle.
All drivers are simple expressions: they work where running scripts is forbidden.
"""

from __future__ import annotations

import bpy
import numpy as np

from ...protocol.avatar import AvatarData
from ..joints import JOINT_NAMES, JOINT_PARENTS
from .board_layout import mirrored_name
from .head_mesh import corrective_name, moving_correctives

BONE_LENGTH = 0.04  # metres
HANDLE_SUFFIX = "_handle"
JOINTS, DEFORM = "Joints", "Deform"  # bone collections

# (R - I)[r][c] of a unit quaternion
_ROTATION_MINUS_IDENTITY = (
    "-2*(y*y+z*z)",
    "2*(x*y-w*z)",
    "2*(x*z+w*y)",
    "2*(x*y+w*z)",
    "-2*(x*x+z*z)",
    "2*(y*z-w*x)",
    "2*(x*z-w*y)",
    "2*(y*z+w*x)",
    "-2*(x*x+y*y)",
)


def driven_joints(data: AvatarData) -> list[int]:
    """Joints that some control turns."""
    return sorted({joint for control in data.controls for joint, _, _ in control.joints})


def handle_name(joint: int, driven: list[int]) -> str:
    """The bone the artist rotates to turn ``joint``."""
    return JOINT_NAMES[joint] + HANDLE_SUFFIX if joint in driven else JOINT_NAMES[joint]


def add_joint_bones(armature: bpy.types.Armature, data: AvatarData) -> None:
    """Edit bones of joints and handles (edit mode). Tail = head + y and roll 0: rest axes are the head frame's."""
    driven = driven_joints(data)
    visible, deform = armature.collections.new(JOINTS), armature.collections.new(DEFORM)
    for joint, (name, parent) in enumerate(zip(JOINT_NAMES, JOINT_PARENTS)):
        for bone_name in dict.fromkeys((name, handle_name(joint, driven))):
            bone = armature.edit_bones.new(bone_name)
            bone.head = data.joints[joint] if bone_name == name else _handle_place(joint, data.joints)
            bone.tail = bone.head
            bone.tail.y += BONE_LENGTH
            bone.roll = 0.0
            bone.use_deform = bone_name == name
            bone.parent = armature.edit_bones[JOINT_NAMES[parent]] if parent >= 0 else None
            (deform if joint in driven and bone_name == name else visible).assign(bone)
    deform.is_visible = False


def _handle_place(joint: int, joints: np.ndarray) -> np.ndarray:
    """The joint's place, made symmetric: nobody's is, and Blender's *Flip Pose* would move the handles by the rest.

    A handle gives its joint a rotation, never a place.
    """
    partner = JOINT_NAMES.index(mirrored_name(JOINT_NAMES[joint]))
    return 0.5 * (joints[joint] + joints[partner] * (-1.0, 1.0, 1.0))


def follow_handles(rig: bpy.types.Object, data: AvatarData) -> None:
    """Pose-mode half of :func:`add_joint_bones`: rotation modes, and each driven joint adds its handle's rotation."""
    driven = driven_joints(data)
    for joint, name in enumerate(JOINT_NAMES):
        handle = rig.pose.bones[handle_name(joint, driven)]
        handle.rotation_mode = "XYZ"
        handle.lock_scale = (True, True, True)
        if joint == 0:
            continue  # the root also travels
        handle.lock_location = (True, True, True)
        if joint in driven:
            bone = rig.pose.bones[name]
            bone.rotation_mode = "AXIS_ANGLE"
            constraint = bone.constraints.new("COPY_ROTATION")
            constraint.name = "Add handle"
            constraint.target, constraint.subtarget = rig, handle.name
            constraint.owner_space = constraint.target_space = "LOCAL"
            constraint.mix_mode = "BEFORE"


def bind_head(head: bpy.types.Object, rig: bpy.types.Object) -> None:
    """Skin the head. The modifier stands after the shape keys, as FLAME's formula wants."""
    modifier = head.modifiers.new("Armature", "ARMATURE")
    modifier.object = rig
    modifier.use_vertex_groups = True


def drive_correctives(head: bpy.types.Object, rig: bpy.types.Object, data: AvatarData) -> None:
    """Pose correctives = R - I of the joint's local rotation, constraints included."""
    keys = head.data.shape_keys.key_blocks
    for row in moving_correctives(data):
        joint, element = divmod(row, 9)
        variables = {
            letter: (JOINT_NAMES[joint + 1], f"ROT_{letter.upper()}")
            for letter in "wxyz"
            if letter in _ROTATION_MINUS_IDENTITY[element]
        }
        add_driver(keys[corrective_name(row)], "value", rig, _ROTATION_MINUS_IDENTITY[element], variables)


def add_driver(
    owner: bpy.types.bpy_struct,
    path: str,
    rig: bpy.types.Object,
    expression: str,
    variables: dict[str, tuple[str, str]],
    index: int = -1,
) -> None:
    """Drive ``owner.path`` by local bone transforms: ``variables`` maps a name to (bone, channel such as ``LOC_X``)."""
    driver = owner.driver_add(path, index).driver if index >= 0 else owner.driver_add(path).driver
    driver.type = "SCRIPTED"
    for name, (bone, channel) in variables.items():
        variable = driver.variables.new()
        variable.name = name
        variable.type = "TRANSFORMS"
        target = variable.targets[0]
        target.id = rig
        target.bone_target = bone
        target.transform_type = channel
        target.transform_space = "LOCAL_SPACE"
        target.rotation_mode = "QUATERNION"
    driver.expression = expression
