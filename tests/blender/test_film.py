"""Turntables and sheets as files, by the operators and by the command line."""

from __future__ import annotations

import bpy
import cameo
import numpy as np
import pytest
from cameo.blender_addon import command_line, film_settings, properties
from cameo.blender_addon.operators import film as film_operators
from cameo.blender_addon.panels.turntable import TurntablePanel
from cameo.blender_addon.scene import avatar, film, pose, timeline
from cameo.blender_addon.scene.faces import face_values, faces_of
from cameo.protocol.avatar import write_avatar
from cameo.protocol.errors import CameoError
from paper import drawn
from toy_avatar import toy_avatar

SIZE = 64


@pytest.fixture
def root(empty_scene, monkeypatch, tmp_path):
    monkeypatch.setenv("CAMEO_HOME", str(tmp_path / "home"))
    cameo.register()
    write_avatar(tmp_path / "toy.cameo", toy_avatar(3000))
    bpy.ops.cameo.import_avatar(filepath=str(tmp_path / "toy.cameo"))
    scene = bpy.context.scene
    scene.cameo.turntable_frames, scene.cameo.turntable_size = 8, SIZE
    yield scene.objects["toy"]
    cameo.unregister()


def state(root):
    scene = bpy.context.scene
    kinds = ("objects", "cameras", "scenes", "images", "actions")
    blocks = {block.name for kind in kinds for block in getattr(bpy.data, kind)} - {"Render Result"}
    return (
        blocks,
        (scene.camera, scene.render.engine, scene.render.filepath, scene.frame_current, scene.frame_end),
        tuple(pose.control_values(root).values()),
    )


def pixels(path):
    return film.read_picture(path).astype(int)


def test_a_png_sequence_goes_round_and_leaves_the_scene_alone(root, tmp_path):
    bpy.context.scene.cameo_film.kind = "PNG"
    bpy.context.scene.cameo_film.expressions = "NONE"
    pose.set_controls(root, {"jawOpen": 0.5})
    before = state(root)
    bpy.ops.cameo.render_turntable(filepath=str(tmp_path / "out" / "turn"))
    assert state(root) == before
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == [f"turn_{k:04d}.png" for k in range(1, 9)]
    faces = [pixels(tmp_path / "out" / name) for name in written]
    ground = faces[0][0, 0]
    assert ground[3] == 255 and np.abs(ground[:3] - 117).max() <= 1  # the panel's grey, exactly
    # right and left are each other's mirror image, front and back are not the same
    left, right = faces[1][..., :3], faces[7][:, ::-1, :3]
    assert np.abs(left - right).mean() < 6 < np.abs(faces[0] - faces[4])[..., :3].mean()


def test_a_film_is_an_mp4_with_the_right_pictures(root, tmp_path):
    settings = bpy.context.scene.cameo_film
    settings.expressions, settings.picture_height, settings.fps = "NONE", 48, 12
    before = state(root)
    bpy.ops.cameo.render_turntable(filepath=str(tmp_path / "turn"))
    assert state(root) == before and [path.name for path in tmp_path.glob("turn*")] == ["turn.mp4"]
    clip = bpy.data.movieclips.load(str(tmp_path / "turn.mp4"))
    assert clip.frame_duration == 8 and tuple(clip.size) == (64, 48) and clip.fps == 12


def test_the_first_frame_of_a_film_is_the_picture(root, tmp_path):
    """Colours pass the sequencer unchanged: as close as H.264 keeps them."""
    settings = bpy.context.scene.cameo_film
    settings.expressions, bpy.context.scene.cameo.turntable_frames = "NONE", 8
    bpy.ops.cameo.render_turntable(filepath=str(tmp_path / "turn.mp4"))
    settings.kind = "PNG"
    bpy.ops.cameo.render_turntable(filepath=str(tmp_path / "turn.png"))
    image = bpy.data.images.load(str(tmp_path / "turn.mp4"))
    image.colorspace_settings.name = "Non-Color"
    found = np.array(image.pixels[:]).reshape(SIZE, SIZE, 4)[::-1, :, :3] * 255
    assert np.abs(found - pixels(tmp_path / "turn_0001.png")[..., :3]).mean() < 3


@pytest.mark.parametrize(("kind", "name", "start"), [("GIF", "t.gif", b"GIF89a"), ("APNG", "t.png", b"\x89PNG")])
def test_gif_and_apng_are_written_whole(root, tmp_path, kind, name, start):
    settings = bpy.context.scene.cameo_film
    settings.kind, settings.background = kind, "TRANSPARENT"
    bpy.context.scene.cameo.turntable_frames = 8
    bpy.ops.cameo.render_turntable(filepath=str(tmp_path / "t"))
    content = (tmp_path / name).read_bytes()
    assert content.startswith(start) and (content.endswith(b"\x3b") if kind == "GIF" else content.count(b"fcTL") == 8)


