"""Tracking of drawn views and clips whose truth is known: metres, poses, frames, surface, and what is left out."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cameo.backend.artifacts import Part
from cameo.backend.engines.facecraft4d.frame_plan import plan_frames
from cameo.backend.engines.facecraft4d.tracking import personalized, warnings_of
from cameo.backend.engines.facecraft4d.tracking_config import ViewSurfaceConfig, ViewTrackingConfig
from cameo.backend.engines.facecraft4d.view_points import DepthView, agreed_points
from cameo.backend.errors import JobCancelled, StageError
from cameo.backend.gaussians.binding import triangle_frames
from cameo.backend.head.controls import controls_from_parameters
from cameo.backend.head.flame.closest import closest_points
from cameo.backend.head.lbs import pose_vertices
from cameo.backend.progress import SilentReporter

sys.path.insert(0, str(Path(__file__).parent))

from drawn_views import AZIMUTHS, CLIPS, DRIVEN, REFERENCE, drawn_scene, head_model

WRONG = 1
"""Among the clips' views, the one whose pictures lie."""
CONFIG = ViewTrackingConfig.toy()
MOMENTS = 5


@pytest.fixture(scope="module")
def scene():
    return drawn_scene(MOMENTS, wrong_view=WRONG)


@pytest.fixture(scope="module")
def result(scene):
    return personalized(scene.portrait, scene.views, scene.clips, CONFIG, head_model(), SilentReporter())


def centers(cameras):
    return np.stack([-c.viewmat[:3, :3].T @ c.viewmat[:3, 3] for c in cameras])


def to_truth(points, scene, result):
    """Points of the tracked head carried into the true head's frame over the first camera; and the scale, found over
    true."""
    true, found = (np.linalg.norm(np.subtract(*centers(c)[[0, 12]])) for c in (scene.cameras, result.cameras))
    mine, theirs = result.cameras[0].viewmat, scene.cameras[0].viewmat
    local = (points @ mine[:3, :3].T + mine[:3, 3]) * true / found
    return (local - theirs[:3, 3]) @ theirs[:3, :3], true / found


def test_cameras_stand_in_the_heads_metres(scene, result):
    """Landmarks cannot tell a large head from a near one: what must be right is the head's size in the world."""
    eyes = [np.linalg.norm(mesh.joints[3] - mesh.joints[4]) for mesh in (result.mesh, scene.mesh)]
    scale = to_truth(np.zeros((1, 3)), scene, result)[1]
    assert eyes[0] * scale / eyes[1] == pytest.approx(1, abs=0.01)
    assert scale == pytest.approx(1, abs=0.05)
    model = head_model()
    for pose, true in zip(result.poses[1:], (scene.still, *scene.moments)):
        placed, _ = to_truth(pose_vertices(result.mesh, pose), scene, result)
        away = np.linalg.norm(placed - pose_vertices(scene.mesh, true)[: len(placed)], axis=1)
        assert away[model.masks["face"]].mean() < 0.003  # two pixels


def test_poses_follow_the_clips(scene, result):
    model = head_model()
    assert len(result.poses) == 2 + 2 * MOMENTS
    assert not result.poses[0].units.any() and not result.poses[0].pose.any()
    jaws = np.array([[p.pose[2, 0] for p in poses] for poses in (result.poses[2:], scene.moments)])
    assert np.corrcoef(jaws)[0, 1] > 0.98 and np.rad2deg(np.abs(jaws[0] - jaws[1])).max() < 5
    told, true = ([controls_from_parameters(model, p) for p in poses] for poses in (result.poses[2:], scene.moments))
    for name in CLIPS[1][1]:
        curves = [[values.get(name, 0) for values in sequence] for sequence in (told, true)]
        assert np.corrcoef(curves)[0, 1] > 0.9, name
    smile = result.provenance["photo_controls"]
    assert smile.get("jawOpen", 0) < 0.1


def test_the_view_that_lies_is_not_trained_on(scene, result):
    record = result.provenance["tracking"]
    assert [clip["contradicting"] for clip in record["clips"]] == [MOMENTS, MOMENTS]
    driven = result.pose_index > 1
    assert AZIMUTHS.index(DRIVEN[WRONG] % 360) not in result.view_index[driven]
    assert record["still_views_left_out"] == 0 and record["without_face"] == 0
    assert result.warnings == ()  # one view of six is no calamity
    assert len(result.provenance["frames"]) == len(result.images)


def test_what_is_held_out_is_never_trained_on(result):
    held, driven = result.held_out, result.pose_index > 1
    kept_views = {AZIMUTHS.index(330), AZIMUTHS.index(105)}
    assert kept_views.isdisjoint(result.view_index[~held])
    assert kept_views <= set(result.view_index[held])
    ends = {1 + MOMENTS, 1 + 2 * MOMENTS}  # the last moment of each clip
    assert ends.isdisjoint(result.pose_index[~held]) and not ends.isdisjoint(result.pose_index[held])
    assert held.sum() <= CONFIG.held_out_frames
    trained = result.view_index[~held]
    assert (trained == result.reference_view).sum() == 1, "the artist's picture, and nothing generated"
    assert result.reference_view == REFERENCE and (result.view_index[driven] == len(AZIMUTHS)).any()
    np.testing.assert_array_equal(result.cameras[REFERENCE].viewmat, result.cameras[len(AZIMUTHS)].viewmat)


