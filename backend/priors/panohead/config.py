"""What a PanoHead checkpoint says about its own network, checked and named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from ...errors import AssetError

FEATURES = 32
"""Channels of the tri-grid's cells, of the rendered features and of the background."""
PLANES = 3
"""Planes of the tri-grid."""
_SUPERRESOLUTION = "SuperresolutionHybrid8XDC"
_T = TypeVar("_T", int, float, str, bool)


@dataclass(frozen=True)
class RenderingConfig:
    """How rays run through the tri-grid. Lengths are in units of the box (a head is somewhat smaller than 1)."""

    ray_start: float
    """Distance from the camera to the first sample."""
    ray_end: float
    """Distance from the camera to the last coarse sample."""
    coarse_samples: int
    """Samples per ray in the first pass, evenly spread."""
    fine_samples: int
    """Samples per ray in the second pass, where the first found something."""
    box_warp: float
    """Side of the cube that the tri-grid covers."""
    crop: float = 0.1
    """Width of the rim, left, right, before and behind, that is empty by definition (constant in the original)."""


@dataclass(frozen=True)
class BackboneConfig:
    """One StyleGAN2 synthesis network."""

    w_dim: int
    """Length of a style vector."""
    resolution: int
    """Side of its output, a power of two."""
    channels: int
    """Channels of its output."""
    channel_base: int
    """Feature channels at resolution r are ``channel_base / r`` ..."""
    channel_max: int
    """... but not more than this."""
    half_resolutions: int
    """How many of the highest resolutions may be computed in fp16."""
    clamp: float | None
    """Bound on what a convolution returns, so that fp16 does not overflow; None: no bound."""


@dataclass(frozen=True)
class PanoHeadConfig:
    """The whole generator."""

    z_dim: int
    """Length of the latent vector."""
    c_dim: int
    """Length of the camera label: 16 of cam2world, 9 of K."""
    w_dim: int
    """Length of a style vector."""
    mapping_layers: int
    """Fully connected layers from (z, label) to a style."""
    label_scale: float
    """The camera label is multiplied with this before it is embedded; 0: the mapping sees no camera."""
    tri_grid: BackboneConfig
    """The network that makes the tri-grid; ``depth`` planes of features behind each other."""
    depth: int
    """Layers per plane of the tri-grid."""
    rendering: RenderingConfig
    """Rays and samples."""
    decoder_rate: float
    """Learning-rate multiplier of the decoder's layers, part of their numerics."""
    raw_colors: bool
    """A learned layer makes the raw picture's colours; else the first three features are the colours."""
    background: bool
    """A second network paints what is behind the head."""
    antialias: bool
    """Low-pass before pictures are made smaller."""
    half_superresolution: bool
    """The super-resolution may be computed in fp16; its convolutions are clamped, on the CPU, too."""
    superresolution_noise: str
    """Noise in the super-resolution: ``const`` or ``none``."""
    superresolution_widths: tuple[int, int] = (256, 128)
    """Feature channels of its two blocks, constant in the original."""

    @staticmethod
    def of_checkpoint(arguments: Mapping[str, object]) -> PanoHeadConfig:
        """From the constructor's arguments that the checkpoint keeps (``_init_kwargs``).

        Raises:
            AssetError: ``panohead.unsupported``: a kind of network that no released checkpoint is.
        """
        rendering = _table(arguments, "rendering_kwargs")
        _require_released_kind(arguments, rendering)
        depth = _value(rendering, "triplane_depth", int)
        w_dim = _value(arguments, "w_dim", int)
        tri_grid = BackboneConfig(
            w_dim=w_dim,
            resolution=_value(rendering, "triplane_size", int),
            channels=PLANES * FEATURES * depth,
            channel_base=_value(arguments, "channel_base", int, 32768),
            channel_max=_value(arguments, "channel_max", int, 512),
            half_resolutions=_value(arguments, "num_fp16_res", int, 4),
            clamp=None if arguments.get("conv_clamp", 256) is None else _value(arguments, "conv_clamp", float, 256.0),
        )
        sees_camera = not _value(rendering, "c_gen_conditioning_zero", bool, False)
        return PanoHeadConfig(
            z_dim=_value(arguments, "z_dim", int),
            c_dim=_value(arguments, "c_dim", int),
            w_dim=w_dim,
            mapping_layers=_value(_table(arguments, "mapping_kwargs"), "num_layers", int, 8),
            label_scale=_value(rendering, "c_scale", float, 0.0) if sees_camera else 0.0,
            tri_grid=tri_grid,
            depth=depth,
            rendering=RenderingConfig(
                ray_start=_value(rendering, "ray_start", float),
                ray_end=_value(rendering, "ray_end", float),
                coarse_samples=_value(rendering, "depth_resolution", int),
                fine_samples=_value(rendering, "depth_resolution_importance", int),
                box_warp=_value(rendering, "box_warp", float),
            ),
            decoder_rate=_value(rendering, "decoder_lr_mul", float, 1.0),
            raw_colors=_value(rendering, "use_torgb_raw", bool, False),
            background=_value(rendering, "use_background", bool, False),
            antialias=_value(rendering, "sr_antialias", bool),
            half_superresolution=_value(arguments, "sr_num_fp16_res", int, 0) > 0,
            superresolution_noise=_value(rendering, "superresolution_noise_mode", str),
        )


def _require_released_kind(arguments: Mapping[str, object], rendering: Mapping[str, object]) -> None:
    """Refuse what the original could be told to be, but no released checkpoint is."""
    module = str(rendering.get("superresolution_module", "")).rpartition(".")[2]
    expected = [
        ("architecture", arguments.get("architecture", "skip"), "skip"),
        ("superresolution_module", module, _SUPERRESOLUTION),
        ("img_resolution", arguments.get("img_resolution"), 512),
        ("img_channels", arguments.get("img_channels"), 3),
        ("mapping_kwargs", set(_table(arguments, "mapping_kwargs")) - {"num_layers"}, set()),
        ("clamp_mode", rendering.get("clamp_mode"), "softplus"),
        ("disparity_space_sampling", bool(rendering.get("disparity_space_sampling")), False),
        ("white_back", bool(rendering.get("white_back")), False),
        ("density_noise", rendering.get("density_noise", 0), 0),
        ("decoder_activation", rendering.get("decoder_activation"), "none"),
        ("superresolution_noise_mode", rendering.get("superresolution_noise_mode") in ("const", "none"), True),
    ]
    for name, found, wanted in expected:
        if found != wanted:
            raise _unsupported(f"its '{name}' is {found!r:.60}, and {wanted!r} is what can be computed")


def _table(values: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = values.get(name, {})
    if not isinstance(found, Mapping):
        raise _unsupported(f"its '{name}' is no table")
    return found


def _value(values: Mapping[str, object], name: str, kind: type[_T], default: _T | None = None) -> _T:
    """A number, word or flag of the table; whole numbers pass for fractions and 0 and 1 for flags."""
    found = values.get(name, default)
    accepted = (int, float) if kind is float else (bool, int) if kind is bool else (kind,)
    if not isinstance(found, accepted):
        raise _unsupported(f"its '{name}' is {found!r:.60}")
    return kind(found)


def _unsupported(cause: str) -> AssetError:
    return AssetError(
        "panohead.unsupported",
        "This PanoHead checkpoint is of a kind that Cameo does not know.",
        cause=f"{cause[:1].upper()}{cause[1:]}.",
        fix="Choose easy-khair-180-gpc0.8-trans10-025000.pkl from the PanoHead authors' page.",
    )
