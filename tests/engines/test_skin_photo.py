"""The painted head against the photo it was painted from."""

import numpy as np
import pytest
from cameo.backend.config import BuiltinConfig
from cameo.backend.engines.builtin.dense import build_dense_head, smooth_normals
from cameo.backend.engines.builtin.photo_samples import sample
from cameo.backend.engines.builtin.segmentation import segment_portrait
from cameo.backend.engines.builtin.skin import paint_head
from cameo.backend.engines.builtin.skin_regions import find_regions
from cameo.backend.head.fitting import fit_head
from cameo.backend.head.mesh_raster import project
from cameo.backend.head.model import load_head_model
from cameo.backend.pipeline.portrait import prepare_portrait
from cameo.backend.weights.fetch import asset_path


@pytest.fixture(scope="module")
def painted():
    model = load_head_model()
    portrait = prepare_portrait(asset_path("astronaut.png"))
    fit, dense = fit_head(portrait, model), build_dense_head(model, levels=1)
    neutral, photographed = dense.operator @ fit.neutral_vertices, dense.operator @ fit.posed_vertices
    segmentation = segment_portrait(portrait, BuiltinConfig())
    skin = paint_head(
        portrait, fit, model, dense, segmentation, None, neutral=neutral, photographed=photographed, seed=0
    )
    return portrait, fit, model, dense, neutral, photographed, skin


def test_every_vertex_has_a_colour_and_an_importance(painted):
    *_, neutral, _, skin = painted
    assert skin.colors.shape == neutral.shape
    assert skin.colors.dtype == np.float32
    assert np.isfinite(skin.colors).all()
    assert skin.colors.min() >= 0
    assert skin.colors.max() <= 1
    assert skin.importance.min() > 0


def test_the_front_of_the_face_is_the_photo(painted):
    portrait, fit, model, dense, _, photographed, skin = painted
    normals = smooth_normals(fit.posed_vertices, model.faces, dense)
    nose_and_cheeks = dense.mask(model.masks["face"]) & (normals[:, 2] > 0.85) & find_regions(model, dense).skin
    lids = dense.mask(model.masks["left_eyelids"] | model.masks["right_eyelids"] | model.masks["lips"], 0.01)
    chosen = nose_and_cheeks & ~lids
    pixels = project(photographed[chosen], fit.camera)[:, :2]
    seen = sample(portrait.image, pixels) / 255
    assert np.median(np.abs(skin.colors[chosen] - seen)) < 0.05
    assert np.corrcoef(skin.colors[chosen].mean(1), seen.mean(1))[0, 1] > 0.75


def test_no_space_suit_on_the_shoulders(painted):
    _, _, model, dense, _, _, skin = painted
    shoulders = dense.mask(model.masks["bust"])
    cheeks = dense.mask(model.masks["face"]) & find_regions(model, dense).skin
    hue = [np.log(skin.colors[part][:, 0] / skin.colors[part][:, 2]) for part in (shoulders, cheeks)]
    assert np.abs(np.median(hue[0]) - np.median(hue[1])) < 0.3  # the suit's orange is 1.2 away
    assert np.percentile(np.abs(hue[0] - np.median(hue[0])), 98) < 0.3


def test_the_lips_show_no_teeth(painted):
    _, _, model, dense, _, _, skin = painted
    lips = skin.colors[find_regions(model, dense).lips]
    assert (lips[:, 0] - lips[:, 1] > 0.02).mean() > 0.95


def test_painting_is_deterministic(painted):
    portrait, fit, model, dense, neutral, photographed, skin = painted
    segmentation = segment_portrait(portrait, BuiltinConfig())
    again = paint_head(
        portrait, fit, model, dense, segmentation, None, neutral=neutral, photographed=photographed, seed=0
    )
    assert np.array_equal(again.colors, skin.colors)
