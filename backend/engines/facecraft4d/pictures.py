"""What a stage made, as pictures in a folder: for the artist to look at before the next stage spends its minutes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from ...artifacts import ClipSet, ViewSet, over_white

_SHEET_COLUMNS = 5
_TILE = 256  # pixels
_MOMENTS = 12  # of a clip on its sheet
_WHITE = 255


def save_views(folder: Path, views: ViewSet) -> None:
    """Each view as ``view_<number>_<azimuth>.png``, all of them on ``views.png``, their depth on ``depth.png``."""
    for index, (image, azimuth) in enumerate(zip(views.images, views.azimuths_deg, strict=True)):
        name = "reference" if index == views.reference else f"{index:02d}_{azimuth:+04.0f}deg"
        save_picture(folder / f"view_{name}.png", image)
    save_picture(folder / "views.png", sheet([*views.images]))
    save_picture(folder / "depth.png", sheet([_depth_picture(depth) for depth in views.depth]))


def save_clips(folder: Path, clips: ClipSet) -> None:
    """For each clip a sheet: a row per view, a column per moment, evenly chosen."""
    for number, name in enumerate(clips.names):
        moments = np.flatnonzero(clips.clip == number)
        chosen = moments[np.unique(np.linspace(0, len(moments) - 1, _MOMENTS).astype(int))]
        frames = [clips.images[moment, view] for view in range(len(clips.views)) for moment in chosen]
        save_picture(folder / f"clip_{number}_{_plain(name)}.png", sheet(frames, len(chosen), _TILE // 2))


def save_picture(path: Path, image: np.ndarray) -> None:
    """``image`` uint8 [H,W,3] or premultiplied [H,W,4] over white, as PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    done, content = cv2.imencode(".png", cv2.cvtColor(over_white(image), cv2.COLOR_RGB2BGR))
    if done:
        path.write_bytes(content.tobytes())


def sheet(images: list[np.ndarray], columns: int = _SHEET_COLUMNS, tile: int = _TILE) -> np.ndarray:
    """Pictures in rows, uint8 [H,W,3]."""
    small = [cv2.resize(over_white(image), (tile, tile), interpolation=cv2.INTER_AREA) for image in images]
    small += [np.full((tile, tile, 3), _WHITE, np.uint8)] * (-len(small) % columns)
    rows = [np.concatenate(small[start : start + columns], 1) for start in range(0, len(small), columns)]
    return np.concatenate(rows, 0)


def _depth_picture(depth: np.ndarray) -> np.ndarray:
    """Near is bright; nothing is white."""
    there = np.isfinite(depth)
    if not there.any():
        return np.full((*depth.shape, 3), _WHITE, np.uint8)
    near, far = np.percentile(depth[there], [1, 99])
    shade = 230 - 200 * np.clip((np.where(there, depth, far) - near) / max(far - near, 1e-9), 0, 1)
    return np.repeat(np.where(there, shade, _WHITE)[..., None], 3, 2).astype(np.uint8)


def _plain(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name)
