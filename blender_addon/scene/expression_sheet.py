"""One picture with many faces, each with its name under it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import blf
import imbuf
import numpy as np

from ..film.png import encode_png
from ..film.sheet import CAPTION, Caption, contact_sheet

_FONT = 0  # Blender's own
_TEXT = 0.55  # of the caption's height
_WIDEST = 6  # columns


@dataclass(frozen=True)
class SheetFace:
    """One picture of a sheet. Angles in degrees."""

    title: str
    values: dict[str, float]
    yaw_deg: float = 0.0


def write_sheet(
    pictures: list[np.ndarray], titles: list[str], path: Path, *, columns: int = 0, paper: tuple[int, int, int]
) -> None:
    """Write the sheet as PNG, captions in black or white, whichever shows on ``paper``.

    Args:
        columns: 0: about as many as rows, more across.

    Raises:
        OSError: the file could not be written.
    """
    across = columns or best_columns(len(pictures))
    sheet, captions = contact_sheet(pictures, titles, across, paper)
    path.write_bytes(encode_png(sheet))
    width = pictures[0].shape[1]
    _write_captions(path, captions, width, ink=0.06 if sum(paper) > 330 else 0.92)


def best_columns(count: int) -> int:
    """More across than down, and as few empty places as may be."""
    usual = math.sqrt(count * 1.6)
    choices = range(max(round(usual) - 1, 1), min(round(usual) + 1, _WIDEST) + 1)
    return min(choices, key=lambda columns: (-count % columns, abs(columns - usual)))


def _write_captions(path: Path, captions: list[Caption], width: int, ink: float) -> None:
    """Draw the text into the file; no graphics card needed."""
    image = imbuf.load(str(path))
    size = max(_TEXT * CAPTION * width, 6.0)
    with blf.bind_imbuf(_FONT, image, display_name="sRGB"):
        blf.color(_FONT, ink, ink, ink, 1.0)
        for caption in captions:
            blf.size(_FONT, size)
            wide = blf.dimensions(_FONT, caption.text)[0]
            if wide > 0.96 * width:  # a long name gets smaller letters
                blf.size(_FONT, size * 0.96 * width / wide)
                wide = 0.96 * width
            blf.position(_FONT, caption.x - wide / 2, caption.y, 0)
            blf.draw_buffer(_FONT, caption.text)
    imbuf.write(image, filepath=str(path))
    image.free()
