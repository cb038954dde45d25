"""The shape prior's stage with a generated PanoHead: the artist's face on an ellipsoid, seen from around."""

from dataclasses import replace

import numpy as np
import pytest
from cameo.backend.artifacts import Portrait, over_white
from cameo.backend.engines.facecraft4d.prepared import PreparedPortrait, prepare
from cameo.backend.engines.facecraft4d.prepared_config import PreparedConfig
from cameo.backend.engines.facecraft4d.shape_views import shape_views
from cameo.backend.engines.facecraft4d.shape_views_config import ShapeViewsConfig
from cameo.backend.errors import JobCancelled, StageError
from cameo.backend.head.model import load_head_model
from cameo.backend.perception.landmarks import find_landmarks
from cameo.backend.pipeline.portrait import prepare_portrait
from cameo.backend.priors.panohead.camera import SIZE, camera_of_label
from cameo.backend.priors.panohead.inversion_config import InversionLimits
from cameo.backend.progress import SilentReporter
from cameo.backend.weights.fetch import asset_path
from toy_panohead import write_panohead


class Listener(SilentReporter):
    """Remembers what it hears; cancels at ``end``."""

    def __init__(self, end=2.0):
        self.fractions, self.previews, self._end = [], [], end

    def progress(self, fraction, message=""):
        self.fractions.append(fraction)
        if fraction >= self._end:
            raise JobCancelled

    def preview(self, image, cloud=None):
        self.previews.append(image)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    path = tmp_path_factory.mktemp("panohead") / "toy.pkl"
    write_panohead(path)
    return path


@pytest.fixture(scope="module")
def prepared() -> PreparedPortrait:
    portrait: Portrait = prepare_portrait(asset_path("astronaut.png"))
    return prepare(portrait, PreparedConfig(), load_head_model())


@pytest.fixture(scope="module")
def made(checkpoint, prepared):
    listener = Listener()
    return shape_views(prepared, checkpoint, ShapeViewsConfig.toy(), listener), listener


def test_twenty_four_views_and_the_artists_own(made, prepared):
    views, _ = made
    assert views.images.shape == (25, SIZE, SIZE, 4) and views.images.dtype == np.uint8
    assert views.depth.shape == (25, SIZE, SIZE) and views.depth.dtype == np.float32
    assert views.azimuths_deg[:24] == tuple(15.0 * index for index in range(24))
    assert views.reference == 24 and views.azimuths_deg[24] == prepared.azimuth_deg
    assert (views.images[24] == prepared.image).all()
    assert (views.images[..., :3] <= views.images[..., 3:]).all()
    # The toy's camera shift is zero: the reference stands where the head fit says.
    np.testing.assert_allclose(views.cameras[24].viewmat, camera_of_label(prepared.label).viewmat, atol=1e-5)


def test_the_face_is_found_in_front_and_not_behind(made):
    views, _ = made
    own = find_landmarks(over_white(views.images[24])).points
    for index in (0, 1, 23, 2, 22):
        found = find_landmarks(over_white(views.images[index]))
        assert found is not None, views.azimuths_deg[index]
        if index == 0:
            apart = np.linalg.norm(own[468, :2] - own[473, :2])
            assert (
                np.linalg.norm(found.points[:, :2] - own[:, :2], axis=1).mean() < 0.25 * apart
            )  # the photo is taken from 7 degrees above
    assert find_landmarks(over_white(views.images[12])) is None


def test_depth_is_a_head_from_all_sides(made):
    views, _ = made
    for image, depth in zip(views.images[:24], views.depth[:24], strict=True):
        covered = np.isfinite(depth)
        assert 0.3 < covered.mean() < 0.6
        assert (covered == (image[..., 3] > 127)).mean() > 0.99
        assert 2.35 < depth[covered].min() < 2.6 and depth[covered].max() < 2.8
    assert np.isfinite(views.depth[24]).mean() > 0.3


def test_progress_rises_and_previews_come(made):
    _, listener = made
    assert (np.diff(listener.fractions) >= 0).all() and listener.fractions[-1] == 1.0
    assert len(listener.previews) >= 24 + 2
    assert all(image.shape == (SIZE, SIZE, 3) and image.dtype == np.uint8 for image in listener.previews)


def quick(**limits):
    config = ShapeViewsConfig.toy()
    inversion = replace(config.inversion, latent_steps=1, tuning_steps=1, raw_size=16)
    return replace(config, inversion=inversion, limits=replace(config.limits, **limits))


def test_a_cancelled_job_ends_within_a_step(checkpoint, prepared):
    listener = Listener(end=0.05)
    with pytest.raises(JobCancelled):
        shape_views(prepared, checkpoint, quick(), listener)
    assert len(listener.fractions) == 2


def test_a_bad_inversion_is_an_error_in_words(checkpoint, prepared):
    """After every attempt; nothing was painted here, and the published limits see it."""
    listener = Listener()
    config = replace(quick(), limits=InversionLimits(), attempts=2)
    with pytest.raises(StageError) as refusal:
        shape_views(prepared, checkpoint, config, listener)
    assert refusal.value.code == "panohead.bad_inversion" and refusal.value.fix
    assert "does not look like the picture" in refusal.value.cause
    assert max(listener.fractions) == pytest.approx(0.8) and len(listener.fractions) == 1 + 4
