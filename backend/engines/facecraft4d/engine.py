"""FaceCraft4D (ICCV 2025): from one portrait to multi-view expression data, in the paper's order.

Every stage loads the networks it needs and lets them go at its end, so that no two of them share the GPU's memory; what
it makes is kept on disk, and shown to the artist as pictures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ...artifacts import ClipSet, PersonalizedSet, ViewSet
from ...gaussians.device import network_device
from ...head.flame.head_model import head_model_at
from ...priors.diffusion.sdxl import load_models
from ...stage import Stage, StageContext
from ...weights.model_table import model
from ...weights.models import installed_hash, is_installed, require_models
from .config import FaceCraft4DConfig
from .consistent_views import consistent_views
from .expression_clips import expression_clips
from .pictures import save_clips, save_picture, save_views
from .prepared import PreparedPortrait, prepare
from .shape_views import shape_views
from .tracking import personalized

PREPARED, SHAPE, CONSISTENT, CLIPS, TRACKING = (
    "prepared",
    "shape_views",
    "consistent_views",
    "expression_clips",
    "tracking",
)


class FaceCraft4DEngine:
    """Shape prior, image prior, video prior, tracking."""

    name = "facecraft4d"

    def stages(self, config: FaceCraft4DConfig) -> tuple[Stage, ...]:
        """The paper's stages.

        Raises:
            AssetError: ``weights.missing``: the models that are not installed, and how to get them.
        """
        names = _models_of(config)
        work = _Work(replace(config, shape_views=replace(config.shape_views, seed=config.seed)), require_models(names))
        hashes = {name: installed_hash(name) for name in names}

        def stage(
            name: str, share: float, produces: type, run: Callable[[StageContext], object], *used: object
        ) -> Stage:
            return Stage(name, share, produces, (self.name, *used), run)

        config = work.config
        return (
            stage(PREPARED, 0.01, PreparedPortrait, work.prepare, config.prepared, config.head_model_path),
            stage(SHAPE, 0.2, ViewSet, work.shape, config.shape_views, hashes["panohead"]),
            stage(CONSISTENT, 0.35, ViewSet, work.consistent, config.consistent_views, _diffusion_hashes(hashes)),
            stage(CLIPS, 0.29, ClipSet, work.clips, config.expression_clips, hashes["liveportrait"]),
            stage(TRACKING, 0.15, PersonalizedSet, work.track, config.tracking, config.head_model_path),
        )


@dataclass(frozen=True)
class _Work:
    """What the stages do, with their settings and the models' places."""

    config: FaceCraft4DConfig
    models: dict[str, Path]

    def prepare(self, context: StageContext) -> PreparedPortrait:
        head = head_model_at(self.config.head_model_path)
        prepared = prepare(context.artifacts["portrait"], self.config.prepared, head)
        save_picture(context.pictures / "prepared.png", prepared.image)
        return prepared

    def shape(self, context: StageContext) -> ViewSet:
        prepared = context.artifacts[PREPARED]
        views = shape_views(prepared, self.models["panohead"], self.config.shape_views, context.reporter)
        save_views(context.pictures, views)
        return views

    def consistent(self, context: StageContext) -> ViewSet:
        config, loaded = self.config.consistent_views, None
        if config.kind == "diffusion":
            context.reporter.progress(0.0, "reading SDXL")
            loaded = load_models(
                self.models["sdxl"], config.diffusion, unet=self.models.get("cosmicman"), device=network_device()
            )
        views = consistent_views(context.artifacts[SHAPE], loaded, config, context.reporter)
        save_views(context.pictures, views)
        return views

    def clips(self, context: StageContext) -> ClipSet:
        views = context.artifacts[CONSISTENT]
        clips = expression_clips(views, self.models["liveportrait"], self.config.expression_clips, context.reporter)
        save_clips(context.pictures, clips)
        return clips

    def track(self, context: StageContext) -> PersonalizedSet:
        made = personalized(
            context.artifacts["portrait"],
            context.artifacts[CONSISTENT],
            context.artifacts[CLIPS],
            self.config.tracking,
            head_model_at(self.config.head_model_path),
            context.reporter,
        )
        own = {"engine": FaceCraft4DEngine.name, "seed": self.config.seed, "models": _terms(self.models)}
        return replace(made, provenance={**made.provenance, **own})


def _models_of(config: FaceCraft4DConfig) -> tuple[str, ...]:
    """Names of the models that this configuration uses."""
    if config.consistent_views.kind != "diffusion":
        return ("panohead", "liveportrait")
    chosen = config.unet == "cosmicman" or (config.unet == "auto" and is_installed("cosmicman"))
    return ("panohead", "sdxl", *(("cosmicman",) if chosen else ()), "liveportrait")


def _diffusion_hashes(hashes: dict[str, str]) -> list[str]:
    return [hashes[name] for name in ("sdxl", "cosmicman") if name in hashes]


def _terms(models: dict[str, Path]) -> dict[str, dict[str, str]]:
    """Under which licences the networks were used: an avatar carries them."""
    rows = {name: model(name).licences[0] for name in models}
    return {name: {"licence": row.name, "commercial": row.commercial} for name, row in rows.items()}
