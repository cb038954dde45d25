"""``cameo motion``: a FLAME tracker's file as a performance for any avatar."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from rich.console import Console

from ..artifacts import JOINT_NAMES
from ..errors import CameoError
from .generate import require_writable

_SMALLEST = 5e-4  # of a control; less is left out of the file


def motion(
    take: tyro.conf.Positional[Path],
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])],
    head_model_path: str = "",
    fps: float = 30.0,
) -> None:
    """Turn FLAME parameters (GaussianAvatars' and VHAP's npz) into a motion file for Blender's panel Motion.

    FLAME's expressions are laid onto the named controls, which every avatar has: with FLAME's file at hand, a tracker's
    performance moves an avatar on the built-in head, too.

    Args:
        take: The npz, such as flame_param.npz.
        output: The motion to write, .json.
        head_model_path: FLAME's model file that the tracker used; empty: the built-in head, as cameo export wrote it.
        fps: Frames a second; the npz does not say.
    """
    from ..exporters.flame_params import head_parameters, read_flame_params
    from ..head.expression_fit import controls_of_units
    from ..head.flame.head_model import head_model_at

    console = Console()
    try:
        params = read_flame_params(take)
    except OSError as error:
        raise CameoError(
            "motion.unreadable", f"The file {take} cannot be opened.", cause=str(error), fix="Choose another file."
        ) from error
    require_writable(output)
    model = head_model_at(head_model_path)
    poses = head_parameters(params, model)
    fit = controls_of_units(model, np.stack([pose.units for pose in poses]))
    frames = []
    for pose, values in zip(poses, fit.values):
        frame: dict[str, object] = {n: round(float(v), 5) for n, v in zip(fit.names, values) if v > _SMALLEST}
        frame |= {
            joint: [round(float(a), 6) for a in turn] for joint, turn in zip(JOINT_NAMES, pose.pose) if turn.any()
        }
        if pose.translation.any():
            frame["translation"] = [round(float(a), 6) for a in pose.translation]
        frames.append(frame)
    head = {"format": "cameo_motion", "version": 1, "fps": fps}
    output.write_text(json.dumps(head | {"frames": frames}), encoding="utf-8")
    console.print(
        f"[green]{output}[/green]: {len(frames)} frames on {len(fit.names)} controls; "
        f"{fit.missed:.0%} of the expressions' motion is not reached."
    )
