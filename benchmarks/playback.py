"""How fast a finished avatar moves: rig, binding and picture of every frame of a turntable in expressions.

``python benchmarks/playback.py [--gaussians 100000] [--frames 24] [--json FILE]``. On a CPU our kernels draw, on
NVIDIA gsplat; there also with all frames in one call.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from cameo.backend.artifacts import orbit_camera
from cameo.backend.config import InitialCloudConfig
from cameo.backend.gaussians.binding_torch import posed_triangles
from cameo.backend.gaussians.initialise import initial_gaussians, surface_of_mesh
from cameo.backend.gaussians.parameters import GaussianParameters
from cameo.backend.gaussians.rasterizer import Cameras, Gaussians, rasterize
from cameo.backend.head.controls import parameters_from_controls
from cameo.backend.head.lbs import pose_vertices
from painted_head import painted_head
from rasterizer import best_ms

SIZES = (512, 1024)
REPEATS = 5


class Avatar:
    """A painted head with about ``count`` Gaussians on ``device``, and expressions to go through."""

    def __init__(self, count: int, frames: int, device: str) -> None:
        self.mesh, self.device = painted_head(0).mesh, device
        turn = np.linspace(0, 2 * np.pi, frames, endpoint=False)
        values = [{"jawOpen": 0.5 + 0.5 * np.sin(t), "mouthSmileLeft": 0.5 + 0.5 * np.cos(t)} for t in turn]
        self.poses = [parameters_from_controls(self.mesh, value) for value in values]
        self.degrees = np.rad2deg(turn)
        neutral = pose_vertices(self.mesh, self.poses[0])
        copies = -(-count // len(self.mesh.faces))
        bound = initial_gaussians(self.mesh, [neutral], surface_of_mesh(self.mesh), InitialCloudConfig(gaussians=count))
        self.gaussians = GaussianParameters(bound, device)
        self.gaussians.select(np.tile(np.arange(len(bound.face)), copies)[:count])

    def vertices(self, k: int) -> np.ndarray:
        return pose_vertices(self.mesh, self.poses[k])

    def placed(self, vertices: np.ndarray) -> Gaussians:
        rows = self.mesh.faces[self.gaussians.face]
        return self.gaussians.posed(posed_triangles(vertices, rows, self.gaussians.rest_edges, self.device))

    def camera(self, k: int, size: int) -> Cameras:
        view = orbit_camera(float(self.degrees[k]), distance=1.05, fov_deg=17.5, size=size)
        return Cameras.single(view, self.device)


def together(splats: list[Gaussians], cameras: list[Cameras]) -> tuple[Gaussians, Cameras]:
    """Frames as scenes of one call."""
    viewmats, Ks = (torch.cat([getattr(camera, name) for camera in cameras]) for name in ("viewmats", "Ks"))
    scenes = Gaussians(*(torch.cat(tensors) for tensors in zip(*splats, strict=True)))
    return scenes, Cameras(viewmats, Ks, cameras[0].width, cameras[0].height)


def measure(count: int, frames: int, size: int, device: str) -> dict[str, float]:
    """One row, milliseconds: rig, binding and picture of one frame, and of one of all frames in one call."""
    avatar = Avatar(count, frames, device)
    colors = avatar.gaussians.color[None]
    vertices = avatar.vertices(1)
    splats = avatar.placed(vertices)
    row = {
        "gaussians": len(avatar.gaussians),
        "size": size,
        "rig_ms": best_ms(lambda: avatar.vertices(1), REPEATS, device),
        "binding_ms": best_ms(lambda: avatar.placed(vertices), REPEATS, device),
        "picture_ms": best_ms(lambda: rasterize(splats, avatar.camera(1, size), colors=colors), REPEATS, device),
    }
    row["frames_a_second"] = round(1000 / (row["rig_ms"] + row["binding_ms"] + row["picture_ms"]), 1)
    scenes = [avatar.placed(avatar.vertices(k)) for k in range(frames)]
    batch = together(scenes, [avatar.camera(k, size) for k in range(frames)])
    batched = best_ms(lambda: rasterize(*batch, colors=colors.expand(frames, -1, -1)), REPEATS, device)
    row["picture_batched_ms"] = round(batched / frames, 2)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gaussians", type=int, default=100_000)
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    result: dict[str, object] = {"load": round(os.getloadavg()[0], 1)}
    with torch.no_grad():
        for device in ("cpu", *(["cuda"] if torch.cuda.is_available() else [])):
            result[device] = [measure(arguments.gaussians, arguments.frames, size, device) for size in SIZES]
    text = json.dumps(result, indent=1)
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
