"""From pictures of one person to an avatar: first cloud, static fit, COIN (FaceCraft4D sections 3.4 and 4)."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numba
import numpy as np
import torch

from ..artifacts import BoundGaussians, GaussianAvatar, HeadParameters, PersonalizedSet, orbit_camera
from ..config import ReconstructionConfig
from ..gaussians.binding import place
from ..gaussians.device import training_device
from ..gaussians.initialise import initial_gaussians
from ..gaussians.kernels import prepare_kernels
from ..gaussians.losses import psnr, ssim_map
from ..gaussians.perceptual import load_perceptual
from ..gaussians.render import render_avatar, to_uint8
from ..gaussians.trainer import Trainer
from ..head.lbs import pose_vertices
from ..progress import PreviewCloud, Reporter
from .training import train

_FIRST_CLOUD, _TRAINED = 0.08, 0.97  # fractions of the stage at which the parts begin and end
_THUMBNAIL, _PREVIEW = 256, 384  # pixels
_CLOUD = 20_000  # Gaussians of a preview
_NEEDLE_RATIO = 4.0
_ACTING_OFFSET = 1e-3  # a smaller mean offset means that COIN's network explains nothing (method.md)
_GREY = np.array([0.235, 0.25, 0.28], np.float32)


def reconstruct(
    data: PersonalizedSet, config: ReconstructionConfig, reporter: Reporter, *, checkpoint_dir: Path | None = None
) -> GaussianAvatar:
    """Fit Gaussians to ``data``.

    Reports progress, and a preview picture every ``config.preview_seconds``. With ``checkpoint_dir`` the training state
    is saved there every ``config.checkpoint_seconds`` and when the job is cancelled, and a later call with the same
    arguments goes on from it, bit for bit on a CPU.

    Raises:
        JobCancelled: through ``reporter.progress``, within a step.
        StageError: a checkpoint could not be written.
    """
    started = time.perf_counter()
    prepare_kernels(reporter)
    reporter.progress(0.03, "Gathering the surface")
    posed = [pose_vertices(data.mesh, pose) for pose in data.poses]
    trained = np.union1d([0], data.pose_index[~data.held_out])  # a held-out expression must not help
    bound = initial_gaussians(data.mesh, [posed[t] for t in trained], data.surface, config.cloud)
    with _one_torch_thread():
        device = training_device()
        perceptual = load_perceptual(device, reporter=reporter) if config.perceptual_weight > 0 else None
        trainer = Trainer(data, posed, bound, config, perceptual, device=device)
        watched, measured = _held_out(data, config)
        train(
            trainer,
            reporter,
            (_FIRST_CLOUD, _TRAINED),
            show=lambda: _show(trainer, data, reporter),
            look=lambda: _held_out_quality(data, trainer.result(), watched)["psnr"],
            checkpoints=checkpoint_dir,
            fingerprint=_fingerprint(data, trainer),
        )
        gaussians = trainer.result()
        reporter.progress(_TRAINED, "Measuring")
        quality = _held_out_quality(data, gaussians, measured)
        name = perceptual.name if perceptual else "none"
        seconds = time.perf_counter() - started
        report = {**_report(gaussians, trainer, seconds), "held_out": quality, "perceptual": name}
    avatar = GaussianAvatar(data.mesh, gaussians, np.zeros((1, 1, 3), np.uint8), {})
    thumbnail = _portrait_picture(avatar, data.poses[0], _THUMBNAIL)
    reporter.progress(1.0, "Reconstructed")
    return GaussianAvatar(data.mesh, gaussians, thumbnail, {**data.provenance, "reconstruction": report})


@contextmanager
def _one_torch_thread() -> Iterator[None]:
    """torch's OpenMP threads and Numba's spin against each other (``rasterizer/cpu.py``)."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _held_out(data: PersonalizedSet, config: ReconstructionConfig) -> tuple[np.ndarray, np.ndarray]:
    """Frames that decide when training ends, and frames that measure it: others, where there are several."""
    frames = np.flatnonzero(data.held_out)
    if config.patience == 0:
        return frames[:0], frames
    return frames[:1], frames[1:] if len(frames) > 1 else frames


