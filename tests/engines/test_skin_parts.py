"""The parts of the skin painter on inputs whose answer is known."""

from dataclasses import replace

import numpy as np
import pytest
from cameo.backend.artifacts import Portrait
from cameo.backend.engines.builtin.creases import soften_creases
from cameo.backend.engines.builtin.dense import (
    adjacency,
    build_dense_head,
    smooth_normals,
    vertex_areas,
)
from cameo.backend.engines.builtin.eye_texture import EyeColors, paint_eye
from cameo.backend.engines.builtin.eyelids import find_lids, paint_lids
from cameo.backend.engines.builtin.light import LUMINANCE, ambient_openness, lopsided_light
from cameo.backend.engines.builtin.membrane import Membrane
from cameo.backend.engines.builtin.mouth_texture import paint_mouth
from cameo.backend.engines.builtin.skin_regions import find_regions
from cameo.backend.engines.builtin.skin_texture import SkinLayer, complete_skin
from cameo.backend.head.lids import MARGIN_ROW
from cameo.backend.head.model import load_head_model
from cameo.backend.head.normals import vertex_normals
from hypothesis import given, settings
from hypothesis import strategies as st

SKIN = np.array([0.8, 0.6, 0.5])


@pytest.fixture(scope="module")
def model():
    return load_head_model()


@pytest.fixture(scope="module")
def dense(model):
    return build_dense_head(model, levels=1)


@pytest.fixture(scope="module")
def regions(model, dense):
    return find_regions(model, dense)


@pytest.fixture(scope="module")
def neutral(model, dense):
    return np.asarray(dense.operator @ model.v_template.astype(np.float64))


def test_dense_vertices_lie_on_their_base_faces(model, dense, neutral):
    corners = model.v_template[model.faces[dense.base_face]].astype(np.float64)
    assert np.abs(np.einsum("nk,nkx->nx", dense.base_bary, corners) - neutral).max() < 1e-9
    assert np.abs(dense.base_bary.sum(1) - 1).max() < 1e-12
    assert dense.base_bary.min() >= 0


def test_dividing_keeps_area_and_orientation(model, dense, neutral):
    base = model.v_template.astype(np.float64)
    assert vertex_areas(neutral, dense.faces).sum() == pytest.approx(vertex_areas(base, model.faces).sum(), rel=1e-9)
    count = len(base)
    agree = (vertex_normals(neutral, dense.faces)[:count] * vertex_normals(base, model.faces)).sum(1)
    assert np.median(agree) > 0.99


def test_two_levels_refine_one(model, dense):
    two = build_dense_head(model, levels=2)
    assert len(two.faces) == 4 * len(dense.faces)
    values = np.random.default_rng(0).normal(size=(len(model.v_template), 2))
    through_coarse = two.coarse_operator @ (dense.operator @ values)
    assert np.abs(through_coarse - two.operator @ values).max() < 1e-12


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**16))
def test_a_membrane_stays_between_what_it_is_given(dense, regions, seed):
    rng = np.random.default_rng(seed)
    values = rng.uniform(0, 1, (len(regions.skin), 2))
    known = (rng.random(len(values)) < 0.01) * regions.skin
    filled = Membrane(dense, regions.skin).fill(values, known.astype(float))[regions.skin]
    given_values = values[known > 0]
    assert (filled >= given_values.min(0) - 1e-6).all()
    assert (filled <= given_values.max(0) + 1e-6).all()


def test_light_from_one_side_is_found_and_light_from_above_stays(model, dense, regions):
    normals = smooth_normals(model.v_template.astype(np.float64), model.faces, dense)
    light = np.exp(0.3 * normals[:, 0] + 0.2 * normals[:, 1])
    colors = 0.4 * SKIN * light[:, None]
    weight = (regions.skin & (normals[:, 2] > 0.2)).astype(float)
    gain = lopsided_light(normals, colors, weight)
    assert np.abs(np.log(gain) - 0.3 * normals[:, 0]).max() < 0.03


