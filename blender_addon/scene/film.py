"""A turntable as a file: which pictures it has, how each is made, and where it is written.

A film is made a picture at a time (:meth:`FilmJob.step`), and between two pictures the scene is as the artist left it:
a window stays alive, and a film can be given up at any moment.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import bpy
import numpy as np

from ...protocol.errors import CameoError
from ..film.gif import AnimatedGif
from ..film.png import AnimatedPng, encode_png
from ..film.sheet import covering, laid_over
from .avatar import is_avatar
from .encode import encoder, write_film
from .picture import Shot, render_shot
from .turntable import Expression, Turntable

ENDINGS = {"MP4": ".mp4", "PNG": ".png", "GIF": ".gif", "APNG": ".png"}
_HOLD = 0.3  # of a listed face's time: how long it is held, in the middle


@dataclass(frozen=True)
class Backdrop:
    """What is behind the head; nothing by default."""

    color: tuple[int, int, int] | None = None
    """sRGB."""
    image: np.ndarray | None = None
    """[H,W,3] sRGB 0..255; fills the picture."""

    def behind(self, picture: np.ndarray) -> np.ndarray:
        """uint8 [H,W,4] of ``picture``, laid over the backdrop in display space, as splats blend."""
        if self.color is None and self.image is None:
            return picture
        height, width = picture.shape[:2]
        ground = covering(self.image, width, height) if self.image is not None else np.array(self.color, np.float32)
        return np.dstack([laid_over(picture, ground), np.full((height, width), 255, np.uint8)])


@dataclass(frozen=True)
class Film:
    """A turntable to be written."""

    turntable: Turntable
    path: Path
    kind: str = "MP4"
    """One of :data:`ENDINGS`."""
    backdrop: Backdrop = field(default_factory=Backdrop)
    timeline_start: int | None = None
    """The first picture shows this frame of the timeline, the next one the next; None: the turntable's expressions."""


class Writer(Protocol):
    def add(self, rgba: np.ndarray) -> None: ...

    def close(self) -> bool:
        """Finish; whether the file is whole, else to be asked again."""
        ...

    def abandon(self) -> None: ...


class PngSequence:
    """``name_0001.png`` and so on, beside each other."""

    def __init__(self, path: Path) -> None:
        self._path, self._written = path, []

    def add(self, rgba: np.ndarray) -> None:
        path = self._path.with_name(f"{self._path.stem}_{len(self._written) + 1:04d}.png")
        path.write_bytes(encode_png(rgba))
        self._written.append(path)

    def close(self) -> bool:
        return True  # every file is whole already

    def abandon(self) -> None:
        """The pictures that are there stay: each is of use."""


class Mp4:
    """Pictures are kept until the end, then Blender's sequencer encodes them."""

    def __init__(self, path: Path, fps: int) -> None:
        self._path, self._fps = path, fps
        self._folder = Path(tempfile.mkdtemp(prefix="cameo_film_", dir=bpy.app.tempdir or None))
        self._pictures: list[Path] = []
        self._encoder: subprocess.Popen[bytes] | None = None

    def add(self, rgba: np.ndarray) -> None:
        self._pictures.append(self._folder / f"{len(self._pictures):05d}.png")
        self._pictures[-1].write_bytes(encode_png(rgba))

    def close(self) -> bool:
        """In a window another Blender encodes, so that this one stays alive; if that fails, this one does."""
        if self._encoder is None and not bpy.app.background:
            self._encoder = encoder(self._folder, self._path, self._fps)
            if self._encoder is not None:
                return False
        if self._encoder is not None:
            if self._encoder.poll() is None:
                return False
            if self._encoder.returncode == 0 and self._path.exists():
                self.abandon()
                return True
        try:
            write_film(self._pictures, self._path, self._fps)
        finally:
            self.abandon()
        return True

    def abandon(self) -> None:
        if self._encoder is not None and self._encoder.poll() is None:
            self._encoder.kill()
            self._encoder.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


