"""The real backend looks at real pictures as soon as they are chosen, and says what is wrong before a head is made."""

import bpy
import numpy as np
from cameo.blender_addon.film.png import encode_png
from cameo.blender_addon.portrait.preflight import PREFLIGHT


def test_a_portrait_its_crop_and_a_picture_without_a_face(artist, photo, tmp_path):
    artist.start_backend()
    bpy.ops.cameo.pick_image(filepath=str(photo))
    artist.wait_for(lambda: PREFLIGHT.answer is not None)
    first = PREFLIGHT.answer
    assert PREFLIGHT.problem is None and len(first.faces) == 1 and not first.remarks
    assert first.image.shape[:2] == first.matte.shape and abs(first.yaw_deg) < 15
    portrait = bpy.context.scene.cameo_portrait
    portrait.zoom = 1.25
    artist.wait_for(lambda: PREFLIGHT.answer is not first)
    larger = np.ptp(PREFLIGHT.answer.landmarks, axis=0) / np.ptp(first.landmarks, axis=0)
    assert np.allclose(larger, 1.25, atol=0.05), "the sliders start from the backend's own crop"
    portrait.zoom, portrait.up, portrait.right, before = 1.0, 0.1, 0.1, PREFLIGHT.answer
    artist.wait_for(lambda: PREFLIGHT.answer is not before)
    moved = (PREFLIGHT.answer.landmarks - first.landmarks).mean(axis=0)
    assert moved[1] > 5 and moved[0] < -5, "the crop goes up and right, the face in it down and left"
    blank = tmp_path / "blank.png"
    blank.write_bytes(encode_png(np.full((200, 200, 4), 200, np.uint8)))
    bpy.ops.cameo.pick_image(filepath=str(blank))
    artist.wait_for(lambda: PREFLIGHT.problem is not None)
    assert PREFLIGHT.problem.code == "portrait.no_face" and PREFLIGHT.problem.fix
    assert artist.client.jobs == {}, "no head was asked for"
    assert {engine.name for engine in artist.client.welcome.engines} >= {"builtin", "facecraft4d"}
    assert all(engine.terms for engine in artist.client.welcome.engines)
