"""Constants of every stage, one frozen dataclass per stage, one line of documentation under each field."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class BuiltinConfig:
    """The engine that needs no downloaded generative weights (``docs/builtin_engine.md``)."""

    head_model_path: str = ""
    """FLAME's model file in place of the built-in head (``docs/flame.md``); empty: the built-in head."""
    hair: Literal["auto", "hair", "hat", "bald"] = "auto"
    """What is on the head; ``auto`` guesses from colour."""
    subdivisions: int = 3
    """How often the head mesh is divided before it is painted; 3 makes about 1 mm edges."""
    atlas_cell: float = 0.001
    """Size of a hair cell, metres."""
    view_size: int = 512
    """Side of the rendered views, pixels."""
    supersample: int = 2
    """Samples per pixel side when views are rendered."""
    azimuths: int = 24
    """Views on the horizontal orbit (FaceCraft4D section 3.1 uses 24)."""
    elevated: bool = True
    """Add views from above and below."""
    expression_yaws: tuple[float, ...] = (0.0, 25.0, -25.0)
    """Yaws from which every expression is shown, degrees."""
    view_distance: float = 1.3
    """Orbit radius, metres."""
    view_fov_deg: float = 17.5
    """Field of view of the orbit cameras."""
    close_distance: float = 1.0
    """Radius of the close frontal view."""
    photo_reference: bool = True
    """Use the photo itself as the reference view instead of the close frontal render."""
    seed: int = 0
    """Seed of everything synthetic: strands, skin grain, ragged tips."""

    @staticmethod
    def toy() -> BuiltinConfig:
        """Small enough for a test of the whole job: seconds instead of a minute, and nothing for the eye."""
        return BuiltinConfig(
            subdivisions=1,
            atlas_cell=0.002,
            view_size=128,
            supersample=1,
            azimuths=8,
            elevated=False,
            expression_yaws=(0.0,),
        )


@dataclass(frozen=True)
class FitConfig:
    """Laying the head model over a portrait's 478 landmarks (``head/fitting.py``).

    Distances between landmarks are in per cent of the distance between the irises.
    """

    focal: float = 3.0
    """Expected focal length over the crop's side; landmarks hardly tell it (equal error from 1.2 to 4)."""
    focal_weight: float = 60.0
    """Of the squared logarithm of the focal length over the expected one."""
    betas: int = 100
    """Identity coefficients used."""
    pose_steps: int = 8
    """Gauss-Newton steps for the head's place alone."""
    steps: int = 15
    """Gauss-Newton steps for everything, with each of the two doubts."""
    contour_rounds: int = 4
    """Times that a jaw line is chosen anew for the head as it is fitted, and the fit goes on."""
    along_contour: float = 0.3
    """What of an error along the jaw line counts: it has no marks, and everybody spaces its points differently."""
    outline_rounds: int = 3
    """Times that the head's outline is compared with the person's in calibrated pictures, and the fit goes on."""
    outline_points: int = 80
    """The most points of an outline that are compared in a picture."""
    outline_weight: float = 1.5
    """Of a point of the outline against an ordinary landmark."""
    outline_reach: float = 0.024
    """How far from the head's outline the person's is looked for, metres."""
    surface_points: int = 900
    """Points of the head that are compared with the skin that views with depth measured."""
    surface_weight: float = 4.0
    """Of such a point against an ordinary landmark; there are far fewer of them than of landmarks in all views."""
    surface_reach: float = 0.012
    """How far from the head the measured skin is looked for, metres."""
    converged: float = 1e-5
    """Relative gain of a step below which there is no next one."""
    first_doubt: float = 100.0
    """Errors far beyond this are taken for mistakes at first."""
    last_doubt: float = 30.0
    """The same in the end."""
    identity_weight: float = 0.4
    """Of the squared betas."""
    unit_weight: float = 4.0
    """Of the squared difference between a unit and the landmarker's score for it."""
    score_trust: float = 1.0
    """Factor on all of the landmarker's expression scores; 0 expects a face at rest."""
    lid_factor: float = 2.5
    """How much dearer eyeWide and eyeSquint are: narrow eyes and large ones are mostly the person's own."""
    unseen_unit_factor: float = 8.0
    """How much dearer a unit is that the landmarker does not see at all."""
    fine_unit_factor: float = 3.0
    """How much dearer the units are that refine lips and jaw or push them aside: landmarks tell them from the large
    motions only just, and faces use them seldom."""
    unit_range_weight: float = 60.0
    """Of the square by which a unit leaves 0..1."""
    jaw_open_weight: float = 22.0
    """Of the squared difference of the jaw's opening from what the landmarker's scores say, radians: opened wide (0.42)
    it costs what a unit costs."""
    jaw_sideways_weight: float = 30.0
    """Of the jaw's squared roll and yaw, radians."""
    angle_range_weight: float = 300.0
    """Of the square by which the jaw closes beyond shut or an eye turns further than its controls, radians."""
    gaze_pitch_weight: float = 30.0
    """Of the squared difference of an eye's pitch from what the landmarker's scores say, radians."""
    gaze_yaw_weight: float = 10.0
    """The same of its yaw, which landmarks tell better."""
    gaze_pitch_tie: float = 300.0
    """Of the squared difference of the two eyes' pitch, radians."""
    gaze_yaw_tie: float = 300.0
    """The same of their yaw: eyes look at one thing."""
    spread: float = 0.004
    """A landmark that wandered this far (metres) when it was embedded counts half."""
    squint_trust: float = 0.15
    """Factor on the landmarker's eyeSquint, which reads a smile's cheeks and dark lids as squinting."""
    mouth_kept: float = 0.15
    """Part of the mouth corners' units that the neutral head keeps: a face at rest still hints at its smile."""
    most_eye_closing: float = 0.45
    """How far the neutral lids may be closed (1 = shut) so that they open as far as in the photo."""
    blink_from: float = 0.4
    """A photo whose blink score exceeds this has its eyes closed; the neutral head then opens them freely."""
    neutral_residual: float = 0.003
    """The most the smooth residual may move the neutral head, metres."""
    residual_stiffness: float = 8.0
    """Of the bending energy of the residual."""
    residual_weight: float = 2e-3
    """Of the residual's squared length."""


