"""The whole engine at toy size on a real photo, and the contract every engine keeps."""

import json

import numpy as np
import pytest
from cameo.backend.artifacts import Part
from cameo.backend.config import BuiltinConfig, PortraitConfig
from cameo.backend.engines import get_engine
from cameo.backend.engines.builtin.engine import BuiltinEngine
from cameo.backend.engines.builtin.expressions import HELD_OUT, TRAINED
from cameo.backend.errors import JobCancelled, StageError
from cameo.backend.gaussians.binding import triangle_frames
from cameo.backend.gaussians.surface_cloud import bind_points
from cameo.backend.head.controls import ARKIT_NAMES
from cameo.backend.head.mesh_raster import project
from cameo.backend.pipeline.portrait import prepare_portrait
from cameo.backend.weights.fetch import asset_path

CONFIG = BuiltinConfig.toy()


class Recorder:
    """Remembers what an engine reports."""

    def __init__(self):
        self.fractions, self.previews = [], []

    def progress(self, fraction, message=""):
        self.fractions.append(fraction)

    def preview(self, image, cloud=None):
        self.previews.append(image)


@pytest.fixture(scope="module")
def portrait():
    return prepare_portrait(asset_path("astronaut.png"), PortraitConfig())


@pytest.fixture(scope="module")
def run(portrait):
    recorder = Recorder()
    return BuiltinEngine().personalize(portrait, CONFIG, recorder), recorder


def test_unknown_engine_says_so():
    with pytest.raises(StageError) as caught:
        get_engine("dream")
    assert caught.value.code == "engine.unknown"


def test_expressions_use_known_controls():
    assert {name for _, values in (*TRAINED, HELD_OUT) for name in values} <= set(ARKIT_NAMES)


def test_contract_of_a_personalized_set(run):
    result, recorder = run
    frames, size = len(result.images), CONFIG.view_size
    assert result.images.shape == (frames, size, size, 4) and result.images.dtype == np.uint8
    for index, items in ((result.view_index, result.cameras), (result.pose_index, result.poses)):
        assert index.shape == (frames,) and set(index) <= set(range(len(items)))
    assert not result.poses[0].units.any() and not result.poses[0].pose.any()
    trained = {tuple(x) for x in np.stack([result.view_index, result.pose_index], 1)[~result.held_out]}
    kept = {tuple(x) for x in np.stack([result.view_index, result.pose_index], 1)[result.held_out]}
    assert kept and not trained & kept, "what is held out is never trained on"
    assert (result.images[..., :3].max(-1).astype(int) <= result.images[..., 3].astype(int) + 1).all(), "premultiplied"
    assert result.view_index[~result.held_out].tolist().count(result.reference_view) == 1
    json.dumps(result.provenance)
    assert len(result.provenance["frames"]) == frames
    assert recorder.fractions == sorted(recorder.fractions) and recorder.fractions[-1] == 1.0
    assert recorder.previews and recorder.previews[0].dtype == np.uint8


def test_every_view_shows_a_whole_head(run):
    result, _ = run
    covered = (result.images[..., 3] > 127).mean((1, 2))
    assert covered.min() > 0.1 and covered.max() < 0.85


def test_the_head_fills_its_outline_in_the_photo(run, portrait):
    result, _ = run
    photo = result.provenance["frames"].index("photo")
    size = CONFIG.view_size
    alpha = result.images[photo, ..., 3] > 127
    step = portrait.image.shape[0] // size
    matte = portrait.matte[::step, ::step][:size, :size] > 0.5
    ear_lobe = int(portrait.landmarks[[234, 454], 1].mean() / step)
    union = (alpha | matte)[:ear_lobe].sum()
    assert (alpha & matte)[:ear_lobe].sum() > 0.93 * union


def test_surface_lies_on_the_mesh_and_looks_out(run):
    result, _ = run
    surface, mesh = result.surface, result.mesh
    assert set(mesh.part[surface.face]) >= {Part.SKIN, Part.HAIR, Part.LEFT_EYE}
    frames = triangle_frames(mesh.vertices, mesh.faces[surface.face])
    a, b, h = surface.offset.T[:, :, None].astype(np.float64)
    points = frames.centroid + a * frames.e1 + b * frames.e2 + h * frames.rotation[:, :, 2]
    np.testing.assert_allclose(bind_points(points, mesh, surface.face)[0], surface.offset, atol=2e-4)
    np.testing.assert_allclose(np.linalg.norm(surface.normal, axis=1), 1, atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(surface.tangent, axis=1), 1, atol=1e-3)
    hair = mesh.part[surface.face] == Part.HAIR
    normal = np.einsum("nij,nj->ni", frames.rotation, surface.normal)
    outwards = points[hair] - [0, 0, -0.01]
    outwards[:, 1] = 0
    assert ((normal[hair] * outwards).sum(1) > 0).mean() > 0.9


def test_hair_follows_the_neck_and_nothing_else(run):
    mesh = run[0].mesh
    hair = np.unique(mesh.faces[mesh.part == Part.HAIR])
    assert (mesh.weights[hair, 1] == 1).all()
    assert not mesh.unit_dirs[:, hair].any() and not mesh.posedirs[:, hair].any()


def test_an_expression_changes_the_face_and_not_the_hair(run):
    result, _ = run
    names = result.provenance["frames"]
    neutral, jaw = (result.images[names.index(n)].astype(int) for n in ("blink", "jaw open"))
    camera = result.cameras[result.view_index[names.index("jaw open")]]
    mouth = project(np.array([[0.0, -0.07, 0.09]]), camera)[0, :2].astype(int)
    difference = np.abs(jaw - neutral).sum(-1)
    patch = difference[mouth[1] - 8 : mouth[1] + 8, mouth[0] - 8 : mouth[0] + 8]
    assert patch.mean() > 20
    assert difference[: mouth[1] // 4].mean() < 2


def test_cancelling_stops_the_engine(portrait):
    class Impatient(Recorder):
        def progress(self, fraction, message=""):
            if fraction > 0.25:
                raise JobCancelled

    with pytest.raises(JobCancelled):
        BuiltinEngine().personalize(portrait, CONFIG, Impatient())


def test_bald_heads_have_no_shell(portrait):
    result = BuiltinEngine().personalize(portrait, BuiltinConfig(**{**vars(CONFIG), "hair": "bald"}), Recorder())
    assert not (result.mesh.part == Part.HAIR).any()
    assert result.provenance["hair"] == "bald"
