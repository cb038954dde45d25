"""The add-on in Blender: it comes and goes without a trace, explains itself, and refuses with a reason."""

import bpy
import cameo
import numpy as np
import pytest
from cameo.blender_addon import operators, properties, session
from cameo.blender_addon.link.job_view import JobView
from cameo.blender_addon.operators import jobs
from cameo.blender_addon.operators.render import STILLS
from cameo.blender_addon.panels import CLASSES as PANELS
from cameo.blender_addon.panels import previews
from cameo.protocol.avatar import write_avatar
from cameo.protocol.messages import GenerateAvatar
from toy_avatar import toy_avatar

FREQUENT_NAMES = {"rna_type"}
REACHABLE = (
    *("RENDER_PT_format", "RENDER_PT_frame_range", "RENDER_PT_output", "RENDER_PT_encoding", "RENDER_PT_stamp"),
    *("DATA_PT_lens", "DATA_PT_camera", "DATA_PT_shape_keys", "DATA_PT_vertex_groups", "RENDER_PT_color_management"),
    *("RENDER_PT_opengl_film", "VIEWLAYER_PT_layer", "VIEWLAYER_PT_workbench_layer_passes_data"),
)


def traces() -> set[str]:
    """Everything of Blender's that could carry a mark of ours."""
    found = {f"type {name}" for name in dir(bpy.types) if "cameo" in name.lower()}
    found |= {f"operator {name}" for name in dir(bpy.ops.cameo)}
    for owner in (bpy.types.Scene, bpy.types.Object, bpy.types.WindowManager):
        found |= {f"{owner.__name__}.{p.identifier}" for p in owner.bl_rna.properties if "cameo" in p.identifier}
    found |= {"timer"} if bpy.app.timers.is_registered(session._tick) else set()
    handlers = (getattr(bpy.app.handlers, name) for name in dir(bpy.app.handlers))
    listed = (function for handler in handlers if isinstance(handler, list) for function in handler)
    return found | {f"handler {f}" for f in listed if "cameo" in getattr(f, "__module__", "")}


def test_it_leaves_no_trace_and_comes_again(empty_scene):
    before = traces()
    for _ in range(2):
        cameo.register()
        assert len(traces() - before) > 20
        cameo.unregister()
        assert traces() == before


def test_everything_has_a_tooltip(addon):
    silent = []
    for cls in operators.CLASSES:
        category, name = cls.bl_idname.split(".")
        rna = getattr(getattr(bpy.ops, category), name).get_rna_type()
        if not rna.description:
            silent.append(cls.bl_idname)
        silent += [
            f"{cls.bl_idname}.{p.identifier}"
            for p in rna.properties
            if p.identifier not in FREQUENT_NAMES and not p.description and not p.is_hidden
        ]
    for group in (bpy.context.scene.cameo, properties.CameoControl):
        of_group = group.bl_rna.properties
        silent += [p.identifier for p in of_group if p.identifier not in ("rna_type", "name") and not p.description]
    assert silent == []


def test_every_button_of_the_panels_is_an_operator_and_every_panel_sits_in_the_tab(addon):
    for panel in PANELS:
        where = "bl_context" if panel.bl_space_type == "PROPERTIES" else "bl_category"
        place = (panel.bl_space_type, panel.bl_region_type, getattr(panel, where))
        assert place in (("VIEW_3D", "UI", "Cameo"), ("PROPERTIES", "WINDOW", "render"))
        assert getattr(bpy.types, panel.bl_idname).is_registered


def test_the_properties_of_a_scene_stay_reachable_with_the_engine(addon):
    """Without asking, an engine loses Blender's panels of the output, the camera's lens, shape keys, passes."""

    def takes_part(name):
        return "CAMEO" in getattr(bpy.types, name).COMPAT_ENGINES

    assert all(map(takes_part, REACHABLE))
    assert not any(map(takes_part, ("DATA_PT_camera_dof", "RENDER_PT_freestyle", "RENDER_PT_opengl_lighting")))
    cameo.unregister()
    assert not any(map(takes_part, REACHABLE))
    cameo.register()


def test_nothing_is_offered_that_cannot_work_yet(addon):
    assert not bpy.ops.cameo.generate.poll()
    assert not bpy.ops.cameo.turntable.poll() and not bpy.ops.cameo.key_controls.poll()
    assert not bpy.ops.cameo.stop_backend.poll()


