"""The head's mesh with a shape key for every control, for programs that know shapes and bones: glTF and FBX.

A shape key here is the face with that one control at 1, joints and correctives included, less the neutral face. The
avatar's own mesh cannot be exported: its keys are FLAME's units, and drivers add them up. What shapes cannot keep:
ceilings (two strong controls may add up too far) and the arc of a jaw on its way (it goes in a straight line). The
splats do not go along.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bpy
import numpy as np

from ...protocol.errors import CameoError
from ..joints import JOINT_NAMES
from .avatar import AvatarParts, control_names, parts_of
from .materials import COLOR_ATTRIBUTE
from .motion_action import sample_timeline
from .picture import posed
from .rig import BONE_LENGTH

NEEDS = {"mouthClose": "jawOpen"}  # acts only on what this one has opened: its shape is the difference
_SMALLEST = 1e-7  # metres: a shape that moves less is not written
_ARKIT = ("brow", "eye", "cheek", "nose", "jaw", "mouth", "tongue")


def control_shapes(context: bpy.types.Context, member: bpy.types.Object, names: list[str]) -> dict[str, np.ndarray]:
    """Where each control moves the vertices at 1: float32 [V,3], head frame, metres; still ones are left out."""
    parts = parts_of(member)
    hidden, parts.splats.hide_viewport = parts.splats.hide_viewport, True  # they would be evaluated each time
    try:
        faces = {need: _posed_vertices(context, parts, {need: 1.0}) for need in set(NEEDS.values()) & set(names)}
        neutral = _posed_vertices(context, parts, {})
        shapes = {}
        for name in names:
            need = NEEDS.get(name)
            before = faces.get(need, neutral) if need else neutral
            after = _posed_vertices(context, parts, {name: 1.0} | ({need: 1.0} if need in faces else {}))
            shapes[name] = after - before
    finally:
        parts.splats.hide_viewport = hidden
    return {name: shape for name, shape in shapes.items() if np.abs(shape).max() > _SMALLEST}


def export_shapes(
    context: bpy.types.Context,
    member: bpy.types.Object,
    path: Path,
    *,
    all_controls: bool = False,
    frames: tuple[int, int] | None = None,
) -> list[str]:
    """Write the head as ``.glb``, ``.gltf`` or ``.fbx`` by Blender's own exporters.

    Args:
        all_controls: the action units, too; else ARKit's alone.
        frames: first and last frame of the timeline to bring along as animation.

    Returns:
        Names of the shapes.

    Raises:
        CameoError: ``export.unknown_ending``, ``export.failed``.
    """
    if path.suffix.lower() not in (".glb", ".gltf", ".fbx"):
        raise CameoError(
            "export.unknown_ending", f"'{path.suffix}' is no format for shapes.", fix="End the name in .glb or .fbx."
        )
    names = [name for name in control_names(member) if all_controls or name.startswith(_ARKIT)]
    shapes = control_shapes(context, member, names)
    clip = None if frames is None else sample_timeline(context, member, *frames)
    with _object_mode(context), _copied(context, parts_of(member), shapes) as (head, rig):
        if clip is not None and frames is not None:
            _animate(head, rig, clip.controls, clip.joints, frames[0])
        context.view_layer.update()
        with _selected(context, [head, rig]), _range(context.scene, frames):
            _export(path, animated=clip is not None)
    return list(shapes)


def _posed_vertices(context: bpy.types.Context, parts: AvatarParts, values: dict[str, float]) -> np.ndarray:
    with posed(parts.root, values):
        context.view_layer.update()
        mesh = parts.head.evaluated_get(context.evaluated_depsgraph_get()).data
        vertices = np.empty(3 * len(mesh.vertices), np.float32)
        mesh.vertices.foreach_get("co", vertices)
    return vertices.reshape(-1, 3)


@contextmanager
def _object_mode(context: bpy.types.Context) -> Iterator[None]:
    """The exporters need it; the artist's mode comes back."""
    active = context.view_layer.objects.active
    mode = "OBJECT" if active is None else active.mode
    if mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    try:
        yield
    finally:
        if mode != "OBJECT":
            context.view_layer.objects.active = active
            bpy.ops.object.mode_set(mode=mode)


@contextmanager
def _copied(
    context: bpy.types.Context, parts: AvatarParts, shapes: dict[str, np.ndarray]
) -> Iterator[tuple[bpy.types.Object, bpy.types.Object]]:
    """A plain copy of head and joints in the scene while it is exported."""
    current = context.view_layer.objects.active
    kept_keys = {key.name for key in bpy.data.shape_keys}
    rig = _copy_rig(context, parts)
    mesh, skin = parts.head.data.copy(), _skin(f"{parts.root.name} Skin")
    head = bpy.data.objects.new(f"{parts.root.name} Mesh", mesh)
    mesh.name = head.name
    try:
        context.scene.collection.objects.link(head)
        _replace_keys(head, shapes)
        mesh.materials.clear()
        mesh.materials.append(skin)
        head.parent = rig
        modifier = head.modifiers.new("Armature", "ARMATURE")
        modifier.object = rig
        yield head, rig
    finally:
        bones, actions = rig.data, [_action(owner) for owner in (rig, mesh.shape_keys)]
        for owner in (head, rig):
            bpy.data.objects.remove(owner)
        bpy.data.meshes.remove(mesh)
        bpy.data.materials.remove(skin)
        bpy.data.armatures.remove(bones)
        for action in actions:
            if action is not None:
                bpy.data.actions.remove(action)
        leftover = [key for key in bpy.data.shape_keys if key.name not in kept_keys]
        bpy.data.batch_remove(leftover)  # Blender 5.0 leaves a removed mesh's keys behind
        context.view_layer.objects.active = current