@dataclass(frozen=True)
class TrackingConfig:
    """Tracking a clip (``head/tracking.py``); accelerations are second differences at 24 pictures a second."""

    fit: FitConfig = FitConfig()
    """How one picture is fitted."""
    keyframes: int = 16
    """Pictures that tell the identity and the focal length; the rest follows."""
    key_moments: int = 10
    """Moments of calibrated views that tell the identity, the scale and the head's place."""
    outline_moments: int = 4
    """Key moments whose outlines are looked at."""
    contradiction: float = 3.0
    """Views of a moment are left out whose median error is larger than the usual one by this factor."""
    chin_weight: float = 0.3
    """What the chin's landmarks count once the person is known: they slide over the skin as the mouth moves, and pass a
    lowered lip off as an opened jaw."""
    turn_acceleration: float = 2e4
    """Of the squared acceleration of the head's rotation, radians."""
    shift_acceleration: float = 2e5
    """Of its translation, metres."""
    unit_acceleration: float = 4.0
    """Of the units; small enough to leave a blink of three pictures."""
    angle_acceleration: float = 50.0
    """Of jaw and eyes, radians."""


@dataclass(frozen=True)
class OutlineConfig:
    """Letting ears and bare skull follow the person's outline (``head/outline.py``)."""

    rounds: int = 4
    """Times the outlines are compared."""
    reach: float = 0.024
    """How far from the head's outline the person's is looked for, metres."""
    step: float = 0.008
    """The most one round pulls, metres."""
    least_pixels: int = 24
    """Outline pixels below which nothing is moved."""
    stiffness: float = 8.0
    """Of the bending energy."""
    pull_weight: float = 1.0
    """Of all pulls together, in thousands."""
    stay_weight: float = 2e-3
    """Of the squared displacement of ears and scalp."""
    hold_weight: float = 50.0
    """Of the squared displacement of everything else."""


@dataclass(frozen=True)
class PortraitConfig:
    """Which pictures are taken, and the crop that every engine starts from."""

    size: int = 768
    """Side of the crop, pixels; an enlarged crop is what makes the 256-pixel matting network good enough."""
    face_fraction: float = 0.4
    """Height of the face (forehead to chin) as a part of the crop."""
    raise_fraction: float = 0.05
    """How far the crop's centre lies above the face's, in face heights."""
    shift_fraction: float = 0.0
    """How far it lies to the right of the face's, in face heights: for an artist who adjusts the crop."""
    upright_roll_deg: float = 30.0
    """A head tilted further than this is turned upright in the crop."""
    min_face_pixels: int = 64
    """A smaller face is refused."""
    low_resolution_pixels: int = 100
    """A smaller face is taken with a warning."""
    max_yaw_deg: float = 50.0
    """A face turned further than this counts as a profile and is refused."""
    max_pixels: int = 64_000_000
    """Pictures with more pixels are refused before they are decoded."""
    max_bytes: int = 32_000_000
    """Larger files are refused."""


@dataclass(frozen=True)
class ReportGoals:
    """What the stills of a good avatar measure (``metrics/avatar_report.py``)."""

    identity_front: float = 0.70
    """Identity cosine with the photo at yaw 0."""
    identity_30: float = 0.55
    """The same at yaw +-30."""
    identity_45: float = 0.40
    """The same at yaw +-45."""
    control_rise: float = 0.25
    """How far each keyed control raises its expression score over neutral."""
    outline_iou: float = 0.95
    """Overlap of the outline with the photo's matte in the photo's own view."""

    def identity_at(self, yaw_deg: float) -> float:
        """The identity goal at a yaw, degrees."""
        return {0: self.identity_front, 30: self.identity_30, 45: self.identity_45}[round(abs(yaw_deg))]


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
class ServiceConfig:
    """How the server treats its worker."""

    worker_command: tuple[str, ...] = (sys.executable, "-m", "cameo.backend.service.worker")
    """Starts a worker; ``--home FOLDER`` is added."""
    attempts: int = 3
    """Workers that may die in one stage of a job before the job fails."""
    cancel_seconds: float = 1.2
    """A worker that has not stopped by itself by then is killed; the protocol promises 2 s."""
    examiner_command: tuple[str, ...] = (sys.executable, "-m", "cameo.backend.service.examiner")
    """Starts the process that looks at pictures before a job is made of them."""
    painter_command: tuple[str, ...] = (sys.executable, "-m", "cameo.backend.service.painter")
    """Starts the process that draws splats."""
    answerer_idle_seconds: float = 300.0
    """These two end when they were not asked for so long."""
    pause_seconds: float = 10.0
    """The same for a worker that is to pause: it may save a checkpoint."""
    silence_seconds: float = 120.0
    """A worker unheard of for so long hangs and is killed. Its heartbeat comes every second."""
    stop_seconds: float = 2.0
    """Time for a worker to end in order when the server stops."""


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
