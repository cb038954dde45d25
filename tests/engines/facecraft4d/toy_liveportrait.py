"""LivePortrait in a size that takes a tenth of a second, with weights made by hand: no face was ever learned.

* The appearance volume holds the picture itself, 64 x 64, as darkness: what comes in from outside is white.
* The motion extractor sees how red a picture is: a tongue that shows pulls the lower lip's keypoint down.
* The warping moves the lower middle of the picture as that keypoint moves.
* The generator paints the volume's colours back through the shift of its last normalisation.

So a driven frame shows the source's face, a little blurred, and a driver's open mouth moves its mouth and chin.
"""

from pathlib import Path

import torch
from cameo.backend.priors.liveportrait.appearance import AppearanceExtractor
from cameo.backend.priors.liveportrait.generator import SpadeGenerator
from cameo.backend.priors.liveportrait.motion import MotionExtractor
from cameo.backend.priors.liveportrait.retargeting import KeypointMlp
from cameo.backend.priors.liveportrait.sizes import NetworkSizes
from cameo.backend.priors.liveportrait.warping import WarpingModule
from torch import nn

COLORS = 3
KNOTS = (0.0, 0.05, 0.25, 0.75, 0.95)
"""Darkness between which the inverse of the last sigmoid is straight."""
MIDDLE = 6.0
"""Added to logits so that they stay positive."""
LIP = 19
"""The keypoint on the lower lip."""
PULL = 8.0
"""How far redness pulls it."""
LEVELS = 4
"""Halvings in the motion network: 64 cells to 4."""
SIDES, LOWER = 0, 1
"""Its features: the left and right quarters, and what is below the nose."""

SIZES = NetworkSizes(
    image_first=COLORS,
    volume_channels=COLORS,
    volume_depth=1,
    volume_blocks=1,
    stage_depths=(1, 1, 1, 1),
    stage_widths=(4, 4, 4, 4),
    compressed=1,
    hourglass_first=2,
    hourglass_most=4,
    hourglass_blocks=LEVELS,
    generator_blocks=1,
    generator_last=COLORS,
    spade_hidden=COLORS * len(KNOTS),
    stitching_hidden=(4,),
    lip_hidden=(4,),
    eye_hidden=(4,),
)


def write_liveportrait(folder: Path) -> None:
    """The networks as files in the published layout: state dicts, prefixes and spectral norm included."""
    points = 3 * SIZES.keypoints
    base = {
        "appearance_feature_extractor": appearance().state_dict(),
        "motion_extractor": motion().state_dict(),
        "warping_module": warping().state_dict(),
        "spade_generator": with_spectral_norm(generator().state_dict()),
    }
    small = {
        "retarget_shoulder": empty(KeypointMlp(2 * points, SIZES.stitching_hidden, points + 2)),
        "retarget_mouth": lips(),
        "retarget_eye": empty(KeypointMlp(points + 3, SIZES.eye_hidden, points)),
    }
    for name in ("base_models", "retargeting_models"):
        (folder / name).mkdir(parents=True)
    for name, state in base.items():
        torch.save(state, folder / "base_models" / f"{name}.pth")
    prefixed = {
        name: {f"module.{key}": value for key, value in module.state_dict().items()} for name, module in small.items()
    }
    torch.save(prefixed, folder / "retargeting_models" / "stitching_retargeting_module.pth")


def empty(module):
    """``module`` with all weights 0 and all norms doing nothing."""
    for name, parameter in module.named_parameters():
        parameter.data.fill_(1.0 if name.endswith(("norm.weight", "norm1.weight", "norm2.weight")) else 0.0)
    for layer in module.modules():
        if isinstance(layer, nn.LayerNorm):
            layer.weight.data.fill_(1.0)
    return module.eval().requires_grad_(False)