def test_what_is_asked_of_a_job_never_vanishes_silently(addon, monkeypatch):
    """Without a connection it is refused; only a head that no backend has heard of can be taken back."""
    operators = [getattr(bpy.ops.cameo, cls.bl_idname.partition(".")[2]) for cls in jobs.CLASSES]
    known = session.client().jobs
    for operator in operators:
        with pytest.raises(RuntimeError, match="There is no connection to the backend"):
            operator(job="0f8fad5b-d9cb-469f-a165-70867728950e")
    unsent = known.submit(GenerateAvatar(np.ones(3, np.uint8)), "Grace")
    sent = known.submit(GenerateAvatar(np.ones(3, np.uint8)), "Ada")
    known[sent].submission = None
    with pytest.raises(RuntimeError, match=r"backend\.not_connected"):
        bpy.ops.cameo.cancel(job=sent)
    bpy.ops.cameo.cancel(job=unsent)
    assert set(known) == {sent}
    monkeypatch.setattr(type(known), "connected", True)
    for operator in operators:
        with pytest.raises(RuntimeError, match=r"job\.unknown"):
            operator(job="0f8fad5b-d9cb-469f-a165-70867728950e")


@pytest.fixture
def avatar(addon, tmp_path):
    write_avatar(tmp_path / "toy.cameo", toy_avatar(500))
    bpy.ops.cameo.import_avatar(filepath=str(tmp_path / "toy.cameo"))
    return bpy.context.scene.objects["toy"]


def test_sliders_in_the_panel_move_the_bones(avatar):
    jaw = next(control for control in avatar.cameo_controls if control.name == "jawOpen")
    assert jaw.value == 0.0
    jaw.value = 0.5
    rig = avatar["cameo_rig"]
    assert rig.pose.bones["jawOpen"].location[1] > 0.0 and jaw.value == pytest.approx(0.5)
    bpy.ops.cameo.reset_controls()
    assert jaw.value == 0.0


def test_keys_and_mirror_through_operators(avatar):
    bpy.ops.cameo.key_controls(values='{"mouthSmileLeft": 0.0}', frame=1)
    bpy.ops.cameo.key_controls(values='{"mouthSmileLeft": 0.8}', frame=11)
    values = {control.name: control for control in avatar.cameo_controls}
    bpy.context.scene.frame_set(6)
    assert 0.2 < values["mouthSmileLeft"].value < 0.6
    bpy.context.scene.frame_set(11)
    bpy.ops.cameo.mirror_controls()
    assert values["mouthSmileRight"].value == pytest.approx(0.8, abs=1e-5)
    with pytest.raises(RuntimeError, match=r"controls\.malformed"):
        bpy.ops.cameo.key_controls(values="[1, 2]")
    with pytest.raises(RuntimeError, match=r"avatar\.unknown_control"):
        bpy.ops.cameo.key_controls(values='{"noSuchThing": 1}')


def test_named_poses_are_applied_and_keyed(avatar):
    values = {control.name: control for control in avatar.cameo_controls}
    bpy.ops.cameo.apply_pose(pose="joy")
    assert values["mouthSmileLeft"].value > 0.5 and values["cheekSquintRight"].value > 0.2
    smile, brow = values["mouthSmileLeft"].value, values["browInnerUp"].value
    bpy.ops.cameo.apply_pose(pose="surprise", strength=0.5)
    assert values["mouthSmileLeft"].value == 0 and values["browInnerUp"].value > brow
    raised = values["browInnerUp"].value
    bpy.context.scene.frame_set(5)
    bpy.ops.cameo.apply_pose(pose="aa", key=True)  # speech leaves the brows alone
    assert values["jawOpen"].value > 0.3 and values["browInnerUp"].value == raised
    bpy.context.scene.frame_set(9)
    bpy.ops.cameo.apply_pose(pose="sil", key=True)
    bpy.context.scene.frame_set(7)
    assert 0.05 < values["jawOpen"].value < 0.5
    assert smile > 0.5
    with pytest.raises(RuntimeError, match=r"avatar\.unknown_pose"):
        bpy.ops.cameo.apply_pose(pose="smug")


def test_the_sheet_shared_by_two_blenders_is_the_whole_sheet(avatar, tmp_path):
    for part in range(2):
        bpy.ops.cameo.render_stills(directory=str(tmp_path / "stills"), size=32, part=part, parts=2)
    written = {path.stem for path in (tmp_path / "stills").glob("*.png")}
    assert written == {still.name for still in STILLS} | {"photo_view"}


def test_an_unwritable_folder_for_stills_is_named(avatar, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RuntimeError, match=r"output\.unwritable"):
        bpy.ops.cameo.render_stills(directory=str(tmp_path / "file" / "stills"), size=32)


def test_a_preview_becomes_an_icon(addon):
    job = JobView("0f8fad5b-d9cb-469f-a165-70867728950e")
    assert previews.icon_of(job) == 0
    job.picture, job.pictures = np.full((600, 400, 3), 200, np.uint8), 1
    previews.icon_of(job)  # without a window Blender gives icons no number
    icon = previews._collection[job.job]
    assert tuple(icon.image_size) == (134, 200)
    assert icon.image_pixels_float[0] == pytest.approx(200 / 255, abs=0.01)
