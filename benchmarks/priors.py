"""Time, memory and half precision of the generative networks at their published sizes, with random weights.

    python benchmarks/priors.py [--only panohead liveportrait sdxl] [--json FILE]

Random weights cost what trained ones cost. On a GPU every network runs in float32 and in half precision as the engine
runs it; ``half_error`` is the largest difference over the largest value. SDXL's network of 2.6 billion weights wants
11 GB in float32 and is left out on a CPU unless it is named.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from cameo.backend.priors.liveportrait.appearance import AppearanceExtractor
from cameo.backend.priors.liveportrait.generator import SpadeGenerator
from cameo.backend.priors.liveportrait.motion import MotionExtractor
from cameo.backend.priors.liveportrait.sizes import NetworkSizes
from cameo.backend.priors.liveportrait.warping import WarpingModule
from cameo.backend.priors.panohead.camera import label_of, round_the_head
from cameo.backend.priors.panohead.config import PanoHeadConfig
from cameo.backend.priors.panohead.generator import PanoHeadGenerator
from rasterizer import best_ms
from torch import nn

REPEATS = 3
PUBLISHED = {
    "z_dim": 512,
    "c_dim": 25,
    "w_dim": 512,
    "img_resolution": 512,
    "img_channels": 3,
    "mapping_kwargs": {"num_layers": 2},
    "sr_num_fp16_res": 4,
    "num_fp16_res": 0,
    "conv_clamp": None,
    "rendering_kwargs": {
        "clamp_mode": "softplus",
        "superresolution_module": "SuperresolutionHybrid8XDC",
        "superresolution_noise_mode": "none",
        "c_scale": 1,
        "decoder_activation": "none",
        "use_torgb_raw": True,
        "use_background": True,
        "sr_antialias": True,
        "triplane_size": 256,
        "triplane_depth": 3,
        "depth_resolution": 48,
        "depth_resolution_importance": 48,
        "ray_start": 2.25,
        "ray_end": 3.3,
        "box_warp": 1,
    },
}
"""PanoHead's released constructor arguments (``shared/design/priors.md``, section 1.1)."""
SDXL = {
    "sample_size": 128,
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "block_out_channels": (320, 640, 1280),
    "transformer_layers_per_block": (1, 2, 10),
    "attention_head_dim": (5, 10, 20),
    "cross_attention_dim": 2048,
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}
"""SDXL base 1.0's unet/config.json."""


@dataclass(frozen=True)
class Case:
    """One network: ``run(half)`` is one pass."""

    name: str
    network: nn.Module
    run: Callable[[bool], torch.Tensor]


def panohead(device: str) -> list[Case]:
    """A head's tri-grid, and one view of it."""
    network = PanoHeadGenerator(PanoHeadConfig.of_checkpoint(PUBLISHED)).eval().to(device)
    label = torch.from_numpy(label_of(round_the_head(20.0)))[None].to(device)
    styles = network.styles(torch.randn(1, 512, generator=torch.Generator().manual_seed(0)).to(device), label)
    planes = network.planes(styles)

    def view(half: bool) -> torch.Tensor:
        blocks = (network.superresolution.block0, network.superresolution.block1)
        for block in blocks:
            block.in_half = half
        return network.images(styles, planes, label, 64).image

    return [
        Case("panohead planes", network, lambda half: network.planes(styles)),
        Case("panohead view 512", network, view),
    ]


def liveportrait(device: str) -> list[Case]:
    """One frame: features and motion of a source, the warp, the picture."""
    sizes = NetworkSizes()
    networks = nn.ModuleList(
        [AppearanceExtractor(sizes), MotionExtractor(sizes), WarpingModule(sizes), SpadeGenerator(sizes)]
    )
    networks = networks.eval().to(device)
    appearance, motion, warping, generator = networks
    image = torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(0)).to(device)
    volume, points = appearance(image), motion.motion(image).keypoints()
    moved = points + 0.02 * torch.sin(torch.arange(points.numel(), device=device).view_as(points))

    def frame(half: bool) -> torch.Tensor:
        with torch.autocast(device, torch.float16, enabled=half):
            return generator(warping(volume, moved, points).out)

    return [
        Case("liveportrait source", networks, lambda half: appearance(image)),
        Case("liveportrait frame 512", networks, frame),
    ]


def sdxl(device: str) -> list[Case]:
    """One view of 1024 pixels through the UNet, once."""
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    with torch.device(device):
        network = UNet2DConditionModel(**SDXL).eval()
        drawn = torch.Generator(device).manual_seed(0)
        latent = torch.randn(1, 4, 128, 128, generator=drawn)
        text = torch.randn(1, 77, 2048, generator=drawn)
        added = {"text_embeds": torch.randn(1, 1280, generator=drawn), "time_ids": torch.full((1, 6), 1024.0)}

    def step(half: bool) -> torch.Tensor:
        dtype = torch.float16 if half else torch.float32
        network.to(dtype)
        conditions = {name: value.to(dtype) for name, value in added.items()}
        answer = network(latent.to(dtype), 381, encoder_hidden_states=text.to(dtype), added_cond_kwargs=conditions)
        return answer.sample

    return [Case("sdxl step 1024", network, step)]


NETWORKS = {"panohead": panohead, "liveportrait": liveportrait, "sdxl": sdxl}


def measure(case: Case, device: str) -> dict[str, object]:
    """One row of the table; memory in GB, of the device, or of the process on a CPU."""
    row: dict[str, object] = {"what": case.name, "parameters": sum(p.numel() for p in case.network.parameters())}
    exact = case.run(False).float()
    row["float32_ms"] = best_ms(lambda: case.run(False), REPEATS, device)
    row["float32_gb"] = _peak_gb(device)
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        rough = case.run(True).float()
        row["half_ms"] = best_ms(lambda: case.run(True), REPEATS, device)
        row["half_gb"] = _peak_gb(device)
        row["half_error"] = float((rough - exact).abs().max() / exact.abs().max())
    return row


def _peak_gb(device: str) -> float:
    used = torch.cuda.max_memory_allocated() if device == "cuda" else 1024 * _resident_kilobytes()
    return round(used / 1e9, 2)


def _resident_kilobytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=sorted(NETWORKS))
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    usual = sorted(NETWORKS) if device == "cuda" else ["liveportrait", "panohead"]
    rows = []
    with torch.inference_mode():
        for name in arguments.only or usual:
            torch.manual_seed(0)
            rows += [measure(case, device) for case in NETWORKS[name](device)]
    text = json.dumps({"device": device, "load": round(os.getloadavg()[0], 1), "rows": rows}, indent=1)
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
