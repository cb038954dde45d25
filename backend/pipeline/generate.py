"""From a picture to an avatar file: the list of stages (architecture.md, "The way of the data")."""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path

from ...protocol.avatar import write_avatar
from ...protocol.messages import GenerateAvatar
from ...protocol.version import SOFTWARE_VERSION
from ..artifacts import GaussianAvatar, PersonalizedSet, Portrait
from ..engines import get_engine
from ..gaussians.perceptual import fetch_perceptual
from ..stage import Stage, StageContext
from .bake import bake_avatar
from .portrait import prepare_portrait
from .presets import Preset, preset_for
from .rebake import rebaked
from .reconstruction import reconstruct
from .run import JobReporter, Pipeline, run_pipeline


def generate_avatar(request: GenerateAvatar, work_dir: Path, result: Path, reporter: JobReporter) -> None:
    """Make the avatar file ``result``. Used by the worker and the command line alike.

    What was finished is kept in ``work_dir``: called again after a kill, it goes on from there.

    Raises:
        CameoError: the picture or the request cannot be used, a stage failed, or (JobCancelled) the artist cancelled.
        OSError: the disk is full or cannot be written.
    """
    pipeline = avatar_pipeline(request)
    run_pipeline(pipeline, request.image.tobytes(), work_dir, result, reporter)


def avatar_pipeline(request: GenerateAvatar) -> Pipeline:
    """portrait -> engine -> reconstruction -> bake, configured for the request.

    Raises:
        CameoError: the preset, the engine or an option does not exist.
    """
    preset = preset_for(request.preset, request.options)
    engine = get_engine(request.engine)

    def portrait(context: StageContext) -> Portrait:
        if preset.reconstruction.perceptual_weight > 0:
            fetch_perceptual(context.reporter)  # the first time: now, not after the engine's minutes
        return prepare_portrait(context.image, preset.portrait, context.reporter, face=request.face)

    def personalize(context: StageContext) -> PersonalizedSet:
        return engine.personalize(context.artifacts["portrait"], preset.engine, context.reporter)

    def fit(context: StageContext) -> GaussianAvatar:
        return reconstruct(
            context.artifacts["engine"], preset.reconstruction, context.reporter, checkpoint_dir=context.checkpoints
        )

    def bake(context: StageContext, result: Path) -> None:
        source, avatar = context.artifacts["engine"], context.artifacts["reconstruction"]
        if preset.baked_view is not None:
            avatar = rebaked(avatar, source, preset.reconstruction, context.checkpoints, preset.baked_view)
        provenance = _provenance(request, preset, context)
        write_avatar(result, bake_avatar(context.artifacts["portrait"], source, avatar, provenance))

    return Pipeline(
        stages=(
            Stage("portrait", 0.03, Portrait, (preset.portrait, request.face), portrait),
            Stage("engine", 0.45, PersonalizedSet, (request.engine, preset.engine), personalize),
            Stage("reconstruction", 0.5, GaussianAvatar, preset.reconstruction, fit),
        ),
        finish=bake,
    )


def _provenance(request: GenerateAvatar, preset: Preset, context: StageContext) -> dict[str, object]:
    """Where this avatar comes from, apart from what engine and reconstruction say themselves."""
    return {
        "software": f"Cameo {SOFTWARE_VERSION}",
        "machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "engine": request.engine,
        "preset": preset.name,
        "options": dict(request.options),
        "image_sha256": hashlib.sha256(context.image).hexdigest(),
        "stages": context.records,
    }