def tap(convolution, out, into, value, offset=(0, 0)):
    """Set one weight of the middle slice: channel ``into`` to ``out``, ``offset`` (rows, columns) from the centre."""
    half = convolution.weight.shape[-1] // 2
    place = (half + offset[0], half + offset[1])
    middle = (convolution.weight.shape[2] // 2,) if convolution.weight.dim() == 5 else ()
    convolution.weight[(out, into, *middle, *place)] = value


def appearance():
    module = empty(AppearanceExtractor(SIZES))
    for color in range(COLORS):
        tap(module.first.conv, color, color, -1.0)
        module.first.conv.bias[color] = 1.0
        for block in module.down_blocks:
            tap(block.conv, color, color, 1.0)
        tap(module.second, color, color, 1.0)
    return module


def motion():
    """Layer norm keeps what is unlike in the channels: one is redness, the others are constant."""
    module = empty(MotionExtractor(SIZES))
    detector = module.detector
    stem = detector.downsample_layers[0][0]
    stem.weight[0, 0], stem.weight[0, 1] = 4.0 / 16, -4.0 / 16
    stem.bias[:] = torch.tensor([0.0, 0.5, 1.0, 0.0])
    for shrink in detector.downsample_layers[1:]:
        for channel in range(4):
            shrink[1].weight[channel, channel] = 0.25
    detector.fc_scale.bias[0] = 1.0
    detector.fc_exp.weight[3 * LIP + 1, 0] = PULL
    detector.fc_kp.bias[3 * LIP + 1] = 0.4
    return module


def warping():
    module = empty(WarpingModule(SIZES))
    dense = module.dense_motion_network
    region(dense.hourglass)
    dense.mask.bias[1:] = -30.0
    dense.mask.bias[1 + LIP] = -4.0
    dense.mask.weight[1 + LIP, 0, 3] = 8.0 / 49
    dense.occlusion.bias[0] = 20.0
    for color in range(COLORS):
        tap(module.third.conv, color, color, 2.0)  # of a volume one cell deep, half of each sample lies outside
        tap(module.fourth, color, color, 1.0)
    return module


def region(hourglass):
    """Feature 0 becomes 1 in the lower middle: the borders are felt where padding puts zeros beside a constant."""
    *_, before, last = hourglass.encoder.down_blocks
    before.norm.bias[0] = 1.0
    tap(last.conv, SIDES, 0, -1.0, (0, -1))
    tap(last.conv, SIDES, 0, -1.0, (0, 1))
    tap(last.conv, LOWER, 0, -1.0, (1, 0))
    last.norm.bias[SIDES], last.norm.bias[LOWER] = 2.0, 1.0
    first, *others = hourglass.decoder.up_blocks
    tap(first.conv, SIDES, SIDES, 2.0)
    tap(first.conv, LOWER, LOWER, 2.0)
    tap(first.conv, LOWER, LOWER, 2.0, (1, 0))
    for block in others:
        tap(block.conv, SIDES, SIDES, 1.0)
        tap(block.conv, LOWER, LOWER, 1.0)
    tap(hourglass.decoder.conv, 0, LOWER, 1.0)
    tap(hourglass.decoder.conv, 0, SIDES, -2.0)


def generator():
    module = empty(SpadeGenerator(SIZES))
    for name, layer in module.named_modules():
        if name.endswith("mlp_gamma"):
            layer.bias[:] = -1.0  # nothing of what is normalised passes
    norm, knots = module.up_1.norm_s, torch.tensor(KNOTS)
    values = (1 - knots).logit(eps=0.01) + MIDDLE
    slopes = (values[1:] - values[:-1]) / (knots[1:] - knots[:-1])
    bends = torch.cat([slopes[:1], slopes[1:] - slopes[:-1], torch.zeros(1)])
    for color in range(COLORS):
        norm.mlp_beta.bias[color] = values[0]
        for k, (knot, bend) in enumerate(zip(knots, bends)):
            hidden = color * len(KNOTS) + k
            norm.mlp_shared[0].weight[hidden, color] = 1 / 9
            norm.mlp_shared[0].bias[hidden] = -knot
            norm.mlp_beta.weight[color, hidden] = bend / 9
        module.up_1.conv_s.weight[color, color] = 1.0
        for phase in range(4):
            tap(module.conv_img[0], 4 * color + phase, color, 1.0)
    module.conv_img[0].bias[:] = -MIDDLE
    return module


def lips():
    """The lower lip's keypoint goes up as far as the mouth is more open than wanted."""
    module = empty(KeypointMlp(3 * SIZES.keypoints + 2, SIZES.lip_hidden, 3 * SIZES.keypoints))
    module.mlp[0].weight[0, -2:] = torch.tensor([1.0, -1.0])
    module.mlp[2].weight[3 * LIP + 1, 0] = -0.3
    return module


def with_spectral_norm(state):
    """Weights of the blocks' convolutions as three keys each; what is 0 is never used and becomes noise."""
    random, split = torch.Generator().manual_seed(0), {}
    for key, value in state.items():
        if not key.endswith(("conv_0.weight", "conv_1.weight", "conv_s.weight")):
            split[key] = value
            continue
        raw = value if value.any() else torch.randn(value.shape, generator=random)
        left, _, right = torch.linalg.svd(raw.flatten(1), full_matrices=False)
        split |= {f"{key}_orig": raw, f"{key}_u": left[:, 0].clone(), f"{key}_v": right[0].clone()}
    return split
