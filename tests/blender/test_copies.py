"""Several avatars: copied, linked, appended, overridden, renamed, undone, deleted."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
from cameo.blender_addon.render.gather import gather_splats
from cameo.blender_addon.scene import avatar, pose
from cameo.blender_addon.scene.copies import shares_face
from cameo.protocol.avatar import write_avatar
from toy_avatar import toy_avatar

FACE = {"jawOpen": 0.8, "mouthSmileLeft": 0.6}
LISTS = ("objects", "meshes", "armatures", "pointclouds", "collections", "materials", "node_groups", "shape_keys")


@pytest.fixture
def ada(addon, tmp_path):
    write_avatar(tmp_path / "Ada.cameo", toy_avatar(200))
    bpy.ops.cameo.import_avatar(filepath=str(tmp_path / "Ada.cameo"))
    return bpy.context.scene.objects["Ada"]


def avatars():
    return avatar.avatars_in(bpy.context.scene)


def moved(root) -> float:
    """How far the avatar's face and splats are from rest, the smaller of both, in its own frame, metres."""
    bpy.context.view_layer.update()
    parts = avatar.parts_of(root)
    depsgraph = bpy.context.evaluated_depsgraph_get()
    distances = []
    for part, rest in ((parts.head, parts.head.data.vertices), (parts.splats, parts.splats.data.points)):
        posed = part.evaluated_get(depsgraph).data
        posed = posed.vertices if part.type == "MESH" else posed.points
        places = [np.empty(len(rest) * 3, np.float32) for _ in range(2)]
        for items, values in zip((rest, posed), places):
            items.foreach_get("co", values)
        distances.append(np.abs(places[1] - places[0]).max())
    return float(min(distances))


def select_whole(root):
    bpy.ops.object.select_all(action="DESELECT")
    for item in (root, *root.children):
        item.select_set(True)
    bpy.context.view_layer.objects.active = root


def assert_poses_alone(root, others):
    """``root`` follows its own controls, and nobody else does."""
    bpy.context.view_layer.objects.active = root
    bpy.ops.cameo.reset_controls()
    for control in root.cameo_controls:
        if control.name in FACE:
            control.value = FACE[control.name]
    assert moved(root) > 0.004
    assert all(moved(other) < 1e-6 for other in others)
    bpy.ops.cameo.reset_controls()
    assert moved(root) < 1e-6


def test_shift_d_makes_a_second_avatar(ada):
    select_whole(ada)
    bpy.ops.object.duplicate(linked=False)
    first, second = avatars()
    assert not shares_face(second)
    assert_poses_alone(first, [second])
    assert_poses_alone(second, [first])


def test_alt_d_follows_the_original_until_it_gets_its_own_face(ada):
    select_whole(ada)
    bpy.ops.object.duplicate(linked=True)
    first, second = avatars()
    assert shares_face(second) and not shares_face(first)
    bpy.ops.cameo.own_face(name=second.name)
    assert not shares_face(second)
    assert_poses_alone(first, [second])
    assert_poses_alone(second, [first])


def test_a_root_copied_alone_is_no_avatar(ada):
    bpy.ops.object.select_all(action="DESELECT")
    ada.select_set(True)
    bpy.ops.object.duplicate(linked=False)
    assert avatars() == [ada]


def test_the_copy_operator_copies_hidden_parts_into_a_collection_of_their_own(ada):
    parts = avatar.parts_of(ada)
    parts.head.hide_set(True)
    parts.rig.hide_select = True
    bpy.ops.cameo.duplicate_avatar(name="Ada")
    first, second = avatars()
    assert parts.head.hide_get() and parts.rig.hide_select
    assert {part.users_collection for part in avatar.parts_of(second)} == {second.users_collection}
    assert second.users_collection != first.users_collection
    assert bpy.context.view_layer.objects.active == avatar.parts_of(second).rig and second.select_get()
    assert_poses_alone(second, [first])


def test_everything_may_be_renamed(ada):
    for part in avatar.parts_of(ada):
        part.name = f"x{part.type}"
        if part.data is not None:
            part.data.name = "y"
    for collection in bpy.data.collections:
        collection.name = "z"
    for item in (*bpy.data.node_groups, *bpy.data.materials):
        item.name = "w"
    assert_poses_alone(ada, [])
    bpy.ops.cameo.duplicate_avatar()
    assert len(avatars()) == 2


