"""From a surface and pictures to Gaussians."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class InitialCloudConfig:
    """How a coloured surface becomes the first Gaussians."""

    gaussians: int = 60_000
    """Gaussians to make, about."""
    rest_growth: float = 1.3
    """A triangle that some expression enlarges by more than this rests in that expression."""
    sigma: float = 0.55
    """Standard deviation in the surface over the square root of the area; 0.5 shows a weave, 0.6 blurs untrained."""
    flatness: float = 0.15
    """Thickness over the standard deviation in the surface."""
    min_thickness: float = 5e-5
    """Metres."""
    hair_aspect: float = 2.0
    """Length over width of a hair Gaussian."""
    opacity: float = 0.9
    """Opacity before training."""


@dataclass(frozen=True)
class GaussianRates:
    """Adam's learning rates at the first step (measured for 60k Gaussians)."""

    local: float = 0.02
    """Millimetres."""
    log_scale: float = 0.008
    rotation: float = 0.004
    logit_opacity: float = 0.03
    color: float = 0.006


@dataclass(frozen=True)
class AppearanceConfig:
    """How pictures that disagree are reconciled (FaceCraft4D section 3.4; ``shared/design/method.md``)."""

    kind: Literal["plain", "paper", "anchored", "coin_plus"] = "coin_plus"
    """paper: the literal COIN, baked. anchored: no offset in the reference view. coin_plus: instead of offsets a colour
    transform, shading, flow and softness per view, and distrust of what contradicts. plain: nothing is reconciled."""
    hidden: int = 64
    """Width of the two-layer MLP's hidden layer."""
    view_features: int = 16
    """Length of a view's learned embedding."""
    gaussian_features: int = 16
    """Length of a Gaussian's learned embedding, beside the Fourier features of its place."""
    offset_weight: float = 0.003
    """Weight of the mean absolute colour offset; the paper prints 1.0, at which the offset never pays."""
    affine_weight: float = 0.03
    """Weight of the mean absolute deviation of a view's colour transform from identity."""
    shading_grid: int = 5
    """Control points of a view's slow shading along a side."""
    shading_weight: float = 0.01
    """Weight of the mean absolute shading, a factor less 1."""
    flow_grid: int = 7
    """Control points of a view's flow along a side."""
    flow_weight: float = 0.1
    """Weight of the mean absolute flow, in units of half an image."""
    softness_weight: float = 0.004
    """Weight of the mean absolute share of a view's blurs."""
    trust_scale: float = 0.2
    """Error (0..1, mean over the neighbourhood) at which a view is half believed."""
    trust_radius: float = 0.016
    """Of that neighbourhood, in picture sides."""
    network_rate: float = 2e-3
    affine_rate: float = 2e-2
    shading_rate: float = 2e-3
    flow_rate: float = 2e-3
    softness_rate: float = 2e-2

    @staticmethod
    def paper() -> AppearanceConfig:
        """FaceCraft4D's own (section 3.4): L1 weight 1.0 on the offset."""
        return AppearanceConfig(kind="paper", offset_weight=1.0)


@dataclass(frozen=True)
class DensityConfig:
    """How the set of Gaussians changes during the static fit: 3DGS section 5.2 and GaussianAvatars, or 3DGS-MCMC.

    The defaults are the papers', for 600 000 steps of GaussianAvatars; lengths are parts of the head's extent.
    """

    kind: Literal["none", "adaptive", "fixed_budget"] = "none"
    """adaptive: clone, split and prune by screen gradients. fixed_budget: the faint move to where others are."""
    start: int = 10_000
    """First step at which the set may change (GaussianAvatars)."""
    stop: int = 600_000
    """Last such step (GaussianAvatars)."""
    interval: int = 2_000
    """Steps between two changes (GaussianAvatars; 3DGS and 3DGS-MCMC: 100)."""
    most: int = 100_000
    """No more Gaussians than this; no paper has a bound, a machine's memory has."""
    faint: float = 0.005
    """Opacity below which a Gaussian is as good as dead (all three papers)."""
    gradient: float = 2e-4
    """adaptive: mean screen gradient that asks for more Gaussians (3DGS; with ``absgrad`` gsplat advises 8e-4)."""
    absgrad: bool = False
    """adaptive: judge by gradients that do not cancel (AbsGS)."""
    dense_size: float = 0.01
    """adaptive: a Gaussian smaller than this is cloned, a larger one split (3DGS)."""
    split: Literal["sampled", "long_axis"] = "sampled"
    """adaptive: two children drawn from the parent (3DGS), or side by side on its longest axis, which tears less."""
    large_size: float = 0.1
    """adaptive: after the first reset of opacity a larger one goes (3DGS)."""
    reset_interval: int = 60_000
    """adaptive: steps between two resets of every opacity to 0.01 (GaussianAvatars; 3DGS: 3000)."""
    growth: float = 0.05
    """fixed_budget: part by which the set grows at a time until there are ``most`` (3DGS-MCMC)."""
    noise: float = 5e5
    """fixed_budget: of the drift of those about to die, times learning rate and covariance (3DGS-MCMC)."""
    opacity_weight: float = 0.01
    """fixed_budget: of the mean opacity (3DGS-MCMC)."""
    scale_weight: float = 0.01
    """fixed_budget: of the mean scale (3DGS-MCMC)."""
    hair_slack: float = 3.0
    """How many times farther than skin a Gaussian of hair may go from where it started."""


