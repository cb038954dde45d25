"""``cameo generate``: the worker's pipeline in a terminal."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from rich.console import Console

from ...protocol import limits
from ...protocol.messages import GenerateAvatar, Scalar
from ..errors import CameoError, PortraitError
from ..pipeline.run import Part
from ..pipeline.threads import calm_threads
from .terminal import JobBar


def generate(
    photo: tyro.conf.Positional[Path],
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])] = Path("avatar.cameo"),
    preset: str = "preview",
    engine: str = "builtin",
    face: int | None = None,
    hair: str = "auto",
    seed: int = 0,
    head_model_path: str = "",
    baked_view: int = -1,
    settings: Annotated[tuple[str, ...], tyro.conf.arg(name="set", metavar="NAME=VALUE ...")] = (),
    start: Annotated[str, tyro.conf.arg(name="from")] = "",
    stop_after: str = "",
    work_dir: Path | None = None,
) -> None:
    """Make an avatar file from a picture, without a server.

    Args:
        photo: PNG, JPEG or WebP with a face.
        output: The avatar file to write.
        preset: Quality: preview, standard or paper.
        engine: How the head is found from one picture: builtin or facecraft4d.
        face: Which face where there are several, counted from the largest (0).
        hair: What is on the head: auto, hair, hat or bald.
        seed: Of everything synthetic.
        head_model_path: FLAME's model file (docs/flame.md); empty: the built-in head.
        baked_view: Training view whose look is kept; -1: the photo's. Quick where --work-dir has the rest.
        settings: Any setting of a stage, such as reconstruction.static_steps=1000 or engine.view_size=768.
        start: Make this stage and those after it anew, even where --work-dir has them.
        stop_after: The last stage to run. Its pictures, where it makes any, lie in the work folder.
        work_dir: Keep what the stages make here; default: beside the output, until it is done.
    """
    options: dict[str, Scalar] = {"hair": hair, "seed": seed, "baked_view": baked_view}
    if head_model_path:
        options["head_model_path"] = head_model_path
    request = GenerateAvatar(_read_picture(photo), preset, engine, face, {**options, **_parsed(settings)})
    require_writable(output)
    folder = work_dir or output.absolute().with_name(f".{output.name}.work")
    folder.mkdir(parents=True, exist_ok=True)
    console = Console(stderr=True)
    calm_threads()
    from ..pipeline.generate import generate_avatar  # torch: after everything that can fail at once

    finished = False
    try:
        with JobBar(console) as reporter:
            generate_avatar(request, folder, output, reporter, Part(start, stop_after))
        finished = not stop_after
    finally:
        if work_dir is None and (finished or not any(folder.glob("stages/*"))):
            shutil.rmtree(folder, ignore_errors=True)
    if finished:
        console.print(f"[green]{output}[/green] is ready ({output.stat().st_size / 1e6:.1f} MB).")
    else:
        console.print(f"Stopped after {stop_after}. What was made is in {folder}; the same command goes on from there.")


def _parsed(settings: tuple[str, ...]) -> dict[str, Scalar]:
    """``NAME=VALUE`` each; a value is a number or a truth value where it looks like one, else text.

    Raises:
        CameoError: ``request.bad_option``.
    """
    found: dict[str, Scalar] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not (name and equals):
            raise CameoError(
                "request.bad_option",
                f"The setting {setting!r} cannot be read.",
                fix="Write NAME=VALUE, for example --set reconstruction.static_steps=1000",
            )
        found[name] = _scalar(text)
    return found


def _scalar(text: str) -> Scalar:
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def require_writable(output: Path) -> None:
    """Find out before minutes are spent whether ``output`` can be written.

    Raises:
        CameoError: ``output.unwritable``.
    """
    try:
        if output.is_dir():
            raise IsADirectoryError(f"{output} is a folder")
        output.absolute().parent.mkdir(parents=True, exist_ok=True)
        if output.exists() and not os.access(output, os.W_OK):
            raise PermissionError(f"{output} is write-protected")
        with tempfile.NamedTemporaryFile(dir=output.absolute().parent) as probe:
            probe.write(b"\0" * 4096)
    except OSError as error:
        raise CameoError(
            "output.unwritable",
            f"The file {output} cannot be written.",
            cause=str(error),
            fix="Choose another place with --output, or make the folder writable.",
        ) from error


def _read_picture(photo: Path) -> np.ndarray:
    """The bytes of the file, uint8 [n]. What they are, the portrait stage finds out."""
    try:
        with open(photo, "rb") as stream:
            content = stream.read(limits.IMAGE_BYTES + 1)
    except FileNotFoundError as error:
        raise PortraitError("portrait.missing", f"There is no file {photo}.", fix="Check the path.") from error
    except OSError as error:
        fix = "Choose a picture file that you may read."
        raise PortraitError(
            "portrait.unreadable", f"The file {photo} cannot be read.", cause=str(error), fix=fix
        ) from error
    if not content:
        raise PortraitError("portrait.empty_file", "The picture file is empty.", fix="Choose another file.")
    if len(content) > limits.IMAGE_BYTES:
        cause = f"at most {limits.IMAGE_BYTES / 1e6:.0f} MB are read"
        fix = "Scale it down or cut out the head."
        raise PortraitError("portrait.too_large", "The picture is too large.", cause=cause, fix=fix)
    return np.frombuffer(content, np.uint8)