def test_deleting_takes_everything_and_leaves_the_other_avatar(ada, tmp_path):
    before = {name: len(getattr(bpy.data, name)) for name in LISTS}
    bpy.ops.cameo.import_avatar(filepath=str(tmp_path / "Ada.cameo"), name="Bea")
    glasses = bpy.data.objects.new("glasses", None)
    bpy.context.scene.collection.objects.link(glasses)
    bea = bpy.context.scene.objects["Bea"]
    bea.location = (1, 2, 3)
    glasses.parent = bea
    bpy.context.view_layer.update()
    place = glasses.matrix_world.copy()
    bpy.ops.cameo.delete_avatar(name="Bea")
    bpy.context.view_layer.update()
    assert np.allclose(glasses.matrix_world, place, atol=1e-6)
    bpy.data.objects.remove(glasses)
    assert {name: len(getattr(bpy.data, name)) for name in LISTS} == before
    assert_poses_alone(ada, [])
    bpy.ops.cameo.delete_avatar()
    assert {name: len(getattr(bpy.data, name)) for name in LISTS} == dict.fromkeys(LISTS, 0)
    with pytest.raises(RuntimeError, match="no avatar in this scene"):
        bpy.ops.cameo.delete_avatar()


def test_deleting_keeps_the_artists_collection_and_actions(ada):
    bpy.ops.cameo.key_controls(values='{"jawOpen": 0.5}')
    other = bpy.data.objects.new("prop", None)
    ada.users_collection[0].objects.link(other)
    bpy.ops.cameo.delete_avatar(name="Ada")
    assert [collection.name for collection in other.users_collection] == ["Ada"]
    assert len(bpy.data.actions) == 1


def test_undo_and_redo(ada, tmp_path):
    def push():
        bpy.ops.ed.undo_push(message="step")

    push()
    bpy.ops.cameo.apply_pose(pose="joy")
    push()
    bpy.ops.cameo.delete_avatar()
    push()
    assert not avatars()
    bpy.ops.ed.undo()
    assert moved(avatars()[0]) > 0.004
    bpy.ops.ed.undo()
    assert moved(avatars()[0]) < 1e-6
    bpy.ops.ed.redo()
    assert moved(avatars()[0]) > 0.004
    bpy.ops.ed.redo()
    assert not avatars()
    bpy.ops.ed.undo()
    assert_poses_alone(avatars()[0], [])


@pytest.fixture
def library(ada, tmp_path):
    path = tmp_path / "library.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    return path


def bring(path, link):
    folder = f"{path}/Collection/"
    bpy.ops.wm.link(filepath=folder + "Ada", directory=folder, filename="Ada", link=link, instance_collections=link)


def test_appended_twice(library):
    bring(library, link=False)
    bring(library, link=False)
    first, second = avatars()
    assert_poses_alone(first, [second])
    assert_poses_alone(second, [first])


def test_a_linked_avatar_shows_its_splats_and_is_not_offered_for_posing(library):
    bring(library, link=True)
    assert avatars() == []
    assert len(gather_splats(bpy.context.evaluated_depsgraph_get()).means) == 200


def test_an_override_is_posed_keyed_saved_and_found_again(library, tmp_path):
    bring(library, link=True)
    bpy.ops.object.make_override_library()
    (root,) = avatars()
    assert all(part.override_library is not None for part in avatar.parts_of(root))
    assert_poses_alone(root, [])
    bpy.ops.cameo.key_controls(values='{"jawOpen": 0.0}', frame=1)
    bpy.ops.cameo.key_controls(values='{"jawOpen": 0.8}', frame=11)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
    (root,) = avatars()
    assert all(part.override_library is not None for part in avatar.parts_of(root))
    bpy.context.scene.frame_set(11)
    assert moved(root) > 0.01
    bpy.context.scene.frame_set(1)
    assert moved(root) < 1e-6
    jaw = next(control for control in root.cameo_controls if control.name == "jawOpen")
    assert jaw.is_property_overridable_library("value")
    jaw.value = 0.5
    assert pose.control_values(root)["jawOpen"] == pytest.approx(0.5)
