"""Reconstruction of a toy head: it learns, it resumes bit for bit, it stops when told."""

import dataclasses
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from cameo.backend.config import AppearanceConfig, DensityConfig, InitialCloudConfig, ReconstructionConfig
from cameo.backend.errors import JobCancelled
from cameo.backend.gaussians.checkpoint import load_checkpoint, save_checkpoint
from cameo.backend.gaussians.render import render_avatar
from cameo.backend.pipeline.reconstruction import reconstruct
from cameo.backend.progress import SilentReporter

sys.path.insert(0, str(Path(__file__).parents[1] / "gaussians"))
from toy import toy_set

TINY = ReconstructionConfig(
    cloud=InitialCloudConfig(gaussians=2500), size=64, static_steps=14, coin_steps=8, checkpoint_seconds=1e9
)


@pytest.fixture(scope="module")
def data():
    return toy_set(64, 4, surface_level=1)


class Watcher(SilentReporter):
    """Remembers what it was told; cancels before a step when asked to."""

    def __init__(self, cancel_at: int | None = None) -> None:
        self.cancel_at, self.steps, self.fractions, self.pictures = cancel_at, 0, [], []
        self.clouds = []

    def progress(self, fraction: float, message: str = "") -> None:
        self.fractions.append(fraction)
        if ": step" in message:
            if self.steps == self.cancel_at:
                raise JobCancelled
            self.steps += 1

    def preview(self, image: np.ndarray, cloud=None) -> None:
        self.pictures.append(image)
        self.clouds.append(cloud)


@pytest.fixture(scope="module")
def uninterrupted(data):
    return reconstruct(data, TINY, SilentReporter())


def same(a, b) -> bool:
    fields = dataclasses.fields(a.gaussians)
    return all(np.array_equal(getattr(a.gaussians, f.name), getattr(b.gaussians, f.name)) for f in fields)


@pytest.mark.parametrize("stops", [(3, 5), (14,), (9, 8, 2)])
def test_a_resumed_run_is_bit_equal(data, uninterrupted, tmp_path, stops):
    for stop in stops:
        with pytest.raises(JobCancelled):
            reconstruct(data, TINY, Watcher(stop), checkpoint_dir=tmp_path)
    resumed = Watcher()
    assert same(reconstruct(data, TINY, resumed, checkpoint_dir=tmp_path), uninterrupted)
    assert resumed.steps == 22 - sum(stops)
    assert len(list(tmp_path.glob("step_*.pt"))) <= 2


@pytest.mark.parametrize("kind", ["adaptive", "fixed_budget"])
def test_a_resumed_run_whose_set_changes_is_bit_equal(data, tmp_path, kind):
    density = DensityConfig(kind, start=4, stop=13, interval=3, most=2700, reset_interval=1000, gradient=1e-5)
    config = dataclasses.replace(TINY, density=density)
    whole = reconstruct(data, config, SilentReporter())
    assert len(whole.gaussians.face) != TINY.cloud.gaussians
    for stop in (5, 8):  # in the static fit after a change, and in COIN, which keeps the set
        with pytest.raises(JobCancelled):
            reconstruct(data, config, Watcher(stop), checkpoint_dir=tmp_path)
    assert same(reconstruct(data, config, SilentReporter(), checkpoint_dir=tmp_path), whole)


def test_a_checkpoint_of_other_settings_is_not_used(data, tmp_path):
    with pytest.raises(JobCancelled):
        reconstruct(data, TINY, Watcher(5), checkpoint_dir=tmp_path)
    other = Watcher()
    reconstruct(data, dataclasses.replace(TINY, seed=1), other, checkpoint_dir=tmp_path)
    assert other.steps == 22


def test_a_torn_checkpoint_falls_back_to_the_one_before(tmp_path):
    save_checkpoint(tmp_path, 1, {"fingerprint": "x", "step": 1})
    newest = save_checkpoint(tmp_path, 2, {"fingerprint": "x", "step": 2})
    newest.write_bytes(newest.read_bytes()[:40])
    state = load_checkpoint(tmp_path, "x")
    assert state is not None
    assert state["step"] == 1
    assert load_checkpoint(tmp_path, "y") is None


