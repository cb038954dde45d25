"""Contact sheets: pictures side by side, room for a line of text under each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

GAP = 0.02  # of a picture's width
CAPTION = 0.09  # of a picture's width


class Caption(NamedTuple):
    """Text and where it stands: the middle of its baseline, pixels from the lower left corner."""

    text: str
    x: float
    y: float


def contact_sheet(
    pictures: list[np.ndarray], titles: list[str], columns: int, paper: tuple[int, int, int]
) -> tuple[np.ndarray, list[Caption]]:
    """One picture of several.

    Args:
        pictures: uint8 [H,W,4], straight alpha, all of one size. paper: sRGB behind and between them.

    Returns:
        The sheet uint8 [Y,X,4], opaque, and the captions to write on it.
    """
    height, width = pictures[0].shape[:2]
    gap, line = max(round(GAP * width), 1), round(CAPTION * width)
    rows = -(-len(pictures) // columns)
    size = gap + rows * (height + line + gap), gap + columns * (width + gap)
    sheet = np.empty((*size, 4), np.uint8)
    sheet[...] = (*paper, 255)
    captions = []
    for k, (picture, title) in enumerate(zip(pictures, titles)):
        row, column = divmod(k, columns)
        y, x = gap + row * (height + line + gap), gap + column * (width + gap)
        sheet[y : y + height, x : x + width, :3] = laid_over(picture, sheet[y : y + height, x : x + width, :3])
        captions.append(Caption(title, x + width / 2, size[0] - (y + height + 0.72 * line)))
    return sheet, captions


def laid_over(picture: np.ndarray, background: np.ndarray) -> np.ndarray:
    """uint8 [H,W,3]: ``picture`` [H,W,4], straight alpha, over ``background`` [H,W,3] or [3], in display space."""
    alpha = picture[..., 3:].astype(np.float32) / 255
    return (picture[..., :3] * alpha + background * (1 - alpha)).round().astype(np.uint8)


def covering(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """[height,width,C] of an image [H,W,C], enlarged or shrunk to fill it, cut evenly; bilinear."""
    scale = max(width / image.shape[1], height / image.shape[0])
    if scale < 0.5:  # shrinking far: average first, or fine detail would sparkle
        step = int(0.5 / scale) + 1
        rows, cols = image.shape[0] // step * step, image.shape[1] // step * step
        blocks = image[:rows, :cols].reshape(rows // step, step, cols // step, step, -1)
        image = blocks.mean((1, 3))
        scale = max(width / image.shape[1], height / image.shape[0])
    y = np.clip((np.arange(height) + 0.5 - height / 2) / scale + image.shape[0] / 2 - 0.5, 0, image.shape[0] - 1)
    x = np.clip((np.arange(width) + 0.5 - width / 2) / scale + image.shape[1] / 2 - 0.5, 0, image.shape[1] - 1)
    y0, x0 = np.floor(y).astype(int), np.floor(x).astype(int)
    y1, x1 = np.minimum(y0 + 1, image.shape[0] - 1), np.minimum(x0 + 1, image.shape[1] - 1)
    fy, fx = (y - y0)[:, None, None], (x - x0)[None, :, None]
    top = image[y0][:, x0] * (1 - fx) + image[y0][:, x1] * fx
    bottom = image[y1][:, x0] * (1 - fx) + image[y1][:, x1] * fx
    return top * (1 - fy) + bottom * fy