def test_open_places_see_the_sky_and_hidden_ones_do_not(model):
    vertices = model.v_template.astype(np.float64)
    openness = ambient_openness(vertices, vertex_normals(vertices, model.faces), model.faces)
    assert openness.min() >= 0
    assert openness.max() <= 1
    assert np.median(openness[model.masks["forehead"]]) > 0.9
    assert openness[model.masks["tongue"]].max() < 0.25
    assert np.median(openness[model.masks["ears"]]) < np.median(openness[model.masks["forehead"]]) - 0.2


def test_one_seen_side_makes_both(dense, regions, neutral):
    spots = 0.1 * np.sin(400 * neutral[:, 1:2]) * SKIN
    colors = SKIN + spots
    weight = regions.skin * (neutral[:, 0] > -0.004) * (neutral[:, 2] > 0.04) * 1.0
    everywhere = np.ones(len(neutral))
    graph = adjacency(dense.faces, len(neutral))
    layer = complete_skin(colors, weight, everywhere, dense, graph, regions, seed=0)
    other = regions.skin & (neutral[:, 0] < -0.02) & (neutral[:, 2] > 0.05)
    assert np.abs(layer.colors[other] - colors[other]).mean() < 0.03
    unseen = regions.skin & (neutral[:, 2] < 0)
    assert np.abs(layer.colors[unseen].mean(0) - SKIN).max() < 0.05


def seen_from_the_front(regions, neutral):
    """Weight [N] that falls to nothing over two centimetres of each cheek."""
    return regions.skin * np.clip((neutral[:, 2] - 0.045) / 0.02, 0, 1)


def test_the_dark_rim_of_a_photo_does_not_colour_the_cheeks(dense, regions, neutral):
    weight = seen_from_the_front(regions, neutral)
    rim = np.clip((0.45 - weight) / 0.2, 0, 1)[:, None]
    grey = np.array([0.3, 0.3, 0.32])
    colors = SKIN + rim * (grey - SKIN)
    graph = adjacency(dense.faces, len(neutral))
    layer = complete_skin(colors, weight, np.ones(len(neutral)), dense, graph, regions, seed=0)
    behind = regions.skin & (neutral[:, 2] < 0.04) & (neutral[:, 2] > 0) & ~regions.ears
    filled = layer.colors[behind].mean(0)
    assert np.abs(filled / (filled @ LUMINANCE) - SKIN / (SKIN @ LUMINANCE)).max() < 0.05, "the hue is that of the face"
    assert filled @ LUMINANCE > 1.3 * (grey @ LUMINANCE)


def test_filled_skin_has_grain_and_flat_skin_stays_flat(dense, regions, neutral):
    weight = seen_from_the_front(regions, neutral)
    graph = adjacency(dense.faces, len(neutral))
    behind = regions.skin & (neutral[:, 2] < 0)
    pores = 0.02 * np.random.default_rng(1).normal(size=(len(neutral), 1))
    rough, flat = (
        complete_skin(SKIN + detail, weight, np.ones(len(neutral)), dense, graph, regions, seed=0).colors[behind]
        for detail in (pores, 0 * pores)
    )
    assert 0.007 < rough.std(0).mean() < 0.02
    assert flat.std(0).mean() < 1e-3


def test_what_is_hidden_from_the_sky_is_filled_darker(dense, regions, neutral):
    colors = np.tile(SKIN, (len(neutral), 1))
    weight = regions.skin * (neutral[:, 2] > 0.06) * 1.0
    openness = np.where(neutral[:, 0] > 0, 0.5, 1.0)
    graph = adjacency(dense.faces, len(neutral))
    layer = complete_skin(colors, weight, openness, dense, graph, regions, seed=0)
    back = regions.skin & (neutral[:, 2] < 0)
    light = layer.colors @ LUMINANCE
    assert light[back & (neutral[:, 0] > 0.02)].mean() < 0.85 * light[back & (neutral[:, 0] < -0.02)].mean()