def test_a_picture_behind_the_head(root, tmp_path):
    wide = np.zeros((20, 60, 4), np.uint8)
    wide[..., 0], wide[..., 3] = np.linspace(0, 255, 60), 255
    (tmp_path / "wall.png").write_bytes(film.encode_png(wide))
    settings = bpy.context.scene.cameo_film
    settings.kind, settings.background = "PNG", "IMAGE"
    with pytest.raises(RuntimeError, match=r"film\.no_background"):
        bpy.ops.cameo.render_turntable(filepath=str(tmp_path / "t"))
    settings.background_image = str(tmp_path / "wall.png")
    bpy.ops.cameo.render_turntable(filepath=str(tmp_path / "t"))
    corner = pixels(tmp_path / "t_0001.png")[0]
    assert corner[0, 0] < 100 < 150 < corner[-1, 0] and corner[0, 1] == 0
    settings.background_image = str(tmp_path / "toy.cameo")
    with pytest.raises(RuntimeError, match=r"film\.bad_picture"):
        bpy.ops.cameo.render_turntable(filepath=str(tmp_path / "t"))


def test_faces_come_from_the_timeline_or_a_list(root, tmp_path):
    settings = bpy.context.scene.cameo_film
    settings.kind, settings.turn = "PNG", 0.0
    timeline.key_controls(root, 1, {"jawOpen": 0.0})
    timeline.key_controls(root, 8, {"jawOpen": 1.0})
    settings.expressions = "TIMELINE"
    bpy.ops.cameo.render_turntable(filepath=str(tmp_path / "t"))
    moved = [np.abs(pixels(tmp_path / f"t_000{k}.png") - pixels(tmp_path / "t_0001.png")).mean() for k in (4, 8)]
    assert 0 < moved[0] < moved[1] and bpy.context.scene.frame_current == 1
    settings.expressions, settings.faces = "LIST", "jawOpen"
    bpy.ops.cameo.render_turntable(filepath=str(tmp_path / "l"))
    changed = [np.abs(pixels(tmp_path / f"l_000{k}.png") - pixels(tmp_path / "l_0001.png")).mean() for k in (2, 5)]
    assert changed[1] > 2 * changed[0] > 0
    settings.faces = "smug"
    with pytest.raises(RuntimeError, match=r"avatar\.unknown_face"):
        bpy.ops.cameo.render_turntable(filepath=str(tmp_path / "l"))


def test_expressions_meet_what_they_are_told_to():
    keyed = film.spread_out([{"a": 1.0}, {"b": 0.5}])
    assert film.expression_at(keyed, 0.25) == {"a": 1.0} and film.expression_at(keyed, 0.75) == {"b": 0.5}
    assert film.expression_at(keyed, 0.5).get("a", 0.0) == 0.0 and film.expression_at((), 0.3) == {}
    steps = np.array([film.expression_at(keyed, at).get("a", 0.0) for at in np.linspace(0, 0.5, 101)])
    assert np.abs(np.diff(steps)).max() < 0.06  # no jump


def test_names_of_faces(root):
    assert face_values(root, "mouthSmile=0.5") == {"mouthSmileLeft": 0.5, "mouthSmileRight": 0.5}
    assert face_values(root, "joy")["mouthSmileLeft"] > 0.5 and face_values(root, "neutral") == {}
    for bad in ("smug", "jawOpen=2", "jawOpen=much"):
        with pytest.raises(CameoError) as caught:
            face_values(root, bad)
        assert caught.value.code == "avatar.unknown_face"
    with pytest.raises(CameoError):
        faces_of(root, " , ")


def test_cancelling_leaves_nothing(root, tmp_path):
    settings = bpy.context.scene.cameo_film
    for kind in ("MP4", "GIF", "APNG"):
        settings.kind, settings.path = kind, str(tmp_path / "films" / "x")
        job = film.FilmJob(bpy.context, root, film_operators.film_of(bpy.context, root))
        assert not job.step(bpy.context) and not job.step(bpy.context)
        job.cancel()
        assert list((tmp_path / "films").iterdir()) == []


def test_an_avatar_that_goes_away_ends_the_film(root, tmp_path):
    bpy.context.scene.cameo_film.path = str(tmp_path / "x")
    job = film.FilmJob(bpy.context, root, film_operators.film_of(bpy.context, root))
    root.name = "another"
    with pytest.raises(CameoError, match=r"film\.avatar_gone"):
        job.step(bpy.context)
    job.cancel()


