"""Draws the sheets of `docs/head.md` and `docs/controls.md` into `docs/images/`: people, every control, named poses.

python tools/draw_controls.py [--output FOLDER] [--only people|controls|mouths|eyes|round|visemes|emotions]
"""

# pyright cannot follow the editable install of this checkout as `cameo`.
# pyright: reportMissingImports=false
from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from cameo.backend.artifacts import AvatarMesh, orbit_camera
from cameo.backend.head.controls import parameters_from_controls
from cameo.backend.head.drawn_face import BACKGROUND, draw_face, face_colors
from cameo.backend.head.lbs import pose_vertices
from cameo.backend.head.model import HeadModel, load_head_model, make_avatar_mesh
from cameo.backend.head.poses import EMOTION, POSES, VISEME

OUTPUT = Path(__file__).parents[1] / "docs" / "images"
SKINS = ((0.86, 0.68, 0.59), (0.74, 0.54, 0.43), (0.55, 0.38, 0.29), (0.90, 0.74, 0.66), (0.66, 0.48, 0.36))
PEOPLE = 15
SIGMA = 0.8
"""Standard deviation of random people's coefficients; at 1 some look like nobody."""
JPEG_QUALITY = 84
HEAD, MOUTH = (0, -0.015, 0.03), (0, -0.064, 0.085)


@dataclass(frozen=True)
class Tile:
    """One picture of a sheet: who (betas), what (controls), from where (degrees), and its name."""

    name: str
    controls: dict[str, float] = field(default_factory=dict)
    yaw: float = 0.0
    pitch: float = 2.0
    person: int = 0


def both(value: float = 1.0, **others: float) -> Callable[..., dict[str, float]]:
    """Controls of both sides: ``both(0.8)("mouthSmile")`` or with others beside them."""
    return lambda *names: {f"{name}{side}": value for name in names for side in ("Left", "Right")} | others


def somebody(model: HeadModel, person: int) -> AvatarMesh:
    """The mean face (0) or a random person."""
    betas = np.random.default_rng(person).normal(size=model.shapedirs.shape[2]) * SIGMA * (person > 0)
    colors = face_colors(model)
    plain = model.masks["skin"] & ~model.masks["lips"] & ~model.masks["inner_mouth"]
    plain &= ~(model.masks["upper_lash_line"] | model.masks["lower_lash_line"])
    skin = np.array(SKINS[person % len(SKINS)])
    colors[plain] = skin
    colors[model.masks["lips"]] = skin * (0.86, 0.62, 0.62)
    return make_avatar_mesh(model, model.neutral(betas), colors)


def sheet(file: Path, tiles: list[Tile], columns: int, size: int, fov: float, center: tuple[float, ...]) -> None:
    """Draw ``tiles`` in rows of ``columns``."""
    model = load_head_model()
    pictures = []
    for tile in tiles:
        mesh = somebody(model, tile.person)
        vertices = pose_vertices(mesh, parameters_from_controls(mesh, tile.controls))
        camera = orbit_camera(tile.yaw, tile.pitch, distance=1.2, fov_deg=fov, size=size, center=center)
        picture = np.ascontiguousarray(draw_face(model, mesh.colors, vertices, camera)[..., ::-1])
        cv2.putText(picture, tile.name, (5, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (30, 30, 30), 1, cv2.LINE_AA)
        pictures.append(picture)
    while len(pictures) % columns:
        pictures.append(np.full((size, size, 3), (np.array(BACKGROUND[::-1]) * 255).astype(np.uint8)))
    rows = [np.hstack(pictures[start : start + columns]) for start in range(0, len(pictures), columns)]
    cv2.imwrite(str(file), np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])


def people(folder: Path) -> None:
    """The mean face and random people."""
    yaws = (0, -28, 22, 35, -12)
    tiles = [Tile("mean" if k == 0 else "", {}, yaws[k % 5], 2, k) for k in range(PEOPLE)]
    sheet(folder / "head_people.jpg", tiles, 5, 250, 12.5, HEAD)


def controls(folder: Path) -> None:
    """Every control at 1, pairs together; ``mouthClose`` with the open jaw it closes."""
    tiles = []
    for control in load_head_model().controls:
        if control.name.endswith("Right") and not control.name.startswith(("jaw", "mouthRight")):
            continue
        paired = control.name.endswith("Left") and not control.name.startswith(("jaw", "mouthLeft"))
        name = control.name.removesuffix("Left") if paired else control.name
        values = both()(name) if paired else {name: 1.0}
        tiles.append(Tile(name, values | ({"jawOpen": 1.0} if name == "mouthClose" else {}), 15))
    sheet(folder / "head_controls.jpg", tiles, 8, 180, 11, HEAD)


