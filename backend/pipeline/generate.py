"""From a picture to an avatar file: the list of stages (architecture.md, "The way of the data")."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import replace
from pathlib import Path

from ...protocol.avatar import write_avatar
from ...protocol.messages import GenerateAvatar
from ...protocol.version import SOFTWARE_VERSION
from ..artifacts import GaussianAvatar, Portrait
from ..engines import get_engine
from ..gaussians.perceptual import fetch_perceptual
from ..stage import Stage, StageContext
from .bake import bake_avatar
from .clock import JobReporter
from .portrait import prepare_portrait
from .presets import Preset, preset_for
from .rebake import rebaked
from .reconstruction import reconstruct
from .run import Part, Pipeline, run_pipeline
from .timings import StageTimings

_PORTRAIT_SHARE, _ENGINE_SHARE, _RECONSTRUCTION_SHARE = 0.03, 0.45, 0.5


def generate_avatar(
    request: GenerateAvatar,
    work_dir: Path,
    result: Path,
    reporter: JobReporter,
    part: Part | None = None,
    timings: StageTimings | None = None,
) -> None:
    """Make the avatar file ``result``, or the ``part`` of it that is asked for. The worker and the command line use it.

    What was finished is kept in ``work_dir``: called again after a kill, it goes on from there. ``timings``
    are kept from job to job, so that the time left can be told.

    Raises:
        CameoError: the picture or the request cannot be used, a stage failed, or (JobCancelled) the artist cancelled.
        OSError: the disk is full or cannot be written.
    """
    pipeline = avatar_pipeline(request)
    run_pipeline(pipeline, request.image.tobytes(), work_dir, result, reporter, part, timings)


def avatar_pipeline(request: GenerateAvatar) -> Pipeline:
    """portrait -> the engine's stages -> reconstruction -> bake, configured for the request.

    Raises:
        CameoError: the preset, the engine or an option does not exist, or the engine cannot run here.
    """
    engine = get_engine(request.engine)
    preset = preset_for(request.preset, request.options, request.engine)
    engine_stages = engine.stages(preset.engines[request.engine])
    last = engine_stages[-1].name

    def portrait(context: StageContext) -> Portrait:
        if preset.reconstruction.perceptual_weight > 0:
            fetch_perceptual(context.reporter)  # the first time: now, not after the engine's minutes
        return prepare_portrait(context.image, preset.portrait, context.reporter, face=request.face)

    def fit(context: StageContext) -> GaussianAvatar:
        return reconstruct(
            context.artifacts[last], preset.reconstruction, context.reporter, checkpoint_dir=context.checkpoints
        )

    def bake(context: StageContext, result: Path) -> None:
        source, avatar = context.artifacts[last], context.artifacts["reconstruction"]
        if preset.baked_view is not None:
            avatar = rebaked(avatar, source, preset.reconstruction, context.checkpoints, preset.baked_view)
        provenance = _provenance(request, preset, context)
        write_avatar(result, bake_avatar(context.artifacts["portrait"], source, avatar, provenance))

    return Pipeline(
        stages=(
            Stage("portrait", _PORTRAIT_SHARE, Portrait, (preset.portrait, request.face), portrait),
            *(replace(stage, share=_ENGINE_SHARE * stage.share) for stage in engine_stages),
            Stage("reconstruction", _RECONSTRUCTION_SHARE, GaussianAvatar, preset.reconstruction, fit),
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
