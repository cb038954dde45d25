"""PanoHead with random weights and sizes of its own: everything is there, nothing is large."""

import math
from dataclasses import replace

import torch
from cameo.backend.priors.panohead.config import PanoHeadConfig
from cameo.backend.priors.panohead.generator import PanoHeadGenerator


def arguments(**changes):
    """A constructor's arguments as a checkpoint keeps them; ``changes`` go to where the name belongs."""
    rendering = {
        "clamp_mode": "softplus",
        "disparity_space_sampling": False,
        "superresolution_module": "training.superresolution.SuperresolutionHybrid8XDC",
        "superresolution_noise_mode": "none",
        "c_gen_conditioning_zero": False,
        "c_scale": 1,
        "decoder_lr_mul": 1,
        "decoder_activation": "none",
        "use_torgb_raw": True,
        "use_background": True,
        "sr_antialias": True,
        "triplane_size": 16,
        "triplane_depth": 2,
        "depth_resolution": 12,
        "depth_resolution_importance": 10,
        "ray_start": 2.25,
        "ray_end": 3.3,
        "box_warp": 1,
    }
    table = {
        "z_dim": 24,
        "c_dim": 25,
        "w_dim": 20,
        "img_resolution": 512,
        "img_channels": 3,
        "mapping_kwargs": {"num_layers": 2},
        "channel_base": 512,
        "channel_max": 16,
        "architecture": "skip",
        "num_fp16_res": 0,
        "conv_clamp": None,
        "sr_num_fp16_res": 4,
    }
    inner = {name: value for name, value in changes.items() if name in rendering}
    return table | changes | {"rendering_kwargs": rendering | inner}


def released_arguments():
    """The sizes of the released checkpoint."""
    sizes = {"z_dim": 512, "w_dim": 512, "channel_base": 32768, "channel_max": 512}
    samples = {"triplane_size": 256, "triplane_depth": 3, "depth_resolution": 48, "depth_resolution_importance": 48}
    return arguments(**sizes, **samples)


def random_state(config, seed=5):
    """Weights of unit variance, as StyleGAN2 begins with; noise and biases small, so that each counts."""
    drawn = torch.Generator().manual_seed(seed)
    with torch.device("meta"):
        shapes = {name: value.shape for name, value in PanoHeadGenerator(config).state_dict().items()}
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    state = {}
    for name, shape in shapes.items():
        value = torch.randn(shape, generator=drawn)
        if name.endswith("resample_filter"):
            value = torch.outer(taps, taps) / 64
        elif name.endswith(("bias", "noise_strength")):
            value = value * 0.1 + (1.0 if name.endswith("affine.bias") else 0.0)
        elif ".mapping.fc" in name:
            value = value * 100.0  # its rate is 0.01
        state[name] = value
    return state


def small_generator(seed=5, superresolution_widths=(256, 128), **changes):
    config = PanoHeadConfig.of_checkpoint(arguments(**changes))
    config = replace(config, superresolution_widths=superresolution_widths)
    return PanoHeadGenerator.of_state(config, random_state(config, seed))


def camera_label(yaw=0.0, pitch=0.0, radius=2.7):
    """A camera on the sphere around the origin, looking at it, as a label [1,25]; angles in radians."""
    place = torch.tensor([math.sin(yaw) * math.cos(pitch), math.sin(pitch), math.cos(yaw) * math.cos(pitch)])
    forward = -place
    right = torch.nn.functional.normalize(torch.linalg.cross(forward, torch.tensor([0.0, 1.0, 0.0])), dim=0)
    down = torch.linalg.cross(forward, right)
    cam2world = torch.eye(4)
    cam2world[:3] = torch.stack([right, down, forward, place * radius], 1)
    K = torch.tensor([4.2647, 0, 0.5, 0, 4.2647, 0.5, 0, 0, 1])
    return torch.cat([cam2world.reshape(-1), K])[None]