class FilmJob:
    """One film in the making. The file takes its name when it is whole."""

    def __init__(self, context: bpy.types.Context, member: bpy.types.Object, film: Film) -> None:
        self.film, self.total, self.done = film, film.turntable.frames, 0
        self.path = film.path if film.path.suffix else film.path.with_suffix(ENDINGS[film.kind])
        self._root_name = member.name
        self._shots = turntable_shots(film)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._part = self.path.with_name(f"{self.path.stem}.part{self.path.suffix}")
        self._still = Path(tempfile.mkdtemp(prefix="cameo_shot_", dir=bpy.app.tempdir or None)) / "shot.png"
        self._writer = self._open()

    def step(self, context: bpy.types.Context) -> bool:
        """Make the next picture, or finish; whether the film is done.

        Raises:
            CameoError: ``film.avatar_gone``, those of ``render_still`` and of ``write_film``.
            OSError: the file could not be written.
        """
        if self.done < self.total:
            member = avatar_named(context, self._root_name)
            self._writer.add(picture_of(context, member, self._shots[self.done], self.film.backdrop, self._still))
            self.done += 1
            return False
        if not self._writer.close():
            return False
        if self.film.kind != "PNG":
            self._part.replace(self.path)
        self._clean()
        return True

    def cancel(self) -> None:
        """Give up: nothing is left but the pictures of a PNG sequence."""
        self._writer.abandon()
        self._part.unlink(missing_ok=True)
        self._clean()

    def _open(self) -> Writer:
        kind, fps = self.film.kind, self.film.turntable.fps
        if kind == "PNG":
            return PngSequence(self.path)
        if kind == "MP4":
            return Mp4(self._part, fps)
        return {"GIF": AnimatedGif, "APNG": AnimatedPng}[kind](self._part, self.total, fps)

    def _clean(self) -> None:
        shutil.rmtree(self._still.parent, ignore_errors=True)


def avatar_named(context: bpy.types.Context, name: str) -> bpy.types.Object:
    """The avatar's root, looked up anew before each picture: an undo in between makes new objects.

    Raises:
        CameoError: ``film.avatar_gone``.
    """
    found = context.scene.objects.get(name)
    if not is_avatar(found):
        raise CameoError(
            "film.avatar_gone",
            "The avatar of this film was deleted or renamed.",
            fix="Start the film again, and keep its avatar in the scene until it is done.",
        )
    return found


def turntable_shots(film: Film) -> list[Shot]:
    """The pictures of a turn; the last is one step before the first, so that a whole turn loops."""
    look, shots = film.turntable, []
    for k in range(look.frames):
        at = k / look.frames
        shot = Shot(
            look.start_yaw_deg + at * look.degrees,
            expression_at(look.expressions, at),
            pitch_deg=look.pitch_deg,
            height=look.height,
            distance=look.distance,
            fov_deg=look.fov_deg,
            size=(look.size, look.picture_height or look.size),
        )
        if film.timeline_start is not None:
            shot = replace(shot, values=None, frame=film.timeline_start + k)
        shots.append(shot)
    return shots


def expression_at(expressions: Sequence[Expression], at: float) -> dict[str, float]:
    """The face between its neighbours, with a soft start and stop; neutral without any."""
    if not expressions:
        return {}
    before = max((e for e in expressions if e.at <= at), key=lambda e: e.at, default=expressions[0])
    after = min((e for e in expressions if e.at > at), key=lambda e: e.at, default=before)
    span = after.at - before.at
    share = (at - before.at) / span if span > 0 else 0.0
    share = share * share * (3 - 2 * share)
    names = before.values.keys() | after.values.keys()
    return {n: (1 - share) * before.values.get(n, 0.0) + share * after.values.get(n, 0.0) for n in sorted(names)}


def spread_out(faces: Sequence[dict[str, float]]) -> tuple[Expression, ...]:
    """Faces one after another along the turn, each held for a while, the neutral one between them."""
    made = [Expression(0.0, {})]
    for k, values in enumerate(faces):
        middle = (k + 0.5) / len(faces)
        hold = 0.5 * _HOLD / len(faces)
        made += [Expression(middle - hold, values), Expression(middle + hold, values)]
        made.append(Expression((k + 1) / len(faces), {}))
    return tuple(made)


def picture_of(
    context: bpy.types.Context, member: bpy.types.Object, shot: Shot, backdrop: Backdrop, still: Path
) -> np.ndarray:
    """uint8 [H,W,4] of one shot; ``still`` is a file for its own use."""
    render_shot(context, member, still, shot)
    return backdrop.behind(read_picture(still))


def read_picture(path: Path) -> np.ndarray:
    """uint8 [H,W,4] as the file has it, first row on top.

    Raises:
        CameoError: ``film.bad_picture``.
    """
    try:
        image = bpy.data.images.load(str(path), check_existing=False)
    except RuntimeError as error:
        raise CameoError(
            "film.bad_picture",
            f"The picture {path.name} cannot be read.",
            cause=str(error).strip(),
            fix="Choose another picture.",
        ) from error
    try:
        image.colorspace_settings.name = "Non-Color"  # the numbers of the file
        image.alpha_mode = "CHANNEL_PACKED"
        width, height = image.size
        if not width or not height:
            raise CameoError("film.bad_picture", f"The picture {path.name} is empty.", fix="Choose another picture.")
        pixels = np.empty(width * height * 4, np.float32)
        image.pixels.foreach_get(pixels)
    finally:
        bpy.data.images.remove(image)
    return (pixels.reshape(height, width, 4)[::-1] * 255).round().clip(0, 255).astype(np.uint8)