def test_first_surface_lies_on_the_true_head_with_its_colours(scene, result):
    surface, mesh = result.surface, result.mesh
    posed = pose_vertices(mesh, result.poses[1])
    frames = triangle_frames(posed, mesh.faces[surface.face])
    a, b, h = surface.offset.T[:, :, None].astype(float)
    points, _ = to_truth(frames.centroid + a * frames.e1 + b * frames.e2 + h * frames.rotation[:, :, 2], scene, result)
    truth = pose_vertices(scene.mesh, scene.still)
    found = closest_points(points, truth, scene.mesh.faces)
    away = np.linalg.norm(points - found.carry(truth, scene.mesh.faces), axis=1)
    lifted = (mesh.part[surface.face] == Part.SKIN) & np.any(surface.offset[:, 2:] != 0, axis=1)
    assert lifted.sum() > 10_000
    assert np.percentile(away[lifted], 99) < 0.0005
    off = np.abs(found.carry(scene.mesh.colors, scene.mesh.faces) - surface.color).max(1)
    assert np.median(off[lifted]) < 0.02 and np.percentile(off[lifted], 90) < 0.15
    hair = scene.mesh.part[found.face] == Part.HAIR
    calm = np.linalg.norm(mesh.unit_dirs, axis=2).max(0)[mesh.faces[surface.face]].max(1) < 1e-3
    assert calm[lifted & hair].mean() > 0.99, "hair follows the head, no expression"
    face = head_model().masks["face"][mesh.faces[surface.face]].all(1)
    assert (face & lifted & hair).sum() < 0.002 * (lifted & hair).sum()
    cheek = scene.mesh.part[found.face] == Part.SKIN
    cheek &= head_model().masks["face"][np.minimum(scene.mesh.faces[found.face], len(posed) - 1)].all(1)
    assert (face | ~calm)[lifted & cheek].mean() > 0.99, "skin of the face stays with the face"
    assert set(np.unique(mesh.part[surface.face])) == {p for p in Part if p != Part.HAIR}


def test_a_place_that_one_view_invents_is_left_out(scene):
    def seen(depth):
        return [
            DepthView(image, d, camera, float(azimuth))
            for image, d, camera, azimuth in zip(scene.views.images, depth, scene.cameras, AZIMUTHS)
        ][:4]

    true = [v.depth / 1.7 for v in seen(scene.views.depth)]
    wrong = [d.copy() for d in true]
    wrong[1][100:140, 120:160] -= 0.03
    config = ViewSurfaceConfig(spacing=0.003)
    clean, dirty = (agreed_points(seen(depth), config).points for depth in (true, wrong))
    truth = pose_vertices(scene.mesh, scene.still)
    for points in (clean, dirty):
        assert len(points) > 0.8 * len(clean)
        found = closest_points(points, truth, scene.mesh.faces)
        away = np.linalg.norm(points - found.carry(truth, scene.mesh.faces), axis=1)
        assert away.max() < 0.003


def test_without_a_readable_face_the_error_says_so(scene):
    few = replace(scene.clips, images=np.zeros_like(scene.clips.images[:2]), clip=scene.clips.clip[:2])
    with pytest.raises(StageError) as caught:
        personalized(scene.portrait, scene.views, few, CONFIG, head_model(), SilentReporter())
    assert caught.value.code == "tracking.no_face"
    assert "driven" in str(caught.value.cause)


def test_many_contradictions_are_told_to_the_artist():
    seen = np.ones((4, 6), bool)
    for lost, told in ((1, 0), (3, 1)):
        agrees = seen.copy()
        agrees[:, :lost] = False
        found = warnings_of(seen, agrees)
        assert len(found) == told
    assert found[0][0] == "tracking.many_left_out" and "12 of 24" in found[0][1]


def test_cancelling_stops_while_faces_are_read(scene):
    class Impatient(SilentReporter):
        def progress(self, fraction, message=""):
            if fraction > 0.01:
                raise JobCancelled

    with pytest.raises(JobCancelled):
        personalized(scene.portrait, scene.views, scene.clips, CONFIG, head_model(), Impatient())


def test_frames_kept_for_measuring_are_limited(scene):
    good = np.ones(len(AZIMUTHS), bool), np.ones(scene.clips.images.shape[:2], bool)
    plan = plan_frames(scene.views, scene.clips, *good, replace(CONFIG, held_out_frames=3))
    assert plan.held_out.sum() == 3
    everything = plan_frames(scene.views, scene.clips, *good, replace(CONFIG, held_out_azimuths_deg=(), held_out_end=0))
    assert not everything.held_out.any()
    assert len(everything.view) == len(AZIMUTHS) + scene.clips.images[..., 0, 0, 0].size