def mouths(folder: Path) -> None:
    """Close-ups of the mouth."""
    smile, up, down = (both(v)(n) for n, v in (("mouthSmile", 0.8), ("mouthUpperUp", 0.5), ("mouthLowerDown", 0.5)))
    shown = (
        ("neutral", {}),
        ("jawOpen 0.3", {"jawOpen": 0.3}),
        ("jawOpen 1", {"jawOpen": 1.0}),
        ("smile", smile),
        ("smile, jawOpen 0.2", smile | {"jawOpen": 0.2}),
        ("laugh", smile | both(0.4)("mouthUpperUp", "cheekSquint") | {"jawOpen": 0.35}),
        ("mouthPucker", {"mouthPucker": 1.0}),
        ("mouthFunnel", {"mouthFunnel": 1.0}),
        ("teeth bared", up | down),
        ("f", {"mouthRollLower": 0.8, "jawOpen": 0.08} | both(0.35)("mouthUpperUp")),
        ("mouthClose 1, jawOpen 1", {"mouthClose": 1.0, "jawOpen": 1.0}),
        ("mouthRollUpper, mouthRollLower", {"mouthRollUpper": 0.8, "mouthRollLower": 0.8}),
    )
    tiles = [Tile(name, values, 18 * (k % 2), 0, 3 * (k % 3)) for k, (name, values) in enumerate(shown)]
    sheet(folder / "head_mouths.jpg", tiles, 4, 300, 4.2, MOUTH)


def eyes(folder: Path) -> None:
    """Close-ups of both eyes."""
    look = partial(dict[str, float])
    shown = (
        ("open", {}),
        ("eyeBlink 0.5", both(0.5)("eyeBlink")),
        ("eyeBlink 1", both()("eyeBlink")),
        ("eyeSquint", both()("eyeSquint")),
        ("eyeWide", both()("eyeWide")),
        ("up", both()("eyeLookUp")),
        ("down", both()("eyeLookDown")),
        ("to the left", look(eyeLookOutLeft=1.0, eyeLookInRight=1.0)),
        ("to the right", look(eyeLookInLeft=1.0, eyeLookOutRight=1.0)),
        ("cheekSquint, smile", both(0.8)("cheekSquint", "mouthSmile")),
        ("browDown", both()("browDown")),
        ("browInnerUp", {"browInnerUp": 1.0}),
    )
    center = tuple(float(x) for x in load_head_model().joints(load_head_model().v_template)[3:].mean(0))
    tiles = [Tile(name, values, 20 * (k % 2), 0, 2 * (k % 3)) for k, (name, values) in enumerate(shown)]
    sheet(folder / "head_eyes.jpg", tiles, 3, 420, 5.4, center)


def all_round(folder: Path) -> None:
    """Front, side and back of the mean face and of another."""
    views = (("front", 0), ("three quarters", 40), ("left", 90), ("back", 180), ("right", -90))
    tiles = [Tile(name, {}, yaw, 4, person) for person in (0, 7) for name, yaw in views]
    sheet(folder / "head_round.jpg", tiles, 5, 250, 15.5, (0, -0.03, 0))


def visemes(folder: Path) -> None:
    """Every viseme, the mouth near by."""
    tiles = [Tile(pose.name, pose.controls, 18) for pose in POSES if pose.group == VISEME]
    sheet(folder / "visemes.jpg", tiles, 5, 230, 4.6, (0, -0.055, 0.07))


def emotions(folder: Path) -> None:
    """Every emotion."""
    tiles = [Tile(pose.name, pose.controls, 8) for pose in POSES if pose.group == EMOTION]
    sheet(folder / "emotions.jpg", tiles, 5, 250, 9.5, (0, -0.02, 0.04))


SHEETS = {
    **{"people": people, "controls": controls, "mouths": mouths, "eyes": eyes, "round": all_round},
    **{"visemes": visemes, "emotions": emotions},
}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--only", choices=tuple(SHEETS))
    arguments = parser.parse_args()
    for name, draw in SHEETS.items():
        if arguments.only in (None, name):
            draw(arguments.output)


if __name__ == "__main__":
    main()
