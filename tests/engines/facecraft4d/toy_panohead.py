"""A PanoHead checkpoint whose weights are made by hand: an ellipsoid for a head, whose front pivotal tuning paints.

It is a real file in the published container and runs in the real network; only sizes and weights are its own.

How it paints: the picture, 64 x 64 brightness and 16 x 16 colour, is folded into many channels of 4 x 4; the growing
convolutions unfold it (one tap per place in the fold, and a resampling filter that does nothing). In the constant that
the network grows from, each of the 16 places has a channel of its own, very bright: so each weight of the first
convolution lights one pixel of the picture. Every weight that must stay is stored large and undone by what follows:
Adam's steps, which are the same for all, move nothing but these pixels. The ellipsoid is a noise map, which no tuning
touches. Layers before and behind the middle of the first plane tell the face from the hair.
"""

import math
import sys
from dataclasses import replace
from pathlib import Path

import torch
from cameo.backend.priors.panohead.config import PanoHeadConfig
from cameo.backend.priors.panohead.generator import PanoHeadGenerator
from cameo.backend.priors.panohead.trigrid import PLANE_AXES

sys.path.append(str(Path(__file__).parents[2] / "weights"))
from stored_networks import checkpoint

SIDE, COLOR_SIDE, LAYERS = 64, 16, 4  # of the tri-grid, of its colour, in its depth
FOLDED = (SIDE // 4) ** 2  # channels that brightness takes in the constant
COLOR_FOLDED = (COLOR_SIDE // 4) ** 2
FIRST = FOLDED + 2 * COLOR_FOLDED + 1  # channels of the constant; the last is constant
BOX = 0.8
HALF_AXES = (0.25, 0.33, 0.27)  # of the ellipsoid without density, PanoHead's unit; the surface lies a tenth inside
MIDDLE = 15.0  # of the constant, so that no activation sees a negative number, with the noise
LIFT = 1.0  # the same for the unfolded brightness, whose middle and noise are gone
BOWL = 42.0  # depth of the noise map
DENSITY = 1000.0  # feature in the ellipsoid's middle
RATE = 0.001  # of the decoder's weights
LIGHT = 25.0  # how far a step of one weight moves one place of the fold
STRONG = 1e3  # weights under demodulation: their size cancels
GAIN = 2000.0  # from the fold to the tri-grid's features
FEATURE = 500.0  # a feature that is white; minus that is black
SKIN, HAIR = (0.5, 0.15, 0.0), (-0.4, -0.6, -0.7)  # -1..1
UNFOLDED = {
    SIDE: {"brightness": (1.0, 1.0, 1.0)},
    COLOR_SIDE: {"redness": (1.0, -0.5, 0.0), "blueness": (0.0, -0.3, 1.0)},
}
"""At which level what leaves the fold, and what it adds to red, green and blue."""


def write_panohead(path: Path) -> None:
    """Write the checkpoint, about 6 MB."""
    config = PanoHeadConfig.of_checkpoint(arguments())
    source = "raise RuntimeError('nothing in a checkpoint is run')"
    path.write_bytes(
        checkpoint(arguments(), arguments()["rendering_kwargs"], torch.tensor(PLANE_AXES), state(config), source)
    )


def arguments():
    """Of the network's constructor, as a checkpoint keeps them."""
    return {
        "z_dim": 8,
        "c_dim": 25,
        "w_dim": 4,
        "img_resolution": 512,
        "img_channels": 3,
        "mapping_kwargs": {"num_layers": 2},
        "channel_base": 4 * FIRST,
        "channel_max": FIRST,
        "architecture": "skip",
        "num_fp16_res": 0,
        "conv_clamp": None,
        "sr_num_fp16_res": 4,
        "rendering_kwargs": {
            "clamp_mode": "softplus",
            "disparity_space_sampling": False,
            "superresolution_module": "training.superresolution.SuperresolutionHybrid8XDC",
            "superresolution_noise_mode": "none",
            "c_gen_conditioning_zero": False,
            "c_scale": 1,
            "decoder_lr_mul": RATE,
            "decoder_activation": "none",
            "use_torgb_raw": True,
            "use_background": True,
            "sr_antialias": True,
            "triplane_size": SIDE,
            "triplane_depth": LAYERS,
            "depth_resolution": 16,
            "depth_resolution_importance": 12,
            "ray_start": 2.25,
            "ray_end": 3.3,
            "box_warp": BOX,
        },
    }


def state(config):
    """All tensors by name."""
    with torch.device("meta"):
        network = PanoHeadGenerator(replace(config, superresolution_widths=(4, 4)))
    drawn = torch.Generator().manual_seed(1)
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    found = {}
    for name, value in network.state_dict().items():
        shape = tuple(value.shape)
        if name.endswith("resample_filter"):
            found[name] = torch.outer(taps, taps) / 64
        elif name.endswith("affine.bias"):
            found[name] = torch.full(shape, 1.0 if "torgb" in name else STRONG)
        elif ".conv" in name and name.endswith(".weight") and "affine" not in name:
            found[name] = STRONG * torch.randn(shape, generator=drawn)
        elif "mapping" in name and name.endswith("weight"):
            found[name] = torch.randn(shape, generator=drawn)
        else:
            found[name] = torch.zeros(shape)
    found["t_mapping.fc1.weight"].zero_()  # no shift
    _unfold(found)
    _shape(found)
    _paint(found)
    _decode(found)
    return found


def _unfold(found):
    """The tri-grid's convolutions: each level's fold becomes the next one's with a quarter of the channels."""
    body, kept = "backbone.synthesis.", _named(4)
    for cell in range(16):
        found[body + "b4.const"][cell].view(-1)[cell] = LIGHT * STRONG
    found[body + "b4.const"][-1] = MIDDLE
    found[body + "b4.conv1.weight"].zero_()[:, -1, 1, 1] = STRONG
    for level in (8, 16, 32, SIDE):
        here = _named(level)
        grown = found[f"{body}b{level}.conv0.weight"].zero_()
        for index in range(len(grown)):
            name, fold = here[index] if index < len(here) else ("constant", 0)
            for row, column in ((0, 0), (0, 1), (1, 0), (1, 1)):
                part = ("constant", 0) if name == "constant" else (name, fold * 4 + row * 2 + column)
                grown[index, kept.index(part), row, column] = STRONG
        found[f"{body}b{level}.conv1.weight"] = _identity(len(grown))
        nothing = torch.zeros(4, 4)
        nothing[1, 1] = 0.25  # what growing multiplies with
        found[f"{body}b{level}.conv0.resample_filter"] = nothing
        kept = here
    for level, names in UNFOLDED.items():
        # Off with the middle, and with the noise: brightness minus the constant.
        name = f"{body}b{level}.conv1."
        for index in (_named(level).index((one, 0)) for one in names):
            found[name + "weight"][index, _named(level).index(("constant", 0)), 1, 1] = -STRONG
            found[name + "bias"][index] = LIFT


def _named(level):
    """(what, place in the fold) of the channels in use at a level; colour is taken off at ``COLOR_SIDE``."""
    names = [("brightness", fold) for fold in range((SIDE // level) ** 2)]
    if level <= COLOR_SIDE:
        names += [(hue, fold) for hue in ("redness", "blueness") for fold in range((COLOR_SIDE // level) ** 2)]
    return [*names, ("constant", 0)]


def _identity(channels):
    weight = torch.zeros(channels, channels, 3, 3)
    weight[:, :, 1, 1] = STRONG * torch.eye(channels)
    return weight


def _shape(found):
    """The ellipsoid 1 - x²/a² - y²/b² - z²/c², times a thousand, as feature 3: one noise map for two planes."""
    a, b, c = (1 / axis**2 for axis in HALF_AXES)
    ratio = (b + c) / a  # both planes have x along their width
    place = ((torch.arange(SIDE) + 0.5) / SIDE - 0.5) * BOX
    bowl = -BOWL * (place[None, :] ** 2 + ratio * place[:, None] ** 2)
    name = "backbone.synthesis.b64.conv0."
    found[name + "noise_const"], found[name + "noise_strength"] = bowl / 100, torch.tensor(100.0)
    weight, bias = _planes(found, SIDE)
    before = MIDDLE * math.sqrt(2) ** 7 / 2**4  # seven activations and four growths before the noise, two after it
    for plane, axis in ((0, b), (1, c)):
        share = DENSITY * 3 * axis / ratio / BOWL
        weight[plane, 3, :, _named(SIDE).index(("constant", 0))] = share * math.sqrt(weight.shape[-1]) / 2
        bias[plane, 3] = DENSITY * 3 / 2 - share * before


def _planes(found, level):
    """Weights [plane, feature, layer, channel] and biases [plane, feature, layer] of a level's colours, to write to."""
    name = f"backbone.synthesis.b{level}.torgb."
    return found[name + "weight"].view(3, 32, LAYERS, -1), found[name + "bias"].view(3, 32, LAYERS)


def _paint(found):
    """Features 0 to 2 are red, green and blue: in front from the fold, behind one colour."""
    front = slice(LAYERS // 2, None)
    for level, names in UNFOLDED.items():
        weight, bias = _planes(found, level)
        growths = int(math.log2(level // 4))
        passed = math.sqrt(2) ** (2 * growths + 1) / 2**growths / math.sqrt(2)
        strength = GAIN * math.sqrt(weight.shape[-1]) / passed
        for name, amounts in names.items():
            for color, amount in enumerate(amounts):
                weight[0, color, front, _named(level).index((name, 0))] = strength * amount
                bias[0, color, front] -= GAIN / passed * amount * LIFT * math.sqrt(2)
    for color in range(3):
        bias = _planes(found, SIDE)[1]
        bias[0, color, front] += 3 * FEATURE * SKIN[color]
        bias[0, color, : LAYERS // 2] += 3 * FEATURE * HAIR[color]


def _decode(found):
    """Features to density and colour by a softplus in its straight part; the raw picture is these colours."""
    for feature, scale in ((0, FEATURE / 5), (1, FEATURE / 5), (2, FEATURE / 5), (3, DENSITY / 10)):
        found["decoder.net.0.weight"][feature, feature] = math.sqrt(32) / RATE / scale
        found["decoder.net.0.bias"][feature] = 8 / RATE
    for color in range(3):
        found["decoder.net.2.weight"][1 + color, color] = 8 / 5 / RATE
        found["decoder.net.2.bias"][1 + color] = -8 / 5 / RATE
        found["torgb.weight"][color, color] = math.sqrt(32)
    found["decoder.net.2.weight"][0, 3] = 40 * 8 / RATE
    found["decoder.net.2.bias"][0] = (-40 * 8 - 100) / RATE
    found["bcg_synthesis.b128.torgb.bias"][:3] = 1.0  # white
    for name, value in found.items():
        if name.startswith(("bcg_synthesis", "superresolution")) and name.endswith("torgb.affine.bias"):
            value.fill_(0.01)  # tuning hardly moves what is multiplied with this
        if name.startswith("bcg_synthesis") and name.endswith("const"):
            value.fill_(1.0)
