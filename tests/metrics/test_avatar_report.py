"""The report on stills, fed with real photos in place of renders: its arithmetic and its honesty."""

import json

import cv2
import numpy as np
import pytest
from cameo.backend.metrics.avatar_report import measure_stills
from cameo.backend.metrics.driving import STILL_CONTROLS
from cameo.backend.pipeline.portrait import prepare_portrait
from cameo.backend.weights.fetch import asset_path


@pytest.fixture(scope="module")
def portrait():
    return prepare_portrait(asset_path("astronaut.png"))


def write(folder, name, rgb, alpha):
    rgba = np.dstack([rgb, (alpha * 255).astype(np.uint8)])
    cv2.imwrite(str(folder / f"{name}.png"), cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA))


@pytest.fixture
def stills(tmp_path, portrait):
    """The portrait itself, cut out, in place of every still."""
    for name in [*(f"neutral_{yaw}" for yaw in (0, 30, -30, 45, -45)), *(f"{c}_0" for c in STILL_CONTROLS)]:
        write(tmp_path, name, portrait.image, portrait.matte)
    write(tmp_path, "photo_view", portrait.image, portrait.matte)
    return tmp_path


def test_the_photo_itself_is_a_perfect_likeness_that_does_not_move(stills, portrait):
    report = measure_stills(stills, portrait)
    assert report["met"] == {"faces": True, "identity": True, "controls": False, "outline": True}
    assert report["identity"]["0"] > 0.95
    assert report["outline"]["iou"] > 0.99
    assert report["controls"] == {control: 0.0 for control in STILL_CONTROLS}
    assert all(face["found"] for face in report["faces"].values())
    assert json.loads(json.dumps(report)) == report


def test_another_person_fails_identity(stills, portrait):
    other = prepare_portrait(asset_path("grace_hopper.jpg"))
    write(stills, "neutral_0", other.image, other.matte)
    report = measure_stills(stills, portrait)
    assert report["identity"]["0"] < 0.3
    assert not report["met"]["identity"]


def test_a_real_smile_and_a_wrong_outline(stills, portrait):
    """Hopper does not smile, the astronaut does: the rise from one to the other is a smile."""
    serious = prepare_portrait(asset_path("grace_hopper.jpg"))
    write(stills, "neutral_0", serious.image, serious.matte)
    shifted = np.roll(portrait.matte, 60, axis=1)
    write(stills, "photo_view", portrait.image, shifted)
    report = measure_stills(stills, portrait)
    assert report["controls"]["mouthSmile"] > 0.5
    assert report["outline"]["iou"] < 0.9
    assert not report["met"]["outline"]


def test_what_is_missing_is_said(tmp_path, portrait, stills):
    (stills / "neutral_45.png").unlink()
    (stills / "jawOpen_0.png").unlink()
    (stills / "photo_view.png").unlink()
    write(stills, "neutral_-45", np.full_like(portrait.image, 90), portrait.matte)
    report = measure_stills(stills, portrait)
    assert report["faces"]["45"] == "not measured: neutral_45.png is missing"
    assert report["faces"]["-45"] == {"found": False}
    assert report["identity"]["-45"].startswith("not measured: no face")
    assert report["controls"]["jawOpen"] == "not measured: jawOpen_0.png is missing"
    assert report["outline"] == "not measured: photo_view.png is missing"
    assert report["met"] == {"faces": False, "identity": False, "controls": False, "outline": False}


def test_without_the_evaluation_network_the_rest_is_still_measured(stills, portrait, tmp_path, monkeypatch):
    """An empty cache and no npm: the identity says why, nothing else is lost."""
    from cameo.backend.metrics import identity

    asset_path("face_landmarker.task")
    identity._network.cache_clear()
    monkeypatch.setenv("CAMEO_CACHE", str(tmp_path / "empty"))
    monkeypatch.setenv("PATH", str(tmp_path))
    report = measure_stills(stills, portrait)
    assert report["identity"].startswith("not measured:")
    assert "npm" in report["identity"]
    assert report["met"] == {"faces": True, "identity": False, "controls": False, "outline": True}
