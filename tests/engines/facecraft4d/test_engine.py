"""FaceCraft4D from a photo to an avatar file, with generated tiny networks read by the real loaders."""

import json
import os
import signal
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import cv2
import pytest
from cameo.backend.engines import get_engine
from cameo.backend.engines.facecraft4d.config import FaceCraft4DConfig
from cameo.backend.engines.facecraft4d.consistent_views_config import ConsistentViewsConfig
from cameo.backend.errors import AssetError
from cameo.protocol.avatar import read_avatar

from .toy_liveportrait import write_liveportrait
from .toy_panohead import write_panohead
from .toy_sdxl import write_sdxl

HERE = Path(__file__).parent
STAGES = ("prepared", "shape_views", "consistent_views", "expression_clips", "tracking")


def cameo(*arguments: object, models: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "cameo.backend", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | {"CAMEO_MODELS": str(models)})


def job(models: Path, work_dir: Path, *kill: object) -> subprocess.CompletedProcess:
    command = [sys.executable, str(HERE / "one_job.py"), str(work_dir), str(work_dir / "out.cameo"), *map(str, kill)]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | {"CAMEO_MODELS": str(models)})


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Path:
    """A models folder filled as an artist fills it: by ``cameo weights import``."""
    source, folder = tmp_path_factory.mktemp("downloads"), tmp_path_factory.mktemp("models")
    write_panohead(source / "panohead.pkl")
    write_sdxl(source / "sdxl")
    write_liveportrait(source / "liveportrait")
    for path in sorted(source.iterdir()):
        done = cameo("weights", "import", path, models=folder)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def whole(models, tmp_path_factory) -> Path:
    """The work folder of a job that nobody disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    done = job(models, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def artifacts(work_dir: Path) -> dict[str, dict[str, bytes]]:
    """What every stage made, by stage and member; how long it took is not part of it."""
    found = {}
    for path in sorted((work_dir / "stages").glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        tree = json.loads(members["artifact.json"])["tree"]
        members["artifact.json"] = json.dumps(without_times(tree), sort_keys=True).encode()
        found[path.stem.rpartition("-")[0]] = members
    return found


def without_times(tree: object) -> object:
    """Provenance says how long things took and how much memory they had."""
    if isinstance(tree, dict):
        return {k: without_times(v) for k, v in tree.items() if k not in ("seconds", "peak_memory_mb")}
    return tree


def test_a_photo_becomes_an_avatar(whole):
    made = artifacts(whole)
    assert set(made) == {"portrait", *STAGES, "reconstruction"}
    avatar = read_avatar(whole / "out.cameo")
    provenance = avatar.provenance
    assert provenance["engine"] == "facecraft4d" and provenance["options"] == {"seed": 1}
    assert provenance["models"]["panohead"]["commercial"] == "no"
    assert set(provenance["models"]) == {"panohead", "sdxl", "liveportrait"}
    assert provenance["tracking"]["without_face"] == 0 and provenance["tracking"]["error_percent"] < 4
    assert 0.5 < provenance["tracking"]["scale"] < 8  # PanoHead's unit in metres is found
    assert len(avatar.gaussian_face) > 1000
    assert avatar.photo_controls["mouthSmileLeft"] > 0.2  # she smiles


def test_every_stage_shows_what_it_made(whole):
    shown = {path.parent.name: path for path in (whole / "pictures").rglob("*.png")}
    assert set(shown) == set(STAGES) - {"tracking"}
    views = cv2.imread(str(whole / "pictures" / "consistent_views" / "views.png"))
    assert views.shape == (1280, 1280, 3) and views.std() > 20
    assert len(list((whole / "pictures" / "shape_views").glob("view_*.png"))) == 25


def test_killed_in_every_stage_it_makes_the_same(models, whole, tmp_path):
    for stage in (*STAGES, "reconstruction"):
        done = job(models, tmp_path, stage, 0.0 if stage == "prepared" else 0.2)  # the first is done in one breath
        assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr
        kept = {path.stem.rpartition("-")[0] for path in (tmp_path / "stages").glob("*.zip")}
        assert stage not in kept and len(kept) == (*STAGES, "reconstruction").index(stage) + 1
    done = job(models, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert artifacts(tmp_path) == artifacts(whole)


def test_without_weights_it_says_what_is_missing_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setenv("CAMEO_MODELS", str(tmp_path))
    with pytest.raises(AssetError) as caught:
        get_engine("facecraft4d").stages(FaceCraft4DConfig())
    error = caught.value
    assert error.code == "weights.missing"
    for name in ("PanoHead", "LivePortrait", "Stable Diffusion XL"):
        assert name in error.sentence and name in error.cause and name in error.fix
    assert "easy-khair-180-gpc0.8-trans10-025000.pkl" in error.cause and "cameo weights fetch sdxl" in error.fix
    warped = replace(FaceCraft4DConfig(), consistent_views=ConsistentViewsConfig(kind="warp"))
    with pytest.raises(AssetError) as caught:
        get_engine("facecraft4d").stages(warped)
    assert "Stable Diffusion" not in caught.value.fix and "PanoHead" in caught.value.fix


def test_other_weights_are_other_results(models, monkeypatch):
    monkeypatch.setenv("CAMEO_MODELS", str(models))
    before = get_engine("facecraft4d").stages(FaceCraft4DConfig.toy())
    record = models / "panohead" / "installed.json"
    text = record.read_text()
    try:
        record.write_text(text.replace('"sha256": "', '"sha256": "f'))
        after = get_engine("facecraft4d").stages(FaceCraft4DConfig.toy())
    finally:
        record.write_text(text)
    changed = [a.name for a, b in zip(before, after, strict=True) if a.config != b.config]
    assert changed == ["shape_views"] and [stage.name for stage in before] == list(STAGES)
    assert sum(stage.share for stage in before) == pytest.approx(1)
