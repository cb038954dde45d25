"""``cameo head``: what the head model is, taking it to other programs, and laying it over a photo."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

from ..artifacts import JOINT_NAMES, Ceiling
from ..errors import CameoError
from ..head.controls import controls_from_parameters, parameters_from_controls
from ..head.model import DATA, HeadModel, make_avatar_mesh
from ..head.poses import POSES, VISEME, named_pose
from .generate import require_writable

_STRONGEST = 12  # controls that a fit lists
_ENDINGS = (".obj", ".npz")


@dataclass(frozen=True)
class Info:
    """Print sizes, topology, licence and controls of the head model.

    Attributes:
        head_model_path: FLAME's model file; empty: the built-in head.
    """

    head_model_path: str = ""


@dataclass(frozen=True)
class Export:
    """Write the head as OBJ (one shape, with UVs) or NPZ (that shape and every array of the model).

    Attributes:
        output: head.obj or head.npz.
        pose: A viseme or an emotion, such as aa or joy.
        controls: Names and values, such as: --controls jawOpen 0.5 mouthSmileLeft 1. They win over the pose.
        betas: Identity coefficients, in standard deviations; the mean head without.
        head_model_path: FLAME's model file; empty: the built-in head.
    """

    output: tyro.conf.Positional[Path]
    pose: str | None = None
    controls: dict[str, float] = field(default_factory=dict)
    betas: tuple[float, ...] = ()
    head_model_path: str = ""


@dataclass(frozen=True)
class Fit:
    """Lay the head over a portrait and print how well it fits and what expression it found.

    Attributes:
        photo: PNG, JPEG or WebP with a face.
        overlay: Write a picture of the head over the photo here.
        face: Which face where there are several, counted from the largest (0).
        head_model_path: FLAME's model file; empty: the built-in head.
    """

    photo: tyro.conf.Positional[Path]
    overlay: Path | None = None
    face: int | None = None
    head_model_path: str = ""


_Action = (
    Annotated[Info, tyro.conf.subcommand("info")]
    | Annotated[Export, tyro.conf.subcommand("export")]
    | Annotated[Fit, tyro.conf.subcommand("fit")]
)


def head(action: Annotated[_Action, tyro.conf.arg(name="")]) -> None:
    """The head model: show it, export it, lay it over a photo."""
    console = Console()
    if isinstance(action, Info):
        _info(console, action)
    elif isinstance(action, Export):
        _export(console, action)
    else:
        _fit(console, action)


def _model_at(path: str) -> HeadModel:
    """The head model of the setting ``head_model_path``."""
    from ..head.flame.head_model import head_model_at  # scipy: the server's process shares this command line

    return head_model_at(path)


def _licence(path: str) -> str:
    return "FLAME's own, as it came with the file" if path else "CC0 1.0"


def _info(console: Console, action: Info) -> None:
    model = _model_at(action.head_model_path)
    facts = {
        "topology": model.topology_id,
        "vertices, triangles": f"{len(model.v_template)}, {len(model.faces)}",
        "identity": f"{model.shapedirs.shape[2]} components",
        "expression": f"{len(model.unit_names)} units, {len(model.posedirs)} pose correctives",
        "landmarks": f"{len(model.landmarks478.face)}",
        "masks": ", ".join(model.masks),
        "licence": _licence(action.head_model_path),
        "sources": action.head_model_path or str(DATA / "CREDITS.md"),
        "visemes": ", ".join(pose.name for pose in POSES if pose.group == VISEME),
        "emotions": ", ".join(pose.name for pose in POSES if pose.group != VISEME),
    }
    table = Table("", "the head", show_header=False)
    for name, fact in facts.items():
        table.add_row(name, fact)
    console.print(table)
    controls = Table("control", "drives", "acts at most")
    for control in model.controls:
        units = [f"{model.unit_names[unit]} {gain:g}" for unit, gain in control.units]
        joints = [f"{JOINT_NAMES[joint]} {np.rad2deg(angle):.1f} degrees" for joint, _, angle in control.joints]
        drives = ", ".join(units + joints) or "nothing on this head"
        controls.add_row(control.name, drives, _ceiling_in_words(model, control.ceiling))
    console.print(controls)


def _ceiling_in_words(model: HeadModel, ceiling: Ceiling | None) -> str:
    if ceiling is None:
        return ""
    terms = (f"{'-' if gain < 0 else '+'} {abs(gain):g} {model.controls[c].name}" for c, gain in ceiling.controls)
    return " ".join([f"{ceiling.constant:g}", *terms])


def _export(console: Console, action: Export) -> None:
    ending = action.output.suffix.lower()
    if ending not in _ENDINGS:
        raise CameoError(
            "head.unknown_format",
            f"The head cannot be written as '{action.output.name}'.",
            fix=f"Let the name end in {' or '.join(_ENDINGS)}.",
        )
    model = _model_at(action.head_model_path)
    if len(action.betas) > model.shapedirs.shape[2]:
        raise CameoError(
            "head.too_many_betas",
            f"{len(action.betas)} identity coefficients were given.",
            fix=f"Give at most {model.shapedirs.shape[2]}.",
        )
    require_writable(action.output)
    from ..head.lbs import pose_vertices

    values = (named_pose(action.pose).controls if action.pose else {}) | action.controls
    neutral = model.neutral(np.array(action.betas))
    mesh = make_avatar_mesh(model, neutral, np.zeros_like(neutral))
    vertices = pose_vertices(mesh, parameters_from_controls(mesh, values))
    if ending == ".obj":
        from ..exporters.obj import Texture, write_obj

        comment = f"Head {model.topology_id}. Licence: {_licence(action.head_model_path)}. Metres, y up."
        write_obj(action.output, vertices, model.faces, model.part, Texture(model.uv, model.uv_faces), comment)
    else:
        np.savez_compressed(action.output, allow_pickle=False, vertices=vertices.astype(np.float32), **_arrays(model))
    console.print(f"[green]{action.output}[/green] is written ({action.output.stat().st_size / 1e6:.1f} MB).")


def _arrays(model: HeadModel) -> dict[str, np.ndarray]:
    """Every array of the model by its field's name; masks and landmarks by name and part."""
    plain = (
        *("v_template", "faces", "part", "shapedirs", "unit_dirs", "posedirs", "weights", "J_regressor", "mirror"),
        *("uv", "uv_faces"),
    )
    return {
        **{name: getattr(model, name) for name in plain},
        **{f"mask_{name}": mask for name, mask in model.masks.items()},
        **{f"landmarks478_{name}": array for name, array in vars(model.landmarks478).items()},
        "unit_names": np.array(model.unit_names),
        "control_names": np.array([control.name for control in model.controls]),
        "topology_id": np.array(model.topology_id),
    }


