"""The whole stage with generated networks that the real loader reads."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from cameo.backend.artifacts import ViewSet, orbit_camera
from cameo.backend.engines.facecraft4d.expression_clips import expression_clips, moving_views
from cameo.backend.errors import AssetError, JobCancelled, StageError
from cameo.backend.head.controls import parameters_from_controls
from cameo.backend.head.drawn_face import draw_face, face_colors
from cameo.backend.head.lbs import pose_vertices
from cameo.backend.head.mesh_raster import rasterize_mesh
from cameo.backend.head.model import load_head_model, make_avatar_mesh
from cameo.backend.perception.landmarks import find_landmarks
from cameo.backend.priors.liveportrait.config import AtRest, ExpressionClipsConfig
from cameo.backend.priors.liveportrait.crop import cut, face_crop
from cameo.backend.priors.liveportrait.drive import appearance_of, drive
from cameo.backend.priors.liveportrait.networks import load_networks
from cameo.backend.priors.liveportrait.rig import motion_of_rig
from cameo.backend.progress import SilentReporter
from cameo.backend.weights.fetch import asset_path
from toy_liveportrait import write_liveportrait

SIZE, AZIMUTHS, REFERENCE = 160, (0.0, 15.0, 180.0, 345.0, -6.0), 4
OPEN = {"jawOpen": 1.0, "tongueOut": 0.5}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """On a busy machine two threads spend their time waiting for each other at every layer of a tiny network."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def liveportrait(tmp_path_factory):
    folder = tmp_path_factory.mktemp("liveportrait")
    write_liveportrait(folder)
    return folder


@pytest.fixture(scope="module")
def views():
    return drawn_views({})


def drawn_views(controls):
    """The drawn head from five sides; the last view is the reference."""
    model = load_head_model()
    mesh = make_avatar_mesh(model, model.neutral(np.zeros(1)), face_colors(model))
    vertices = pose_vertices(mesh, parameters_from_controls(mesh, controls))
    cameras = tuple(orbit_camera(azimuth, distance=1.3, fov_deg=17.5, size=SIZE) for azimuth in AZIMUTHS)
    rasters = [rasterize_mesh(vertices, model.faces, camera) for camera in cameras]
    images = []
    for camera, raster in zip(cameras, rasters):
        picture = draw_face(model, face_colors(model), vertices, camera, supersample=1)
        alpha = (raster.face >= 0).astype(np.uint8)[..., None]
        images.append(np.concatenate([picture * alpha, 255 * alpha], 2))
    return ViewSet(np.stack(images), np.stack([raster.depth for raster in rasters]), cameras, AZIMUTHS, REFERENCE)


class Watcher(SilentReporter):
    """Keeps what was reported; cancels once ``cancel_at`` is reached."""

    def __init__(self, cancel_at=2.0):
        self.fractions, self.messages, self.previews, self.cancel_at = [], [], [], cancel_at

    def progress(self, fraction, message=""):
        self.fractions.append(fraction)
        self.messages.append(message)
        if fraction >= self.cancel_at:
            raise JobCancelled

    def preview(self, image):
        self.previews.append(image)


@pytest.fixture(scope="module")
def filmed(views, liveportrait):
    watcher = Watcher()
    return expression_clips(views, liveportrait, ExpressionClipsConfig.toy(), watcher), watcher


def over_white(rgba):
    return rgba[..., :3] + (255 - rgba[..., 3:])


def test_reference_first_then_frontal_views_by_azimuth(views):
    assert moving_views(views, 75.0).tolist() == [4, 3, 0, 1]
    assert moving_views(views, 10.0).tolist() == [4, 0]
    orbit = replace(views, azimuths_deg=(*(15.0 * k for k in range(24)), 3.0), reference=24)
    assert len(moving_views(orbit, ExpressionClipsConfig().widest_deg)) == 12  # section 3.3: the reference and 11


def test_clips_of_all_views_in_their_own_size(filmed, views):
    clips, _ = filmed
    config = ExpressionClipsConfig.toy()
    moments = config.moments_per_clip * len(config.rig_clips)
    assert clips.images.shape == (moments, 4, SIZE, SIZE, 4) and clips.images.dtype == np.uint8
    assert clips.views.tolist() == [4, 3, 0, 1] and clips.views.dtype == np.int32
    assert clips.names == config.rig_clips and clips.rate == config.rate
    assert clips.clip.tolist() == np.repeat(range(len(clips.names)), config.moments_per_clip).tolist()
    assert (clips.images[..., :3] <= clips.images[..., 3:]).all()


