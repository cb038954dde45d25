"""The picture, the face measured in it, and what the finished head is held to."""

from __future__ import annotations

from dataclasses import dataclass


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
