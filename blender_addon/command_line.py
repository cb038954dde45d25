"""``blender --command cameo``: turntables and expression sheets of avatar files without a window.

blender --command cameo turntable AVATAR.cameo -o out.mp4 --frames 96 --size 720
blender --command cameo turntable AVATAR.cameo -o take.mp4 --motion take.csv --degrees 0 --backend
blender --command cameo sheet AVATAR.cameo -o faces.png --show emotions
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

import bpy

from ..protocol.errors import CameoError
from .scene.encode import write_film

NAME = "cameo"
_KINDS = {".mp4": "MP4", ".gif": "GIF", ".apng": "APNG", ".png": "PNG"}
_handle: object | None = None


def run(arguments: list[str]) -> int:
    """What follows ``--command cameo``; 0 when all went well, 1 with a sentence on stderr, 2 for a bad command line."""
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as ended:  # argparse has said why; Blender is to end in order
        return int(ended.code or 0)
    try:
        _DO[options.what](options)
    except (RuntimeError, CameoError, OSError) as error:  # RuntimeError is how operators say no
        print(f"cameo: {str(error).strip().removeprefix('Error: ')}", file=sys.stderr)
        return 1
    print(options.output)
    return 0


def register() -> None:
    global _handle
    _handle = bpy.utils.register_cli_command(NAME, run)


def unregister() -> None:
    global _handle
    if _handle is not None:
        bpy.utils.unregister_cli_command(_handle)
        _handle = None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="blender --command cameo", description="Pictures of an avatar file.")
    commands = parser.add_subparsers(dest="what", required=True)
    turntable = commands.add_parser("turntable", help="a film once round the head")
    sheet = commands.add_parser("sheet", help="one picture of many faces with their names")
    encode = commands.add_parser("encode", help="a folder's PNG pictures, by name, as an H.264 film")
    encode.add_argument("folder", type=Path, help="where the pictures are")
    encode.add_argument("-o", "--output", type=Path, required=True, help="the .mp4 to write")
    encode.add_argument("--fps", type=int, default=24, help="pictures a second (24)")
    for one in (turntable, sheet):
        one.add_argument("avatar", type=Path, help="the .cameo file")
        one.add_argument("-o", "--output", type=Path, required=True, help="the file to write")
        one.add_argument("--size", type=int, default=512, help="width of a picture, pixels (512)")
        one.add_argument("--height", type=int, default=0, help="height of a picture; 0: as wide (0)")
        one.add_argument("--pitch", type=float, default=0.0, help="degrees the camera looks down (0)")
        one.add_argument("--distance", type=float, default=1.3, help="metres from the head (1.3)")
        one.add_argument("--lens", type=float, help="focal length, mm full frame (117)")
        one.add_argument("--background", default="", help="a picture, 'transparent', or a colour such as #404040")
        one.add_argument("--backend", action="store_true", help="let the backend that runs draw the pictures: faster")
    turntable.add_argument("--frames", type=int, default=72, help="pictures of the film (72)")
    turntable.add_argument("--fps", type=int, default=24, help="pictures a second (24)")
    turntable.add_argument("--degrees", type=float, default=360.0, help="how far the camera turns (360)")
    turntable.add_argument("--start", type=float, default=0.0, help="where it starts, degrees (0: the front)")
    turntable.add_argument("--faces", help="'none', or names such as 'joy, jawOpen=0.5'; default: a sequence")
    turntable.add_argument("--motion", type=Path, help="a performance: Live Link Face .csv, FLAME .npz, Cameo .json")
    sheet.add_argument("--show", default="main", help="main, emotions, visemes, views, or names of faces (main)")
    sheet.add_argument("--columns", type=int, default=0, help="pictures beside each other")
    return parser


def _load(options: argparse.Namespace) -> None:
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.ops.cameo.import_avatar(filepath=str(options.avatar.resolve()))
    scene, film = bpy.context.scene, bpy.context.scene.cameo_film
    scene.cameo.turntable_size = options.size
    film.picture_height, film.distance = options.height, options.distance
    film.pitch = math.radians(options.pitch)
    scene.cameo_view.draw_by_backend = options.backend
    if options.lens:
        film.lens = options.lens
    if options.background.lower() == "transparent":
        film.background = "TRANSPARENT"
    elif options.background.startswith("#"):
        film.background, film.background_color = "COLOR", _color(options.background)
    elif options.background:
        film.background, film.background_image = "IMAGE", str(Path(options.background).resolve())


def _color(text: str) -> tuple[float, ...]:
    digits = text.removeprefix("#")
    try:
        if len(digits) != 6:
            raise ValueError(digits)
        return tuple(int(digits[k : k + 2], 16) / 255 for k in (0, 2, 4))
    except ValueError:
        raise RuntimeError(f"'{text}' is no colour; write six digits, such as #404040.") from None


def _encode(options: argparse.Namespace) -> None:
    pictures = sorted(options.folder.glob("*.png"))
    if not pictures:
        raise RuntimeError(f"There are no PNG pictures in {options.folder}.")
    write_film(pictures, options.output.resolve(), options.fps)


def _turntable(options: argparse.Namespace) -> None:
    _load(options)
    scene, film = bpy.context.scene, bpy.context.scene.cameo_film
    scene.cameo.turntable_frames = options.frames
    film.fps, film.turn, film.start_yaw = options.fps, math.radians(options.degrees), math.radians(options.start)
    film.kind = _KINDS.get(options.output.suffix.lower(), "MP4")
    if options.faces is not None:
        film.expressions = "NONE" if options.faces.strip().lower() == "none" else "LIST"
        film.faces = options.faces
    if options.motion is not None:
        scene.render.fps, scene.render.fps_base = options.fps, 1.0
        bpy.ops.cameo.import_motion(filepath=str(options.motion.resolve()), frame=scene.frame_start)
        film.expressions = "TIMELINE"
    bpy.ops.cameo.render_turntable(filepath=str(options.output.resolve()))


def _sheet(options: argparse.Namespace) -> None:
    _load(options)
    film = bpy.context.scene.cameo_film
    kind = options.show.upper()
    film.sheet = kind if kind in ("MAIN", "EMOTIONS", "VISEMES", "VIEWS") else "LIST"
    film.sheet_faces, film.sheet_columns = options.show, options.columns
    bpy.ops.cameo.render_sheet(filepath=str(options.output.resolve()))


_DO = {"turntable": _turntable, "sheet": _sheet, "encode": _encode}