def _fit(console: Console, action: Fit) -> None:
    import cv2

    if action.overlay is not None:
        require_writable(action.overlay)
        if not cv2.haveImageWriter(str(action.overlay)):
            raise CameoError(
                "head.unknown_picture_format",
                f"No picture can be written as '{action.overlay.name}'.",
                fix="Let the name end in .png or .jpg.",
            )
    from ..head.fitting import fit_head
    from ..head.overlay import overlay
    from ..pipeline.portrait import prepare_portrait

    model = _model_at(action.head_model_path)
    portrait = prepare_portrait(action.photo, face=action.face)
    for code, sentence in portrait.warnings:
        console.print(f"[yellow]Note:[/yellow] {sentence} [dim]({code})[/dim]")
    start = time.perf_counter()
    fit = fit_head(portrait, model)
    seconds = time.perf_counter() - start
    pitch, yaw, roll = fit.angles_deg
    table = Table("", "fit", show_header=False)
    table.add_row("landmark error", f"{fit.linear_error:.2f} % of the eye distance; {fit.landmark_error:.2f} % at last")
    table.add_row("head", f"pitch {pitch:.1f}, yaw {yaw:.1f}, roll {roll:.1f} degrees")
    table.add_row("distance of the eyes", f"{fit.eye_distance:.0f} of {fit.camera.width} pixels")
    table.add_row("identity", f"{np.sqrt(np.mean(fit.betas**2)):.2f} standard deviations")
    table.add_row("time", f"{seconds:.2f} s")
    console.print(table)
    found = controls_from_parameters(model, fit.parameters)
    strongest = sorted(found.items(), key=lambda item: -item[1])[:_STRONGEST]
    expression = Table("control", "value")
    for name, value in strongest:
        expression.add_row(name, f"{value:.2f}")
    console.print(expression)
    if action.overlay is not None:
        cv2.imwrite(str(action.overlay), np.ascontiguousarray(overlay(portrait, fit, model)[..., ::-1]))
        console.print(f"[green]{action.overlay}[/green] is written.")
