"""Our PanoHead as ``check_panohead.py`` wants to see it; that file's docstring is the contract."""

from pathlib import Path

import torch
from cameo.backend.priors.panohead.checkpoint import read_checkpoint
from cameo.backend.priors.panohead.config import PanoHeadConfig
from cameo.backend.priors.panohead.generator import PanoHeadGenerator
from cameo.backend.priors.panohead.rays import Rays, pixel_rays


def build(cfg, state_dict):
    return PanoHead(PanoHeadGenerator.of_state(PanoHeadConfig.of_checkpoint(cfg), state_dict))


def load_pickle(path):
    checkpoint = read_checkpoint(Path(path))
    info = {
        "rendering_kwargs": checkpoint.arguments["rendering_kwargs"],
        "neural_rendering_resolution": checkpoint.raw_size,
        "plane_axes": checkpoint.plane_axes,
    }
    return checkpoint.state, info


class PanoHead:
    def __init__(self, generator):
        self._generator = generator

    def mapping(self, z, c, psi, cutoff):
        return self._generator.styles(z, c, psi, cutoff)

    def delta_c(self, z, c):
        return self._generator.camera_shift(z, c)

    def planes(self, ws, noise):
        return self._generator.planes(ws, noise)

    def rays(self, c, nrr):
        return pixel_rays(c, nrr)

    def query(self, planes, pts):
        return self._generator.field(planes, pts)

    def render(self, planes, ray_o, ray_d, det):
        return self._generator.render(planes, Rays(ray_o, ray_d), _draws(det))

    def background(self, ws):
        return self._generator.background(ws)

    def synthesis(self, ws, c, nrr, det):
        seen = self._generator.images(ws, self._generator.planes(ws), c, nrr, generator=_draws(det))
        return dict(image=seen.image, image_raw=seen.raw, image_depth=seen.depth, image_mask=seen.mask)


def _draws(det):
    """The checker seeds the global generator."""
    return None if det else torch.default_generator
