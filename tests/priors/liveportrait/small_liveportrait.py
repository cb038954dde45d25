"""LivePortrait's networks in a size that takes milliseconds, with random weights."""

import warnings

import torch
from cameo.backend.priors.liveportrait.appearance import AppearanceExtractor
from cameo.backend.priors.liveportrait.generator import SpadeGenerator
from cameo.backend.priors.liveportrait.motion import MotionExtractor
from cameo.backend.priors.liveportrait.networks import networks_of_states
from cameo.backend.priors.liveportrait.retargeting import KeypointMlp
from cameo.backend.priors.liveportrait.sizes import NetworkSizes
from cameo.backend.priors.liveportrait.warping import WarpingModule
from torch import nn

SMALL = NetworkSizes(
    keypoints=21,
    image_first=4,
    volume_channels=3,
    volume_depth=4,
    volume_blocks=2,
    stage_depths=(1, 1, 2, 1),
    stage_widths=(4, 6, 8, 10),
    compressed=2,
    hourglass_first=4,
    hourglass_most=12,
    hourglass_blocks=3,
    generator_blocks=2,
    generator_last=5,
    spade_hidden=6,
    stitching_hidden=(8, 8),
    lip_hidden=(8,),
    eye_hidden=(8, 6),
)
SIDE = 32
"""Of an image; the volume has a quarter of it, a frame twice."""


def random_networks(seed=0, sizes=SMALL):
    """With the spectral norm of a random generator folded in, as from files."""
    return networks_of_states(random_states(seed, sizes))


def random_states(seed=0, sizes=SMALL):
    torch.manual_seed(seed)
    points = 3 * sizes.keypoints
    modules = {
        "appearance": AppearanceExtractor(sizes),
        "motion": MotionExtractor(sizes),
        "warping": WarpingModule(sizes),
        "generator": with_spectral_norm(SpadeGenerator(sizes)),
        "stitching": KeypointMlp(2 * points, sizes.stitching_hidden, points + 2),
        "lip": KeypointMlp(points + 2, sizes.lip_hidden, points),
        "eye": KeypointMlp(points + 3, sizes.eye_hidden, points),
    }
    return {name: shaken(module).state_dict() for name, module in modules.items()}


def with_spectral_norm(generator):
    """As it was trained: PyTorch's old spectral norm on the convolutions of the blocks, three keys for each weight."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        for name, module in generator.named_modules():
            if name.rpartition(".")[2] in ("conv_0", "conv_1", "conv_s"):
                nn.utils.spectral_norm(module)
    return generator


def shaken(module):
    """``module`` in evaluation mode with statistics and gains unlike those that a new module has."""
    for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
        if name.endswith("running_var"):
            tensor.data.uniform_(0.5, 1.5)
        elif name.endswith(("running_mean", "norm.weight", "norm.bias", "gamma", "beta")):
            tensor.data.add_(0.3 * torch.randn_like(tensor))
    return module.eval().requires_grad_(False)


def random_image(seed):
    return torch.rand(3, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))