def _copy_rig(context: bpy.types.Context, parts: AvatarParts) -> bpy.types.Object:
    """FLAME's five joints alone."""
    source = parts.rig.data.bones
    armature = bpy.data.armatures.new(f"{parts.root.name} Joints")
    rig = bpy.data.objects.new(f"{parts.root.name} Joints", armature)
    context.scene.collection.objects.link(rig)
    rig.matrix_world = parts.root.matrix_world
    context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    for name in JOINT_NAMES:
        bone = armature.edit_bones.new(name)
        bone.head = source[name].head_local
        bone.tail = bone.head
        bone.tail.y += BONE_LENGTH
        bone.roll = 0.0
        parent = source[name].parent
        bone.parent = armature.edit_bones[parent.name] if parent is not None else None
    bpy.ops.object.mode_set(mode="OBJECT")
    return rig


def _skin(name: str) -> bpy.types.Material:
    """Lit, in the mesh's own colours; the avatar's material only glows, which other programs show as plain white."""
    skin = bpy.data.materials.new(name)
    if skin.node_tree is None:
        skin.use_nodes = True
    tree = skin.node_tree
    tree.nodes.clear()
    color, shader = tree.nodes.new("ShaderNodeVertexColor"), tree.nodes.new("ShaderNodeBsdfPrincipled")
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    color.layer_name = COLOR_ATTRIBUTE
    shader.inputs["Roughness"].default_value = 0.6
    tree.links.new(color.outputs["Color"], shader.inputs["Base Color"])
    tree.links.new(shader.outputs["BSDF"], output.inputs["Surface"])
    return skin


def _replace_keys(head: bpy.types.Object, shapes: dict[str, np.ndarray]) -> None:
    basis = np.empty(3 * len(head.data.vertices), np.float32)
    head.data.shape_keys.key_blocks[0].points.foreach_get("co", basis)
    head.shape_key_clear()
    head.shape_key_add(name="Basis", from_mix=False)
    for name, shape in shapes.items():
        key = head.shape_key_add(name=name, from_mix=False)
        key.points.foreach_set("co", basis + shape.ravel())
        key.value = 0.0  # Blender makes them with 1
    for name in JOINT_NAMES:
        if name not in head.vertex_groups:
            head.vertex_groups.new(name=name)


def _animate(
    head: bpy.types.Object,
    rig: bpy.types.Object,
    controls: dict[str, np.ndarray],
    joints: dict[str, np.ndarray],
    first: int,
) -> None:
    """The sliders' values on the shapes, the handles' turns on the bones."""
    from mathutils import Quaternion, Vector

    keys = head.data.shape_keys.key_blocks
    for name, values in controls.items():
        if name in keys and values.any():
            for k, value in enumerate(values):
                keys[name].value = value
                keys[name].keyframe_insert("value", frame=first + k)
    for name, turns in joints.items():
        bone = rig.pose.bones[name]
        for k, turn in enumerate(turns):
            vector = Vector(turn)
            bone.rotation_quaternion = Quaternion(vector, vector.length) if vector.length else Quaternion()
            bone.keyframe_insert("rotation_quaternion", frame=first + k)


def _action(owner: bpy.types.ID | None) -> bpy.types.Action | None:
    animation = None if owner is None else owner.animation_data
    return None if animation is None else animation.action


@contextmanager
def _selected(context: bpy.types.Context, chosen: list[bpy.types.Object]) -> Iterator[None]:
    before = [item for item in context.view_layer.objects if item.select_get()]
    for item in before:
        item.select_set(False)
    for item in chosen:
        item.select_set(True)
    try:
        yield
    finally:
        for item in before:
            item.select_set(True)


@contextmanager
def _range(scene: bpy.types.Scene, frames: tuple[int, int] | None) -> Iterator[None]:
    """The exporters write the scene's range."""
    before = scene.frame_start, scene.frame_end
    if frames is not None:
        scene.frame_start, scene.frame_end = frames
    try:
        yield
    finally:
        scene.frame_start, scene.frame_end = before


def _export(path: Path, *, animated: bool) -> None:
    try:
        if path.suffix.lower() == ".fbx":
            bpy.ops.export_scene.fbx(
                filepath=str(path),
                use_selection=True,
                object_types={"ARMATURE", "MESH"},
                use_mesh_modifiers=False,  # modifiers would cost the shapes
                add_leaf_bones=False,
                bake_anim=animated,
                colors_type="SRGB",
            )
            return
        bpy.ops.export_scene.gltf(
            filepath=str(path),
            export_format="GLB" if path.suffix.lower() == ".glb" else "GLTF_SEPARATE",
            use_selection=True,
            export_morph=True,
            export_morph_normal=False,
            export_skins=True,
            export_animations=animated,
            export_animation_mode="ACTIVE_ACTIONS",  # merged: one animation moves shapes and joints
            export_current_frame=False,
        )
    except (RuntimeError, AttributeError) as error:
        raise CameoError(
            "export.failed",
            f"Blender could not write {path.name}.",
            cause=str(error).strip(),
            fix="Choose another folder, and see that Blender's own glTF and FBX add-ons are enabled.",
        ) from error
