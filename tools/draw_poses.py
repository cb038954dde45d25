"""Draws `docs/images/visemes.jpg` and `docs/images/emotions.jpg`: every named pose on the built-in head.

python tools/draw_poses.py [--folder DIR] [--person SEED]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np

# pyright cannot follow the editable install of this checkout as `cameo`.
# pyright: reportMissingImports=false
from cameo.backend.artifacts import Camera, orbit_camera
from cameo.backend.head.controls import parameters_from_controls
from cameo.backend.head.lbs import pose_vertices
from cameo.backend.head.model import load_head_model, make_avatar_mesh
from cameo.backend.head.poses import EMOTION, POSES, VISEME, NamedPose

sys.path.insert(0, str(Path(__file__).parent))

from embed_landmarks import paint, photograph

FOLDER = Path(__file__).parents[1] / "docs" / "images"
SCALE = 2  # drawn pixels per pixel of the sheet
SIZES, COLUMNS = {VISEME: 230, EMOTION: 250}, 5
QUALITY = 88
SIGMA = 0.6  # of a random person


def camera_for(group: str, size: int) -> Camera:
    """The whole face for an emotion, from the middle of the nose down for a viseme."""
    if group == EMOTION:
        return orbit_camera(8, 2, distance=1.2, fov_deg=9.5, size=size, center=(0, -0.02, 0.04))
    return orbit_camera(18, 2, distance=1.2, fov_deg=4.6, size=size, center=(0, -0.055, 0.07))


def tile(betas: np.ndarray, pose: NamedPose) -> np.ndarray:
    """One picture uint8 [size,size,3], BGR, with its name."""
    model, size = load_head_model(), SIZES[pose.group]
    mesh = make_avatar_mesh(model, model.neutral(betas), paint(model))
    vertices = pose_vertices(mesh, parameters_from_controls(mesh, pose.controls))
    drawn, _ = photograph(model, vertices, camera_for(pose.group, size * SCALE))
    drawn = cv2.resize(drawn, (size, size), interpolation=cv2.INTER_AREA)[..., ::-1].copy()
    cv2.putText(drawn, pose.name, (6, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (30, 30, 30), 1, cv2.LINE_AA)
    return drawn


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--person", type=int, help="draw this random person instead of the mean head")
    arguments = parser.parse_args()
    betas = np.zeros(1) if arguments.person is None else np.random.default_rng(arguments.person).normal(size=60) * SIGMA
    for group, name in ((VISEME, "visemes.jpg"), (EMOTION, "emotions.jpg")):
        tiles = [tile(betas, pose) for pose in POSES if pose.group == group]
        rows = [np.hstack(tiles[start : start + COLUMNS]) for start in range(0, len(tiles), COLUMNS)]
        cv2.imwrite(str(arguments.folder / name), np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])


if __name__ == "__main__":
    main()
