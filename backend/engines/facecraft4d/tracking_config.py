"""Settings of the engine's last stage: tracking, the frames that are kept, the first surface."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...config import FitConfig, TrackingConfig


@dataclass(frozen=True)
class ViewSurfaceConfig:
    """The first Gaussians from the views' depth (``surface.py``). Lengths in metres, on the tracked head."""

    spacing: float = 0.001
    """Elements nearer to each other than this become one."""
    agreement: float = 0.004
    """Two views agree on a place when their depths differ by less."""
    neighbour_deg: float = 50.0
    """Views of another yaw than this are not asked."""
    least_facing: float = 0.15
    """Cosine between normal and line of sight below which depth tells little."""
    rim_pixels: int = 2
    """Pixels along a view's outline whose depth is not believed."""
    skin_reach: float = 0.012
    """What lies further off the skin is hair or cloth and follows the head as a whole."""
    cover_reach: float = 0.004
    """The same of what has not the colour of skin; beards, on what the jaw moves, are left to ``skin_reach``."""
    hole: float = 0.003
    """Skin of the mesh that no element comes nearer to gets elements of its own."""


@dataclass(frozen=True)
class ViewTrackingConfig:
    """FLAME tracking of the generated views (FaceCraft4D, supplement 6.3).

    The paper fits frame after frame by gradient descent and ends with 30 global epochs over all frames. Here cameras
    are known, so key moments are solved together exactly, which is what the epochs are for; then every other moment.
    """

    fit: TrackingConfig = field(default_factory=TrackingConfig)
    """How the moments are fitted and steadied."""
    head_stays: bool = True
    """The head keeps its place while the face moves, as in clips that were driven by expression alone."""
    face_yaw_deg: float = 80.0
    """Views turned further show no face that a landmarker reads."""
    judged_yaw_deg: float = 50.0
    """A still view turned further is kept even when its landmarks contradict: there the landmarker errs, too."""
    score_yaw_deg: float = 35.0
    """The landmarker's expression scores count in views turned less."""
    outlines: bool = True
    """Whether the still views' outlines shape skull, ears and neck."""
    depth: bool = False
    """Whether the still views' depth, where it shows skin, shapes the head, too. On drawn views with exact depth the
    face came from .8 to .6 mm off its surface and the neck from 1.4 to .5; with depth 2 mm too far and 2.5 mm uneven
    the face went to .9: switch it on where depth is known to be better than landmarks."""
    held_out_azimuths_deg: tuple[float, ...] = (-30.0, 105.0)
    """The views nearest to these are kept for measuring, with all their moments."""
    held_out_end: float = 0.1
    """Part of every clip, its end, that is kept for measuring."""
    held_out_frames: int = 48
    """No more frames than this are kept for measuring; the others of their kind are left away."""
    surface: ViewSurfaceConfig = ViewSurfaceConfig()
    """The first Gaussians."""

    @staticmethod
    def toy() -> ViewTrackingConfig:
        """Small enough for a test of the whole engine."""
        fit = TrackingConfig(fit=FitConfig(betas=30), key_moments=3, outline_moments=1)
        return ViewTrackingConfig(fit=fit, held_out_frames=6, surface=ViewSurfaceConfig(spacing=0.003))