def _fingerprint(data: PersonalizedSet, trainer: Trainer) -> str:
    """What a checkpoint must agree on: settings, pictures and mesh."""
    digest = hashlib.sha256(json.dumps(dataclasses.asdict(trainer.config), sort_keys=True).encode())
    for array in (data.images, data.view_index, data.pose_index, data.held_out, data.mesh.vertices, data.mesh.faces):
        digest.update(array.tobytes())
    digest.update(trainer.gaussians.face.tobytes())
    return digest.hexdigest()


def _show(trainer: Trainer, data: PersonalizedSet, reporter: Reporter) -> None:
    avatar = GaussianAvatar(data.mesh, trainer.result(), np.zeros((1, 1, 3), np.uint8), {})
    reporter.preview(_portrait_picture(avatar, data.poses[0], _PREVIEW), _preview_cloud(avatar))


def _preview_cloud(avatar: GaussianAvatar) -> PreviewCloud:
    """Evenly chosen Gaussians of the neutral head, larger where there are fewer."""
    gaussians, step = avatar.gaussians, -(-len(avatar.gaussians.face) // _CLOUD)
    means, _, scales = place(gaussians, avatar.mesh.vertices, avatar.mesh.faces)
    radii = np.sqrt(step * np.sort(scales, 1)[:, 1:].prod(1) * gaussians.opacity)
    return PreviewCloud(
        means[::step].astype(np.float32), radii[::step].astype(np.float32), to_uint8(gaussians.color[::step])
    )


def _portrait_picture(avatar: GaussianAvatar, pose: HeadParameters, size: int) -> np.ndarray:
    """uint8 [size,size,3]: the neutral head, turned a little."""
    camera = orbit_camera(15, 0, distance=1.15, fov_deg=17.5, size=size)
    return to_uint8(render_avatar(avatar, pose, camera, background=_GREY)[..., :3])


def _report(gaussians: BoundGaussians, trainer: Trainer, seconds: float) -> dict[str, object]:
    """What provenance says about the reconstruction."""
    config = trainer.config
    return {
        "preset": config.preset,
        "gaussians": len(gaussians.face),
        "size": trainer.frames.size,
        "steps": dict(zip(("static", "coin"), trainer.steps_taken, strict=True)),
        "appearance": config.appearance.kind,
        **_offsets(trainer),
        "needles": float(np.mean(_axis_ratio(gaussians.scale) > _NEEDLE_RATIO)),
        "seconds": round(seconds, 1),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "threads": numba.get_num_threads(),
    }


def _offsets(trainer: Trainer) -> dict[str, object]:
    """How much COIN's network changes colours, where there is one."""
    if trainer.appearance is None or not trainer.appearance.has_offsets:
        return {}
    return {"mean_offset": trainer.mean_offset, "offset_acts": trainer.mean_offset >= _ACTING_OFFSET}


def _axis_ratio(scale: np.ndarray) -> np.ndarray:
    """Longest over middle axis [N]: large for needles, near 1 for discs."""
    ordered = np.sort(scale, 1)
    return ordered[:, 2] / ordered[:, 1]


def _held_out_quality(data: PersonalizedSet, gaussians: BoundGaussians, frames: np.ndarray) -> dict[str, float]:
    """Mean PSNR (dB) and SSIM on the person over white, and outline IoU, of ``frames`` kept out of training."""
    avatar = GaussianAvatar(data.mesh, gaussians, np.zeros((1, 1, 3), np.uint8), {})
    rows = []
    for m in frames:
        want = torch.from_numpy(data.images[m]).float() / 255
        got = torch.from_numpy(render_avatar(avatar, data.poses[data.pose_index[m]], data.cameras[data.view_index[m]]))
        inside, shown = want[..., 3] > 0.5, got[..., 3] > 0.5
        image, target = got[..., :3] + 1 - got[..., 3:], want[..., :3] + 1 - want[..., 3:]
        iou = float((inside & shown).sum()) / max(1, int((inside | shown).sum()))
        rows.append((psnr(image, target, inside), float(ssim_map(image, target)[inside].mean()), iou))
    if not rows:
        return {"frames": 0}
    decibels, similarity, overlap = (round(float(v), 4) for v in np.mean(rows, 0))
    return {"frames": len(rows), "psnr": decibels, "ssim": similarity, "outline_iou": overlap}
