"""A moving face under twelve calibrated cameras: the whole truth is known, and the pictures lie as they do."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from cameo.backend.config import FitConfig, TrackingConfig
from cameo.backend.errors import StageError
from cameo.backend.head.fit_sight import Outline
from cameo.backend.head.landmark_fit import fit_landmarks
from cameo.backend.head.model import load_head_model
from cameo.backend.head.view_tracking import track_views
from cameo.tests.head.orbit_clip import RATE, TURNS, judged, orbit_clip

MODEL = load_head_model()
VIEWS = len(TURNS)
WRONG = 9
"""The view whose landmarks all belong elsewhere."""
HEAD = MODEL.masks["skin"] & ~MODEL.masks["bust"] & ~MODEL.masks["neck"]
"""A bare neck shows no outline that tells where along itself a vertex belongs."""


@pytest.fixture(scope="module")
def clip():
    return orbit_clip(MODEL, 16, seed=3, wrong_view=WRONG)


@pytest.fixture(scope="module")
def fit(clip):
    return track_views(clip.sights, RATE, MODEL)


def test_twelve_views_with_noise_and_outliers_tell_head_jaw_and_expression(clip, fit):
    found = judged(fit, clip, MODEL)
    assert np.percentile(found.vertices_mm[:, HEAD], 95) < 1.5
    assert found.vertices_mm[:, HEAD].mean() < 0.6
    assert found.vertices_mm[:, MODEL.masks["skin"]].mean() < 1.5
    assert found.vertices_mm[:, MODEL.masks["face"]].mean() < 0.35
    assert found.jaw_degrees.max() < 1.5
    assert len(found.correlations) > 20
    assert np.mean(list(found.correlations.values())) > 0.95
    assert found.scale == pytest.approx(1, abs=0.01)


def test_nothing_comes_late(clip, fit):
    """In 16 moments the peak between two pictures is rough; the peak's picture is not."""
    assert abs(judged(fit, clip, MODEL).lag) < 0.5


def test_the_view_that_is_wrong_is_left_out_and_no_other(fit):
    left_out = fit.left_out.reshape(-1, VIEWS)
    assert left_out[:, WRONG].all()
    assert left_out.sum() == len(left_out)


def test_a_still_head_has_one_place(fit):
    roots = np.stack([np.r_[p.pose[0], p.translation] for p in fit.parameters])
    assert np.abs(roots - roots[0]).max() < 1e-5


def scalp_and_neck_errors(clip, outlined):
    """Mean millimetres of the neutral head fitted to one moment in four views; ``outlined`` changes their outlines."""
    right = [sight for view, sight in enumerate(clip.sights[:VIEWS]) if view != WRONG][::3]
    sights = [replace(sight, outline=outlined(sight.outline)) for sight in right]
    fit = fit_landmarks(sights, MODEL, config=FitConfig(betas=40), calibrated=True)
    away = 1000 * np.linalg.norm(MODEL.neutral(fit.person.betas) - MODEL.neutral(clip.betas), axis=1)
    return np.array([away[MODEL.masks[part]].mean() for part in ("scalp", "neck")])


def test_outlines_tell_skull_and_neck_where_skin_forms_them(clip):
    """Landmarks end at the temples and the chin. Hair stands out from the head and is no evidence."""
    nothing = np.zeros_like(clip.sights[0].outline.skin)
    hair = np.ones((25, 25), np.uint8)
    bare = scalp_and_neck_errors(clip, lambda outline: None)
    told = scalp_and_neck_errors(clip, lambda outline: outline)
    hairy = scalp_and_neck_errors(
        clip, lambda outline: Outline(cv2.dilate(outline.person.astype(np.uint8), hair).astype(bool), nothing)
    )
    assert (told < 0.6 * bare).all(), (told, bare)
    assert hairy == pytest.approx(bare, rel=0.1)


def test_moments_without_a_face_are_bridged_and_no_face_at_all_is_an_error(clip):
    """Three views, few steps; the fourth moment is not seen, of the sixth one view is wrong."""
    sights = [replace(s, outline=None) for s in clip.sights if s.camera.viewmat[0, 0] > 0.7 and s.moment < 8]
    blank = np.full((478, 2), np.nan)
    sights = [replace(s, points=blank) if s.moment == 3 else s for s in sights]
    wrong = [i for i, s in enumerate(sights) if s.moment == 5][1]
    sights[wrong] = replace(sights[wrong], points=sights[wrong].points + 40)
    fit = track_views(sights, RATE, MODEL, TrackingConfig(fit=FitConfig(betas=20), key_moments=2))
    assert np.flatnonzero(np.isnan(fit.errors)).tolist() == [3]
    expected = [s.moment == 3 or i == wrong for i, s in enumerate(sights)]
    assert fit.left_out.tolist() == expected
    steps = np.abs(np.diff([p.units for p in fit.parameters], axis=0)).max(1)
    assert steps[2:4].max() < 0.5
    with pytest.raises(StageError):
        track_views([replace(s, points=blank) for s in sights], RATE, MODEL)


def test_no_motion_runs_over_the_border_of_two_clips(clip):
    """The second clip begins with another face than the first one ends with: that jump stays, whatever the calm."""
    sights = [replace(s, outline=None) for s in clip.sights if s.camera.viewmat[0, 0] > 0.7 and s.moment < 8]
    order = np.array([4, 5, 6, 7, 0, 1, 2, 3])
    jump = [replace(s, moment=int(order[s.moment])) for s in sights]
    config = TrackingConfig(fit=FitConfig(betas=20), key_moments=3, unit_acceleration=200.0)
    clips = np.repeat([0, 1], 4)
    told, untold = (
        np.stack([p.units for p in track_views(jump, RATE, MODEL, config, clips=c).parameters]) for c in (clips, None)
    )
    true = np.stack([clip.parameters[t].units for t in np.argsort(order)])
    jumps = [np.linalg.norm(units[4] - units[3]) for units in (told, untold, true)]
    assert jumps[1] < 0.5 * jumps[2], jumps
    assert jumps[0] > 1.5 * jumps[1], jumps
