"""Depth that shows skin corrects a head whose landmarks all err in the same way."""

from dataclasses import replace

import numpy as np
from cameo.backend.config import FitConfig
from cameo.backend.head.fit_sight import SkinSurface
from cameo.backend.head.landmark_fit import fit_landmarks
from cameo.backend.head.model import load_head_model
from cameo.backend.head.normals import vertex_normals
from cameo.tests.head.orbit_clip import ROTATION, SCALE, SHIFT, orbit_clip

MODEL = load_head_model()


def test_measured_skin_corrects_what_landmarks_do_not_tell():
    """Four views of one moment whose landmarks, all alike, lie too low; skin is measured with half a millimetre."""
    clip = orbit_clip(MODEL, 1, seed=4, outliers=0.0)
    sights = [replace(s, outline=None, points=s.points + np.array([0.0, 3.0])) for s in clip.sights[2:10:2]]
    true = clip.vertices[0]
    skin = np.flatnonzero(MODEL.masks["skin"] & ~MODEL.masks["inner_mouth"])
    normals = vertex_normals(true, MODEL.faces)
    noisy = true[skin] + np.random.default_rng(0).normal(size=(len(skin), 3)) * 0.0005
    surface = SkinSurface(SCALE * noisy @ ROTATION.T + SHIFT, normals[skin] @ ROTATION.T)
    off = {}
    for name, brought in (("landmarks", None), ("depth", surface)):
        seen = [replace(sights[0], surface=brought), *sights[1:]]
        fit = fit_landmarks(seen, MODEL, config=FitConfig(betas=40, surface_weight=12.0), calibrated=True)
        moment, scale = fit.moments[0], np.exp(fit.person.log_scale)
        head = MODEL.neutral(fit.person.betas)
        placed = scale * head @ moment.rotation.T + moment.translation
        away = ((placed - (SCALE * MODEL.neutral(clip.betas) @ ROTATION.T + SHIFT)) * (normals @ ROTATION.T)).sum(1)
        off[name] = {part: 1000 / SCALE * np.abs(away)[MODEL.masks[part]].mean() for part in ("neck", "nose")}
    assert off["depth"]["nose"] < 0.75 * off["landmarks"]["nose"], off
    assert off["depth"]["neck"] < 0.7, off
    assert off["landmarks"]["neck"] > 3, "landmarks end at the chin"
