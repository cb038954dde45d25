"""Draws `docs/images/head_controls.png`: what some controls do to the built-in head, on the mean face and on others.

python tools/draw_controls.py [--output FILE]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np

# pyright cannot follow the editable install of this checkout as `cameo`.
# pyright: reportMissingImports=false
from cameo.backend.artifacts import orbit_camera
from cameo.backend.head.controls import parameters_from_controls
from cameo.backend.head.lbs import pose_vertices
from cameo.backend.head.model import load_head_model, make_avatar_mesh

sys.path.insert(0, str(Path(__file__).parent))

from embed_landmarks import paint, photograph

OUTPUT = Path(__file__).parents[1] / "docs" / "images" / "head_controls.png"
SIZE, COLUMNS, SCALE = 190, 5, 2
SHOWN: tuple[tuple[str, float, dict[str, float]], ...] = (
    ("neutral", 0, {}),
    ("jawOpen", 15, {"jawOpen": 0.8}),
    ("mouthSmile", 15, {"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8}),
    ("eyeBlink", 0, {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}),
    ("browInnerUp", 0, {"browInnerUp": 0.8}),
    ("mouthPucker", 25, {"mouthPucker": 0.8}),
    ("mouthFunnel", 0, {"mouthFunnel": 0.8}),
    ("browDown, noseSneer", 0, {f"{n}{s}": 0.9 for n in ("browDown", "noseSneer") for s in ("Left", "Right")}),
    ("cheekPuff", 20, {"cheekPuff": 0.9}),
    ("eyeWide, eyeLookOutLeft", 0, {"eyeWideLeft": 0.7, "eyeWideRight": 0.7, "eyeLookOutLeft": 1, "eyeLookInRight": 1}),
)
LAUGH = {
    f"{n}{s}": v
    for n, v in (("mouthSmile", 0.7), ("mouthUpperUp", 0.4), ("cheekSquint", 0.4))
    for s in ("Left", "Right")
}
LAUGH["jawOpen"] = 0.2
IDENTITIES = 5


def picture(betas: np.ndarray, controls: dict[str, float], yaw: float, label: str) -> np.ndarray:
    """One tile uint8 [SIZE,SIZE,3], BGR."""
    model = load_head_model()
    mesh = make_avatar_mesh(model, model.neutral(betas), paint(model))
    vertices = pose_vertices(mesh, parameters_from_controls(mesh, controls))
    camera = orbit_camera(yaw, 3, distance=1.2, fov_deg=11, size=SIZE * SCALE, center=(0, -0.02, 0.03))
    tile, _ = photograph(model, vertices, camera)
    tile = cv2.resize(tile, (SIZE, SIZE), interpolation=cv2.INTER_AREA)[..., ::-1].copy()
    cv2.putText(tile, label, (5, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.36, (30, 30, 30), 1, cv2.LINE_AA)
    return tile


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    tiles = [picture(np.zeros(1), controls, yaw, label) for label, yaw, controls in SHOWN]
    rng = np.random.default_rng(4)
    for index in range(IDENTITIES):
        tiles.append(picture(rng.normal(size=60) * 0.8, LAUGH, (-25, 0, 25)[index % 3], f"identity {index + 1}, laugh"))
    rows = [np.hstack(tiles[start : start + COLUMNS]) for start in range(0, len(tiles), COLUMNS)]
    cv2.imwrite(str(arguments.output), np.vstack(rows), [cv2.IMWRITE_PNG_COMPRESSION, 9])


if __name__ == "__main__":
    main()