@pytest.mark.parametrize(("kind", "count"), [("MAIN", 6), ("VIEWS", 8), ("EMOTIONS", None), ("LIST", 4)])
def test_a_sheet_shows_every_face_with_its_name(root, tmp_path, kind, count):
    settings = bpy.context.scene.cameo_film
    settings.sheet, settings.sheet_columns = kind, 3
    settings.background = "TRANSPARENT"
    before = state(root)
    bpy.ops.cameo.render_sheet(filepath=str(tmp_path / "sheet"))
    assert state(root) == before
    sheet = pixels(tmp_path / "sheet.png")
    faces = film_operators.sheet_faces(root, kind, settings.sheet_faces)
    assert count is None or len(faces) == count
    rows = -(-len(faces) // 3)
    gap, line = 1, 6
    assert sheet.shape[:2] == (gap + rows * (SIZE + line + gap), gap + 3 * (SIZE + gap))
    captions = sheet[gap + SIZE + 1 : gap + SIZE + line - 1, :, :3]
    assert captions.max() > 100 and sheet[0, 0, 0] == 28  # light letters on dark paper


def test_unwritable_places_are_named(root, tmp_path):
    (tmp_path / "file").touch()
    for operator in (bpy.ops.cameo.render_turntable, bpy.ops.cameo.render_sheet):
        with pytest.raises(RuntimeError, match=r"output\.unwritable"):
            operator(filepath=str(tmp_path / "file" / "x" / "y"))


def test_a_place_beside_a_file_that_is_not_saved_is_none(root, tmp_path):
    for operator in (bpy.ops.cameo.render_turntable, bpy.ops.cameo.render_sheet, bpy.ops.cameo.render_stills):
        with pytest.raises(RuntimeError, match=r"output\.no_place"):
            operator()
    assert "Save" in drawn(TurntablePanel).buttons
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"))
    assert "Save" not in drawn(TurntablePanel).buttons
    bpy.context.scene.cameo_film.sheet = "VIEWS"
    bpy.ops.cameo.render_sheet()
    assert (tmp_path / "expressions.png").exists()


def test_the_command_line_makes_films_and_sheets(root, tmp_path, capsys):
    toy = str(tmp_path / "toy.cameo")
    look = ["--size", "64", "--background", "#203040"]
    assert command_line.run(["turntable", toy, "-o", str(tmp_path / "o.gif"), "--frames", "8", *look]) == 0
    assert (tmp_path / "o.gif").read_bytes().startswith(b"GIF89a")
    show = ["--show", "neutral, jawOpen"]
    assert command_line.run(["sheet", toy, "-o", str(tmp_path / "s.png"), *look, *show]) == 0
    assert tuple(pixels(tmp_path / "s.png")[0, 0, :3]) == (32, 48, 64)
    assert command_line.run(["turntable", str(tmp_path / "no.cameo"), "-o", "x.mp4"]) == 1
    assert "avatar.unreadable" in capsys.readouterr().err
    for k in (1, 2, 3):
        (tmp_path / f"p{k}.png").write_bytes(film.encode_png(np.full((32, 32, 4), 60 * k, np.uint8)))
    (tmp_path / "s.png").unlink()
    assert command_line.run(["encode", str(tmp_path), "-o", str(tmp_path / "e.mp4"), "--fps", "12"]) == 0
    assert bpy.data.movieclips.load(str(tmp_path / "e.mp4")).frame_duration == 3
    assert command_line.run(["encode", str(tmp_path / "home"), "-o", str(tmp_path / "f.mp4")]) == 1
    assert command_line.run(["dance"]) == 2 and command_line.run(["sheet", toy, "-o", "x", "--background", "#1"]) == 1


def test_the_command_line_plays_a_performance(root, tmp_path):
    names = "Timecode,JawOpen\n"
    (tmp_path / "take.csv").write_text(names + "".join(f"00:00:00:{k:02d}.0,{k / 60}\n" for k in range(60)))
    out = str(tmp_path / "t.png")
    command = ["turntable", str(tmp_path / "toy.cameo"), "-o", out, "--frames", "8", "--size", "64", "--degrees", "0"]
    assert command_line.run([*command, "--motion", str(tmp_path / "take.csv")]) == 0
    first, last = (pixels(tmp_path / f"t_000{k}.png") for k in (1, 8))
    assert np.abs(first - last).mean() > 0.1
    assert avatar.avatars_in(bpy.context.scene)


def test_every_setting_has_a_tooltip(root):
    of_group = bpy.context.scene.cameo_film.bl_rna.properties
    assert [p.identifier for p in of_group if p.identifier not in ("rna_type", "name") and not p.description] == []


@pytest.mark.parametrize("group", [film_settings.CameoFilm, properties.CameoSettings])
def test_paths_of_the_scene_may_begin_at_the_blend(root, group):
    """Blender draws a path with ``//`` red where the property does not say so."""
    paths = [prop for prop in group.bl_rna.properties if getattr(prop, "subtype", "") in ("FILE_PATH", "DIR_PATH")]
    assert paths and [prop.identifier for prop in paths if not prop.is_path_supports_blend_relative] == []
