"""The look of another view: COIN keeps what every view saw, so an avatar can be baked again without training."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch

from ..artifacts import GaussianAvatar, PersonalizedSet
from ..config import ReconstructionConfig
from ..errors import StageError
from ..gaussians.appearance import make_appearance
from ..gaussians.checkpoint import load_checkpoint


def rebaked(
    avatar: GaussianAvatar, data: PersonalizedSet, config: ReconstructionConfig, checkpoints: Path, view: int
) -> GaussianAvatar:
    """``avatar`` in the colours that ``view`` of ``data`` saw (section 3.4: another e_view), from its last checkpoint.

    Raises:
        StageError: ``reconstruction.no_such_view``; ``reconstruction.not_rebakeable``, without a checkpoint of COIN.
    """
    if not 0 <= view < len(data.cameras):
        fix = f"Choose a view from 0 to {len(data.cameras) - 1}."
        raise StageError("reconstruction.no_such_view", f"There is no view {view}.", fix=fix)
    state = load_checkpoint(checkpoints)
    if state is None or state["appearance"] is None or len(state["gaussians"]["color"]) != len(avatar.gaussians.face):
        raise StageError(
            "reconstruction.not_rebakeable",
            "The avatar cannot be given another view's look: what its views saw was not kept.",
            fix="Make it again with a preset that reconciles views, and keep the job's folder.",
        )
    colors = state["gaussians"]["color"]
    appearance = make_appearance(torch.zeros_like(colors), len(data.cameras), data.reference_view, config.appearance)
    appearance.load_state_dict(state["appearance"])
    baked = appearance.baked(colors, view).clamp(0, 1).numpy()
    provenance = {**avatar.provenance, "baked_view": view}
    return dataclasses.replace(
        avatar, gaussians=dataclasses.replace(avatar.gaussians, color=baked), provenance=provenance
    )