def test_it_learns_and_reports(data):
    config = dataclasses.replace(TINY, static_steps=120, coin_steps=30)
    before = reconstruct(data, dataclasses.replace(config, static_steps=0, coin_steps=0), SilentReporter())
    watcher = Watcher()
    after = reconstruct(data, config, watcher)
    report = [a.provenance["reconstruction"] for a in (before, after)]
    assert report[1]["held_out"]["frames"] == 3
    assert report[1]["held_out"]["psnr"] > report[0]["held_out"]["psnr"] + 1
    assert report[1]["held_out"]["outline_iou"] > 0.93
    assert report[1]["needles"] < 0.02
    assert watcher.fractions == sorted(watcher.fractions)
    assert watcher.fractions[-1] == 1.0
    assert watcher.pictures
    assert watcher.pictures[0].dtype == np.uint8
    cloud = watcher.clouds[0]
    head = data.mesh.vertices
    assert np.all(cloud.means > head.min(0) - 0.03) and np.all(cloud.means < head.max(0) + 0.03)
    assert np.all(cloud.radii > 0) and cloud.radii.max() < 0.03 and cloud.colors.dtype == np.uint8
    assert after.thumbnail.shape == (256, 256, 3)
    assert after.thumbnail.std() > 20


def test_a_stage_ends_when_its_held_out_picture_gains_no_more(data, tmp_path):
    rates = dataclasses.replace(TINY.rates, **{f.name: 0.0 for f in dataclasses.fields(TINY.rates)})
    patient = dataclasses.replace(TINY, static_steps=40, coin_steps=40, patience=2, watch_every=4, rates=rates)
    report = reconstruct(data, patient, SilentReporter()).provenance["reconstruction"]
    assert report["steps"] == {"static": 12, "coin": 12}  # a first look, and two that show no gain
    assert report["held_out"]["frames"] == 2  # the third decides when to end
    for stop in (7, 9):
        with pytest.raises(JobCancelled):
            reconstruct(data, patient, Watcher(stop), checkpoint_dir=tmp_path)
    resumed = reconstruct(data, patient, SilentReporter(), checkpoint_dir=tmp_path)
    assert resumed.provenance["reconstruction"]["steps"] == report["steps"]


def test_the_artist_sees_loss_quality_and_the_time_left(data):
    said = []

    class Listening(SilentReporter):
        def progress(self, fraction: float, message: str = "") -> None:
            said.append(message)

    reconstruct(data, TINY, Listening())
    assert re.fullmatch(r"Reconciling the views: step 22 of 22 · loss 0\.\d{3}, \d+\.\d dB", said[-3])


@pytest.mark.parametrize("kind", ["paper", "anchored", "plain"])
def test_other_appearance_models_run(data, kind):
    config = dataclasses.replace(TINY, appearance=AppearanceConfig(kind=kind))
    avatar = reconstruct(data, config, SilentReporter())
    assert np.isfinite(avatar.gaussians.color).all()


def test_render_avatar_composites_over_a_background(data, uninterrupted):
    background = np.array([0.2, 0.5, 0.8])
    bare = render_avatar(uninterrupted, data.poses[1], data.cameras[4])
    over = render_avatar(uninterrupted, data.poses[1], data.cameras[4], background)
    assert bare.shape == (64, 64, 4)
    assert bare.dtype == np.float32
    assert (bare[..., :3] <= bare[..., 3:] + 1e-4).all()
    assert np.allclose(over[..., :3], bare[..., :3] + (1 - bare[..., 3:]) * background, atol=1e-5)


def test_paper_preset_holds_the_papers_numbers():
    paper = ReconstructionConfig.paper()
    assert (paper.static_steps, paper.coin_steps) == (30_000, 90_000)  # section 4
    assert paper.dssim_weight == 0.2  # section 3.4: 0.8 L1 + 0.2 SSIM
    assert paper.perceptual_weight == 0.05
    assert paper.appearance.offset_weight == 1.0
    assert paper.appearance.kind == "paper"


def test_torch_threads_are_given_back(data):
    before = torch.get_num_threads()
    reconstruct(data, dataclasses.replace(TINY, static_steps=1, coin_steps=0), SilentReporter())
    assert torch.get_num_threads() == before
