"""An ear under hair lies flat; one that shows stays as it is."""

import numpy as np
from cameo.backend.artifacts import orbit_camera
from cameo.backend.engines.builtin.hidden_ears import hidden_ears, laid_flat
from cameo.backend.head.fit_result import HeadFit
from cameo.backend.head.model import load_head_model

SIZE = 256


def plain_fit() -> HeadFit:
    model = load_head_model()
    vertices = model.v_template.astype(np.float64)
    camera = orbit_camera(0, distance=1.3, fov_deg=17.5, size=SIZE)
    joints = model.joints(model.v_template).astype(np.float64)
    return HeadFit(np.zeros(1, np.float32), model.rest(), camera, vertices, vertices, joints, 0, 0, (0, 0, 0), 40)


def test_only_the_ear_under_hair_is_laid_flat():
    model, fit = load_head_model(), plain_fit()
    hair = np.zeros((SIZE, SIZE), bool)
    hair[:, SIZE // 2 :] = True  # the subject's left
    hidden = hidden_ears(fit, model, hair)
    assert hidden == (True, False)
    flat = laid_flat(fit, model, hidden).neutral_vertices
    ears, x = model.masks["ears"], model.v_template[:, 0]
    assert np.array_equal(flat[~(ears & (x > 0))], fit.neutral_vertices[~(ears & (x > 0))])
    left, right = (np.abs(flat[ears & (x * side > 0), 0]).max() for side in (1, -1))
    assert left < right - 0.008
    rim = model.faces[(ears[model.faces].sum(1) > 0) & (ears[model.faces].sum(1) < 3)]
    rim = np.unique(rim[~ears[rim]])
    assert flat[ears & (x > 0), 0].max() <= flat[rim, 0].max() + 1e-9, "nothing stands out beyond the ear's root"


def test_without_hair_nothing_changes():
    model, fit = load_head_model(), plain_fit()
    hidden = hidden_ears(fit, model, np.zeros((SIZE, SIZE), bool))
    assert hidden == (False, False)
    same = laid_flat(fit, model, hidden)
    assert np.array_equal(same.neutral_vertices, fit.neutral_vertices)
