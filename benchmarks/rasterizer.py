"""How long the rasterizer takes: forward, forward and backward, against plain tiled torch in the same run.

``python benchmarks/rasterizer.py [--json FILE] [--skip-torch]``. Best of several runs. On a shared machine
compare the processor time (``fwd_bwd_cpu_ms``, all threads together).
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import argparse
import json
import math
import platform
import time
from collections.abc import Callable
from pathlib import Path

import numba
import torch
from cameo.backend.artifacts import orbit_camera
from cameo.backend.gaussians.rasterizer import Cameras, Gaussians, rasterize
from tiled_torch import rasterize_tiled

CASES = ((10_000, 128), (30_000, 256), (100_000, 512))


def head_like_scene(count: int, size: int, device: str) -> tuple[Gaussians, torch.Tensor, Cameras]:
    """Flat splats on an ellipsoid of a head's size that fills most of the picture."""
    generator = torch.Generator().manual_seed(0)
    normal = torch.nn.functional.normalize(torch.randn(count, 3, generator=generator), dim=-1)
    means = normal * torch.tensor([0.085, 0.115, 0.1]) * (1 + 0.01 * torch.randn(count, 1, generator=generator))
    across = torch.linalg.cross(torch.tensor([0.0, 0, 1]).expand_as(normal), normal)
    quats = torch.nn.functional.normalize(torch.cat([1 + normal[:, 2:], across], 1), dim=-1)
    spacing = math.sqrt(4 * math.pi * 0.1**2 / count)
    scales = 0.6 * spacing * torch.exp(0.35 * torch.randn(count, 3, generator=generator)) * torch.tensor([1, 1, 0.25])
    opacities = torch.sigmoid(1.5 * torch.randn(count, generator=generator) + 0.5)
    colors = torch.rand(count, 3, generator=generator)
    tensors = [t.to(device)[None].requires_grad_() for t in (means, quats, scales, opacities, colors)]
    camera = orbit_camera(17, distance=1.0, fov_deg=17.8, size=size, center=(0, 0, 0))
    return Gaussians(*tensors[:4]), tensors[4], Cameras.single(camera, device)


def best_ms(
    run: Callable[[], object], repeats: int, device: str, clock: Callable[[], float] = time.perf_counter
) -> float:
    """Shortest time in milliseconds by ``clock``."""
    times = []
    for _ in range(repeats):
        if device == "cuda":
            torch.cuda.synchronize()
        start = clock()
        run()
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(clock() - start)
    return round(1000 * min(times), 2)


def measure(count: int, size: int, device: str, against_torch: bool) -> dict[str, float]:
    """One row of the table; ``torch_ms`` is forward and backward of plain torch."""
    g, colors, cam = head_like_scene(count, size, device)
    weights = torch.rand(1, 1, size, size, 3, device=device)

    def forward() -> torch.Tensor:
        return rasterize(g, cam, colors=colors).image

    def forward_only() -> None:
        with torch.no_grad():
            forward()

    forward().backward(weights)
    repeats = 12 if device == "cpu" else 50
    row = {
        "gaussians": count,
        "size": size,
        "fwd_ms": best_ms(forward_only, repeats, device),
        "fwd_bwd_ms": best_ms(lambda: forward().backward(weights), repeats, device),
    }
    if device == "cpu":
        row["fwd_bwd_cpu_ms"] = best_ms(lambda: forward().backward(weights), repeats, device, time.process_time)
    if against_torch:
        flat = [t[0] for t in (*g, colors)]
        camera = cam.viewmats[0, 0], cam.Ks[0, 0]
        row["torch_ms"] = best_ms(lambda: rasterize_tiled(*flat, *camera, size).backward(weights[0, 0]), 1, device)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--skip-torch", action="store_true", help="leave out the slow comparison")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, {numba.get_num_threads()} Numba threads"
    load = round(os.getloadavg()[0], 1)  # of others, before we begin
    result: dict[str, object] = {
        "load": load,
        "machine": machine,
        "torch": torch.__version__,
        "numba": numba.__version__,
    }
    for device in ("cpu", *(["cuda"] if torch.cuda.is_available() else [])):
        result[device] = [measure(*case, device, device == "cpu" and not arguments.skip_torch) for case in CASES]
    text = json.dumps(result, indent=1)
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