def test_every_clip_starts_with_the_same_still_face(filmed, views):
    clips, _ = filmed
    first = clips.images[np.flatnonzero(np.diff(clips.clip, prepend=-1))].astype(int)
    assert np.abs(first - first[0]).max() <= 1
    for still, index in zip(first[0], clips.views):
        assert np.abs(still[..., 3] - views.images[index][..., 3].astype(int)).mean() < 3  # of 255
        assert np.abs(still - views.images[index]).mean() < 12  # the toy's picture is blurred


def test_the_open_jaw_moves_every_view_and_its_outline(filmed):
    clips, _ = filmed
    jaw = clips.images[clips.clip == clips.names.index("jaw")].astype(int)
    change = np.abs(jaw[1] - jaw[0])
    lower, upper = change[:, SIZE // 2 :].mean((1, 2, 3)), change[:, : SIZE // 3].mean((1, 2, 3))
    assert (lower > 10 * upper + 0.5).all()
    assert ((jaw[1, ..., 3] - jaw[0, ..., 3]) > 128).sum((1, 2)).min() > 5


def test_the_landmarker_finds_the_face_in_every_frame(filmed):
    clips, _ = filmed
    assert all(find_landmarks(over_white(image)) is not None for moment in clips.images for image in moment)


def test_it_reports_and_shows_its_pictures(filmed):
    clips, watcher = filmed
    assert watcher.fractions == sorted(watcher.fractions) and watcher.fractions[-1] < 1
    assert {"loading LivePortrait", "moving the views: jaw", "moving the views: lids"} <= set(watcher.messages)
    assert len(watcher.previews) == len(clips.images)
    assert watcher.previews[1].shape == (SIZE, SIZE, 3)
    np.testing.assert_array_equal(watcher.previews[1], over_white(clips.images[1, 0]))


def test_an_open_mouth_is_closed_in_all_views_first(liveportrait):
    """The toy's lips network pulls the lower lip up as far as the mouth is open."""
    views = drawn_views({"jawOpen": 0.6})
    config = ExpressionClipsConfig(rig_clips=("lids",), moments_per_clip=1, widest_deg=20.0)
    never = replace(config, at_rest=AtRest(lips_closed_below=9.0))
    closed, as_it_is = (
        expression_clips(views, liveportrait, chosen, SilentReporter()).images[0] for chosen in (config, never)
    )
    change = np.abs(closed.astype(int) - as_it_is)
    lower, upper = change[:, SIZE // 2 :].mean((1, 2, 3)), change[:, : SIZE // 3].mean((1, 2, 3))
    assert (lower > 10 * upper + 0.5).all()


def test_cancelling_ends_it_within_a_moment(views, liveportrait):
    watcher = Watcher(cancel_at=0.12)
    with pytest.raises(JobCancelled):
        expression_clips(views, liveportrait, replace(ExpressionClipsConfig.toy(), rig_clips=("jaw",)), watcher)
    assert watcher.previews == []


def test_troubles_are_named(views, liveportrait, tmp_path):
    with pytest.raises(AssetError) as caught:
        expression_clips(views, tmp_path, ExpressionClipsConfig.toy(), SilentReporter())
    assert caught.value.code == "liveportrait.missing"
    with pytest.raises(StageError) as caught:
        expression_clips(views, liveportrait, ExpressionClipsConfig(rig_clips=("twist",)), SilentReporter())
    assert caught.value.code == "clip.unknown"


def test_the_astronaut_stays_a_face_when_driven(liveportrait):
    """What the tests of the whole engine rest on."""
    photo = cv2.imread(str(asset_path("astronaut.png")))[..., ::-1].copy()
    face = find_landmarks(photo)
    crop = face_crop(face.points)
    networks = load_networks(liveportrait)
    motion = motion_of_rig(networks, [{}, OPEN])
    frames = torch.cat(list(drive(networks, [appearance_of(networks, torch.from_numpy(cut(photo, crop)))], motion)))
    still, driven = (find_landmarks((frame.movedim(0, 2) * 255).byte().numpy()) for frame in frames)
    assert still.presence > 0.99 and driven.presence > 0.99
    there = crop.to_crop(face.points[:, :2])
    assert np.linalg.norm(still.points[:, :2] - there, axis=1).mean() < 6  # of 512 pixels
    nose_to_chin = [found.points[152, 1] - found.points[1, 1] for found in (still, driven)]
    assert nose_to_chin[1] > nose_to_chin[0] + 2