def test_lids_are_skin_with_lashes(model, dense, regions, neutral):
    colors = np.tile(SKIN, (len(neutral), 1))
    smeared = colors.copy()
    lids = find_lids(model, dense, neutral)
    for lid in lids:
        smeared[(lid.row < 7) & regions.skin] = 0.1  # what a photo leaves on a lid: the dark of the lashes
    layer = SkinLayer(smeared, np.where(smeared[:, 0] > 0.5, 1.0, 0.0))
    painted = paint_lids(layer, neutral, dense, regions, lids)
    for lid in lids:
        upper = (lid.upper > 0.6) & regions.skin
        plain = painted[upper & (np.abs(lid.row - 5.5) < 0.6)]
        assert np.abs(plain.mean(0) - SKIN).max() < 0.1
        lashes = painted[upper & (np.abs(lid.row - MARGIN_ROW - 1) < 0.4)]
        assert (lashes @ LUMINANCE).mean() < 0.55 * (plain @ LUMINANCE).mean()


def test_teeth_shine_in_a_dark_mouth(dense, regions, neutral):
    colors = paint_mouth(np.tile(SKIN, (len(neutral), 1)), neutral, dense, regions, np.ones(3))
    light = colors @ LUMINANCE
    front = regions.upper_teeth & (neutral[:, 2] > neutral[regions.upper_teeth, 2].max() - 0.004)
    assert np.median(light[front]) > 0.6
    assert np.median(light[regions.inner_mouth]) < 0.45
    assert light[regions.inner_mouth & (neutral[:, 2] < neutral[regions.lips, 2].max() - 0.04)].max() < 0.35
    assert np.array_equal(colors[regions.skin], np.tile(SKIN, (regions.skin.sum(), 1)))


def test_an_eye_has_pupil_iris_and_white(model):
    ball = model.v_template[model.masks["left_eyeball"]].astype(np.float64)
    center = (ball.max(0) + ball.min(0)) / 2
    axis = np.array([0.0, 0.0, 1.0])
    direction = np.array([[0, 0, 1], [0.33, 0, 0.94], [0.75, -0.1, 0.65]])
    radius = np.linalg.norm(ball - center, axis=1).mean()
    points = np.concatenate([ball, center + radius * direction])
    eyes = EyeColors(np.tile([0.3, 0.45, 0.6], (24, 1)), np.array([0.8, 0.77, 0.75]))
    pupil, iris, white = paint_eye(points, center + axis * radius, np.ones(len(points)), eyes, 0.0059)[-3:]
    assert pupil.max() < 0.2
    assert iris[2] > iris[0] + 0.1
    assert np.abs(white - eyes.white).max() < 0.05


def portrait_with_fold(scores):
    """A plain grey face with a dark line beside the corner of the mouth and another on the forehead."""
    rng = np.random.default_rng(0)
    points = rng.uniform(300, 400, (478, 3)).astype(np.float32)
    places = {468: (324, 300), 473: (444, 300), 129: (360, 380), 358: (408, 380), 61: (340, 450), 291: (428, 450)}
    places |= {205: (300, 420), 425: (468, 420), 98: (365, 385), 327: (403, 385), 2: (384, 392), 6: (384, 300)}
    places |= {4: (384, 370), 64: (362, 378), 294: (406, 378)}
    outline = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
    for step, index in enumerate(outline):
        angle = np.pi - 2 * np.pi * step / len(outline)
        places.setdefault(index, (384 + 44 * np.cos(angle), 450 + 14 * np.sin(angle)))
    for index, place in places.items():
        points[index, :2] = place
    image = np.full((768, 768, 3), 170, np.uint8)
    image[400:440, 326:330] = 110
    image[150:190, 380:384] = 110
    nothing = np.zeros((768, 768), np.float32)
    return Portrait(image, nothing, nothing, points, scores, np.eye(2, 3), (768, 768))


def test_a_serious_face_keeps_its_folds():
    portrait = portrait_with_fold({"mouthSmileLeft": 0.05, "mouthSmileRight": 0.05})
    assert soften_creases(portrait) is portrait.image


def test_a_smile_loses_its_folds_and_nothing_else():
    portrait = portrait_with_fold({"mouthSmileLeft": 0.9, "mouthSmileRight": 0.9})
    softened = soften_creases(portrait)
    assert softened[405:435, 327:329].mean() > 140
    assert np.array_equal(softened[140:200], portrait.image[140:200])
    one_sided = replace(portrait, blendshapes={"mouthSmileLeft": 0.9, "mouthSmileRight": 0.0})
    assert np.array_equal(soften_creases(one_sided)[405:435, 327:329], portrait.image[405:435, 327:329])