@dataclass(frozen=True)
class ReconstructionConfig:
    """From a PersonalizedSet to an avatar: static fit, then COIN (FaceCraft4D sections 3.4 and 4)."""

    preset: str = "preview"
    cloud: InitialCloudConfig = InitialCloudConfig()
    density: DensityConfig = DensityConfig()
    appearance: AppearanceConfig = AppearanceConfig()
    rates: GaussianRates = GaussianRates()
    size: int = 512
    """Side of the training pictures, pixels; 384 loses a decibel, 256 speckles the skin."""
    static_steps: int = 450
    """Steps of the static fit (paper: 30 000, section 4)."""
    coin_steps: int = 60
    """Steps with the appearance model (paper: 90 000, section 4)."""
    views_per_step: int = 1
    """Views of one moment that a step shows (paper: 1); a GPU draws several in the time of one."""
    reference_share: float = 0.1
    """Part of the steps that show the reference view; 0.25 where the other views are much less reliable."""
    expression_share: float = 0.2
    """Part of the steps that show another pose than neutral."""
    dssim_weight: float = 0.2
    """Of 1-SSIM against L1 (section 3.4: 0.8 L1 + 0.2 SSIM)."""
    perceptual_weight: float = 0.0
    """Of the perceptual distance in COIN (section 3.4: 0.05 LPIPS on the consistent picture)."""
    perceptual_cache_mb: int = 512
    """Memory for the features of training pictures that are kept from step to step."""
    alpha_weight: float = 0.3
    """Of the mean absolute difference of the outlines."""
    offset_weight: float = 0.01
    """GaussianAvatars' position regulariser."""
    scale_weight: float = 0.05
    """GaussianAvatars' scale regulariser, gentler: ours is on logarithms."""
    needle_weight: float = 0.05
    """Of in-plane axes more than three times apart."""
    final_rate: float = 0.1
    """Learning rate at the end over the one at the start."""
    patience: int = 0
    """A stage ends after so many looks at a held-out frame that showed no gain; 0: never before its last step."""
    watch_every: int = 100
    """Steps between two looks."""
    checkpoint_seconds: float = 60.0
    """Time between two checkpoints."""
    preview_seconds: float = 3.0
    """Time between two preview pictures."""
    seed: int = 0

    @staticmethod
    def preview() -> ReconstructionConfig:
        """About a minute on two CPU cores."""
        return ReconstructionConfig()

    @staticmethod
    def standard() -> ReconstructionConfig:
        """About five minutes on two CPU cores."""
        return ReconstructionConfig(
            preset="standard",
            cloud=InitialCloudConfig(gaussians=100_000),
            static_steps=1000,
            coin_steps=300,
            patience=3,
        )

    @staticmethod
    def paper() -> ReconstructionConfig:
        """The paper's schedule and losses, with GaussianAvatars' density control: hours on a GPU, days on a CPU."""
        return ReconstructionConfig(
            preset="paper",
            cloud=InitialCloudConfig(gaussians=100_000),
            density=DensityConfig(kind="adaptive", most=200_000),
            appearance=AppearanceConfig.paper(),
            static_steps=30_000,
            coin_steps=90_000,
            perceptual_weight=0.05,
        )
