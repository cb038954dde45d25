"""``cameo export``: an avatar for other programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import tyro
from rich.console import Console

from ...protocol.avatar import AvatarData, read_avatar
from ..artifacts import JOINT_NAMES, GaussianAvatar, HeadParameters
from ..errors import CameoError
from ..head.controls import parameters_from_controls
from .generate import require_writable

if TYPE_CHECKING:
    from ..head.model import HeadModel

PLY, PARAMS, NEUTRAL = "point_cloud.ply", "flame_param.npz", "neutral.obj"
"""What lies in the folder of a GaussianAvatars avatar; the first two names are its own."""

Frame = dict[str, float | list[float]]
_TRANSLATION = "translation"
_THREES = (*JOINT_NAMES, _TRANSLATION)
_LARGEST = 100.0  # of a control's value, which is 0..1


def export(
    avatar: tyro.conf.Positional[Path],
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])],
    format: Literal["ply", "gaussian_avatars"] = "ply",
    controls: dict[str, float] | None = None,
    clip: Path | None = None,
    head_model_path: str | None = None,
) -> None:
    """Write an avatar as 3DGS PLY (one moment) or as GaussianAvatars' files (bound to the head's triangles).

    Args:
        avatar: The avatar file.
        output: The PLY file; with gaussian_avatars a folder for point_cloud.ply, flame_param.npz and neutral.obj.
        format: ply: what other Gaussian viewers read. gaussian_avatars: what moves, for programs that know its binding;
            its own viewer needs an avatar that was made on FLAME.
        controls: Names and values, such as: --controls jawOpen 0.5 mouthSmileLeft 1. They win over the clip.
        clip: A JSON list with an object of such names and values for every frame, or the motion that the add-on's
            Export Motion wrote (.json). PLY files are numbered then.
        head_model_path: FLAME's model file, if the avatar was made on it; default: what the avatar file names.
    """
    from ..pipeline.bake import avatar_of  # cv2: the server's process shares this command line

    console = Console()
    found = avatar_of(_read(avatar))
    frames = [frame | (controls or {}) for frame in (_read_clip(clip) if clip else [{}])]
    poses = [_pose_of(found, frame) for frame in frames]
    if format == "ply":
        _export_ply(found, poses, output)
    else:
        _export_gaussian_avatars(console, found, poses, output, head_model_path)
    console.print(f"[green]{output}[/green] is written.")


def _read(path: Path) -> AvatarData:
    try:
        return read_avatar(path)
    except OSError as error:
        raise CameoError(
            "avatar.unreadable", f"The file {path} cannot be opened.", cause=str(error), fix="Choose another file."
        ) from error


def _read_clip(path: Path) -> list[Frame]:
    """The frames of a clip: at least one; a number belongs to a control, three to a joint or the translation."""
    try:
        frames = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise _bad_clip(path, str(error)) from error
    if isinstance(frames, dict) and frames.get("format") == "cameo_motion":
        frames = frames.get("frames")
    if not isinstance(frames, list) or not frames:
        raise _bad_clip(path, "It is not a list of frames.")
    for number, frame in enumerate(frames):
        if not isinstance(frame, dict) or not all(_is_value(name, value) for name, value in frame.items()):
            raise _bad_clip(path, f"Frame {number} is not an object of numbers as controls have them.")
    return frames


def _is_value(name: str, value: object) -> bool:
    """Whether a clip's value fits its name."""
    parts = value if name in _THREES else [value]
    if not isinstance(parts, list) or len(parts) != (3 if name in _THREES else 1):
        return False
    return all(isinstance(part, int | float) and abs(part) <= _LARGEST for part in parts)


def _pose_of(avatar: GaussianAvatar, frame: Frame) -> HeadParameters:
    """Controls, then the joints' own turns, which come after what the controls turn, as on the add-on's rig."""
    from scipy.spatial.transform import Rotation

    numbers = {name: float(value) for name, value in frame.items() if not isinstance(value, list)}
    params = parameters_from_controls(avatar.mesh, numbers)
    pose = params.pose.copy()
    for k, joint in enumerate(JOINT_NAMES):
        turn = frame.get(joint)
        if isinstance(turn, list):
            pose[k] = (Rotation.from_rotvec(turn) * Rotation.from_rotvec(pose[k])).as_rotvec()
    moved = frame.get(_TRANSLATION)
    translation = np.array(moved, np.float32) if isinstance(moved, list) else params.translation
    return HeadParameters(params.units, pose, translation)


def _bad_clip(path: Path, cause: str) -> CameoError:
    return CameoError(
        "export.bad_clip",
        f"The clip {path} cannot be used.",
        cause=cause,
        fix='Write a JSON list with the controls of each frame: [{"jawOpen": 0.1}, {"jawOpen": 0.2}].',
    )


def _export_ply(avatar: GaussianAvatar, poses: list[HeadParameters], output: Path) -> None:
    from ..exporters.ply import posed_splats, write_ply

    digits = max(4, len(str(len(poses))))
    for number, pose in enumerate(poses):
        one = output if len(poses) == 1 else output.with_stem(f"{output.stem}_{number:0{digits}d}")
        require_writable(one)
        write_ply(one, posed_splats(avatar, pose))


def _export_gaussian_avatars(
    console: Console, avatar: GaussianAvatar, poses: list[HeadParameters], folder: Path, head_model_path: str | None
) -> None:
    from ..exporters.flame_params import flame_params, write_flame_params
    from ..exporters.gaussian_avatars import head_faces, write_bound_ply
    from ..exporters.obj import write_obj
    from ..head.flame.head_model import head_model_at

    model = head_model_at(_model_path(avatar) if head_model_path is None else head_model_path)
    params = flame_params(avatar.mesh, poses, model)
    for name in (PLY, PARAMS, NEUTRAL):
        require_writable(folder / name)
    write_bound_ply(folder / PLY, avatar)
    write_flame_params(folder / PARAMS, params)
    faces = head_faces(avatar.mesh)
    head = avatar.mesh.vertices[: len(model.v_template)]
    comment = f"Neutral head {model.topology_id}. binding_0 of {PLY} counts its faces from 0. Metres, y up."
    write_obj(folder / NEUTRAL, head, faces, avatar.mesh.part[: len(faces)], comment=comment)
    _explain(console, avatar, model, poses)


def _model_path(avatar: GaussianAvatar) -> str:
    """The head model that the avatar says it was made on."""
    options = avatar.provenance.get("options")
    path = options.get("head_model_path") if isinstance(options, dict) else None
    return path if isinstance(path, str) else ""


def _explain(console: Console, avatar: GaussianAvatar, model: HeadModel, poses: list[HeadParameters]) -> None:
    """Say what the files are good for and what they lose."""
    from ..exporters.gaussian_avatars import is_theirs, shift

    if not is_theirs(avatar.mesh):
        console.print(
            f"[yellow]Note:[/yellow] this head is not FLAME. {PLY} counts the triangles of {NEUTRAL}, and {PARAMS} is "
            f"for the head model {model.topology_id}; GaussianAvatars' own viewer cannot show it."
        )
    strongest = max(poses, key=lambda pose: float(np.abs(pose.units).sum() + np.abs(pose.pose).sum()))
    if strongest.units.any() or strongest.pose.any():
        missed = 1000 * shift(avatar, strongest)
        console.print(
            f"GaussianAvatars' triangles do not stretch: in the strongest frame Gaussians stand {missed.mean():.2f} mm "
            f"from where Cameo puts them, {np.percentile(missed, 99):.1f} mm at the worst hundredth."
        )
