"""PanoHead's generator as a whole: latent and camera to picture, depth and mask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from .backbone import SynthesisNetwork
from .config import FEATURES, BackboneConfig, PanoHeadConfig
from .mapping import MappingNetwork
from .modulated import Noise, StyledColors
from .rays import Rays, pixel_rays
from .superresolution import INPUT_SIZE, Superresolution, resized
from .trigrid import PLANE_AXES, Decoder, sampled
from .volume import Rendered, render_rays


class PanoHeadImages(NamedTuple):
    """One camera's pictures, R the resolution of the volume rendering."""

    image: Tensor
    """[N,3,512,512], about -1..1."""
    raw: Tensor
    """[N,3,R,R], colours before the super-resolution, about -1..1."""
    depth: Tensor
    """[N,1,R,R], distance from the camera along the pixel's unit ray; only where the mask is high."""
    mask: Tensor
    """[N,1,R,R], -0.001..1.001: how much of a pixel the head covers."""


class _Backbone(nn.Module):
    """Mapping and synthesis under the names that the checkpoint has for them."""

    def __init__(self, config: PanoHeadConfig) -> None:
        super().__init__()
        self.synthesis = SynthesisNetwork(config.tri_grid)
        self.mapping = MappingNetwork(config.z_dim, config.c_dim, config.w_dim, config.mapping_layers)


class PanoHeadGenerator(nn.Module):
    """The network; :meth:`of_state` fills it.

    Args:
        config: sizes and rendering.
        plane_axes: [3,3,3] from the checkpoint; None: those of the released ones.
    """

    plane_axes: Tensor

    def __init__(self, config: PanoHeadConfig, plane_axes: Tensor | None = None) -> None:
        super().__init__()
        self.config = config
        self.backbone = _Backbone(config)
        self.superresolution = Superresolution(
            config.w_dim, config.superresolution_widths, half=config.half_superresolution, antialias=config.antialias
        )
        self.decoder = Decoder(config.decoder_rate)
        self.torgb = StyledColors(FEATURES, 3, config.w_dim) if config.raw_colors else None
        self.bcg_synthesis = SynthesisNetwork(_background_of(config.tri_grid)) if config.background else None
        self.t_mapping = MappingNetwork(config.z_dim, config.c_dim, 3, config.mapping_layers, rate=1.0, last="linear")
        axes = torch.tensor(PLANE_AXES) if plane_axes is None else plane_axes.clone()
        self.register_buffer("plane_axes", axes, persistent=False)

    @staticmethod
    def of_state(
        config: PanoHeadConfig, state: Mapping[str, Tensor], plane_axes: Tensor | None = None
    ) -> PanoHeadGenerator:
        """A network with the weights of ``state``, frozen, on the CPU.

        Raises:
            RuntimeError: a tensor is missing, unknown or of another shape.
        """
        generator = PanoHeadGenerator(config, plane_axes)
        generator.load_state_dict(dict(state), strict=True)
        return generator.eval().requires_grad_(False)

    def styles(self, latent: Tensor, label: Tensor, psi: float = 1.0, cutoff: int | None = None) -> Tensor:
        """Latent [N,z_dim] and camera label [N,25] to one style per layer [N,S,w_dim].

        Args:
            latent: drawn from a normal distribution.
            label: the camera that the head is made for; the front for a head that is seen from all around.
            psi: 1 draws freely, 0 gives the average head.
            cutoff: only the first so many styles are pulled to the average; None: all.
        """
        mapping = self.backbone.mapping
        style = mapping(latent, label * self.config.label_scale)
        spread = style[:, None].expand(-1, self.backbone.synthesis.styles, -1)
        return mapping.truncated(spread, psi, cutoff)

    def camera_shift(self, latent: Tensor, label: Tensor) -> Tensor:
        """Where the camera moves so that the head is centred (PanoHead section 3.3), [N,3] in the box's frame."""
        return self.t_mapping(latent, label * self.config.label_scale)

    def planes(self, styles: Tensor, noise: Noise = "const") -> Tensor:
        """The tri-grid of styles [N,S,w_dim]: [N, 3*32*depth, R, R]. Depends on no camera: compute it once per head."""
        return self.backbone.synthesis(styles, noise)

    def field(self, planes: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
        """Features [N,P,32] and density before its activation [N,P,1] at points [N,P,3] in the box's frame."""
        config = self.config
        return self.decoder(sampled(planes, config.depth, self.plane_axes, points, config.rendering.box_warp))

    def render(self, planes: Tensor, rays: Rays, generator: torch.Generator | None = None) -> Rendered:
        """What rays see of the tri-grid; ``generator`` as in :func:`render_rays`."""
        return render_rays(lambda points: self.field(planes, points), rays, self.config.rendering, generator)

    def background(self, styles: Tensor, noise: Noise = "const") -> Tensor:
        """Features behind the head, [N,32,128,128], of the first styles; the last one is repeated if too few."""
        network = cast(SynthesisNetwork, self.bcg_synthesis)
        index = torch.arange(network.styles, device=styles.device).clamp(max=styles.shape[1] - 1)
        return network(styles[:, index], noise)

    def images(
        self,
        styles: Tensor,
        planes: Tensor,
        label: Tensor,
        size: int,
        *,
        noise: Noise = "const",
        generator: torch.Generator | None = None,
    ) -> PanoHeadImages:
        """One camera's pictures of a head.

        Args:
            styles: [N,S,w_dim].
            planes: of these styles, see :meth:`planes`.
            label: [N,25] camera.
            size: side R of the volume rendering; 64 or 128, as trained.
            noise: in the background.
            generator: jitters the samples on rays; None: none.
        """
        return self.pictured(styles, self.render(planes, pixel_rays(label, size), generator), size, noise=noise)

    def pictured(self, styles: Tensor, seen: Rendered, size: int, *, noise: Noise = "const") -> PanoHeadImages:
        """Pictures [size, size] of what the rays through their pixels have ``seen``; the rest as in :meth:`images`."""
        features, depth, mask = (values.transpose(1, 2).unflatten(2, (size, size)) for values in seen)
        if self.bcg_synthesis is not None:
            behind = resized(self.background(styles, noise), size, self.config.antialias)
            features = features + (1.0 - mask) * behind
        style = styles[:, -1]
        raw = features[:, :3] if self.torgb is None else self.torgb(features, style)
        image = self.superresolution(features, raw, style, cast(Noise, self.config.superresolution_noise))
        return PanoHeadImages(image, raw, depth, mask * 1.002 - 0.001)


def _background_of(tri_grid: BackboneConfig) -> BackboneConfig:
    """The background is painted by the same kind of network with half the width."""
    return BackboneConfig(
        w_dim=tri_grid.w_dim,
        resolution=INPUT_SIZE,
        channels=FEATURES,
        channel_base=tri_grid.channel_base // 2,
        channel_max=tri_grid.channel_max,
        half_resolutions=tri_grid.half_resolutions,
        clamp=tri_grid.clamp,
    )
