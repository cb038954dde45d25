"""How well and how fast the head model is fitted: portraits, and a clip from end to end.

``OMP_NUM_THREADS=1 python benchmarks/fitting.py [--every N] [PHOTO ...]``. Photos are added to the public-domain
portraits. The correlation of fitted controls with the landmarker's scores is given twice: as the product fits, with
the scores as prior, and with that prior off, where the landmarks alone decide.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from cameo.backend.artifacts import Portrait
from cameo.backend.config import FitConfig, TrackingConfig
from cameo.backend.head import face_regions as regions
from cameo.backend.head.controls import controls_from_parameters
from cameo.backend.head.fit_result import HeadFit
from cameo.backend.head.fitting import fit_head
from cameo.backend.head.lbs import pose_vertices, rotation_matrices
from cameo.backend.head.mesh_raster import project
from cameo.backend.head.model import HeadModel, load_head_model, make_avatar_mesh
from cameo.backend.head.neutral import landmark_points
from cameo.backend.head.tracking import SequenceFit, track_clip
from cameo.backend.perception.clip import ClipLandmarks, clip_landmarks
from cameo.backend.pipeline.portrait import prepare_portrait
from cameo.backend.weights.fetch import asset_path

PORTRAITS = ("astronaut.png", "grace_hopper.jpg", "mona_lisa.jpg", "drawn_portrait.png")
INNER = np.setdiff1d(np.arange(478), regions.OVAL)
MOVES = 0.05  # a control moves when its score's standard deviation over the clip is larger


def inner_error(vertices: np.ndarray, fit: HeadFit, portrait: Portrait, model: HeadModel) -> float:
    """Mean distance of all landmarks but the oval, per cent of the distance between the irises."""
    pixels = project(landmark_points(vertices, model, INNER), fit.camera)[:, :2]
    return float(100 * np.linalg.norm(pixels - portrait.landmarks[INNER, :2], axis=1).mean() / fit.eye_distance)


def report_portrait(path: Path, model: HeadModel) -> None:
    """One line: errors of the parameters alone and after the smooth residual, lids, gaze, processor time."""
    portrait = prepare_portrait(path)
    fit_head(portrait, model)  # the first call warms up
    start = time.process_time()
    fit = fit_head(portrait, model)
    seconds = time.process_time() - start
    neutral = model.neutral(fit.betas)
    posed = pose_vertices(make_avatar_mesh(model, neutral, np.zeros_like(neutral)), fit.parameters)
    errors = [inner_error(vertices, fit, portrait, model) for vertices in (posed, fit.posed_vertices)]
    values = controls_from_parameters(model, fit.parameters)
    lids = max([0.0, *(value for name, value in values.items() if name.startswith(("eyeWide", "eyeSquint")))])
    up = [np.rad2deg(np.arcsin(-_forward(fit, joint)[1])) for joint in (3, 4)]
    pitch, yaw, _ = fit.angles_deg
    print(
        f"{path.stem:16s} inner error {errors[0]:.2f} %, with residual {errors[1]:.2f} %; highest lid unit {lids:.2f}; "
        f"gaze over the camera {up[0]:+.0f} {up[1]:+.0f} deg; head pitch {pitch:+.0f} yaw {yaw:+.0f}; {seconds:.2f} s"
    )


def _forward(fit: HeadFit, joint: int) -> np.ndarray:
    """Where an eye looks, camera frame."""
    return fit.camera.viewmat[:3, :3] @ rotation_matrices(fit.parameters.pose[joint])[:, 2]


def report_clip(clip: ClipLandmarks, model: HeadModel, trust: float) -> None:
    """Correlations of the controls that move."""
    start = time.process_time()
    config = TrackingConfig(fit=FitConfig(score_trust=trust))
    fit = track_clip(clip.points[..., :2], clip.scores, clip.size, clip.rate, model, config)
    seconds = time.process_time() - start
    found = moving_correlations(clip, fit, model)
    print(
        f"score prior {trust:.0f}: mean correlation {np.mean(list(found.values())):.3f} over {len(found)} controls, "
        f"{len(clip.scores)} pictures, "
        f"error {np.nanmean(fit.errors):.2f} %, {seconds / len(clip.scores):.3f} s a picture"
    )
    print("  " + ", ".join(f"{name} {value:.2f}" for name, value in sorted(found.items(), key=lambda item: item[1])))


def moving_correlations(clip: ClipLandmarks, fit: SequenceFit, model: HeadModel) -> dict[str, float]:
    """Of every control that moves, with its score."""
    found = [controls_from_parameters(model, parameters) for parameters in fit.parameters]
    result = {}
    for name in clip.scores[0]:
        told = np.array([scores[name] for scores in clip.scores])
        if name != "_neutral" and told.std() > MOVES:
            fitted = np.array([values.get(name, 0.0) for values in found])
            result[name] = float(np.corrcoef(told, fitted)[0, 1]) if fitted.std() > 0 else 0.0
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", nargs="*", type=Path)
    parser.add_argument("--every", type=int, default=1, help="look at every N-th picture of the clip")
    arguments = parser.parse_args()
    model = load_head_model()
    for path in [*map(asset_path, PORTRAITS), *arguments.photos]:
        report_portrait(path, model)
    clip = clip_landmarks(asset_path("driving_clip.mp4"), arguments.every)
    for trust in (1.0, 0.0):
        report_clip(clip, model, trust)


if __name__ == "__main__":
    main()
