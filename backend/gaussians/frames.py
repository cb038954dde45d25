"""The pictures of a PersonalizedSet as the trainer uses them: resized once, cropped to the person, drawn by lot."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch

from ..artifacts import Camera, PersonalizedSet, scaled_camera

MARGIN = 8  # pixels round the person; SSIM's window needs 5


@dataclass(frozen=True)
class Frame:
    """One training picture. ``rgba`` float32 [h,w,4] premultiplied; ``camera`` sees just that crop.

    ``index`` among the training frames. ``window`` = (x0, y0, side): where the crop stands in the whole picture.
    """

    index: int
    view: int
    pose: int
    camera: Camera
    rgba: torch.Tensor
    window: tuple[int, int, int]


class TrainingFrames:
    """The frames not held out, at ``size`` pixels; with ``crop`` cut to the person.

    ``still_pose`` is the one that most frames show: neutral where a rig was photographed, the photo's own expression
    where views of the photo were generated.
    """

    def __init__(
        self, data: PersonalizedSet, size: int, device: torch.device | str = "cpu", *, crop: bool = True
    ) -> None:
        self.device = device
        self.indices = np.flatnonzero(~data.held_out)
        self.view = data.view_index[self.indices]
        self.pose = data.pose_index[self.indices]
        self.size = min(size, data.images.shape[1])
        self._images = np.stack([_resized(data.images[i], self.size) for i in self.indices])
        whole = 0, 0, self.size, self.size
        self._windows = [_window(image[..., 3]) if crop else whole for image in self._images]
        self._cameras = [scaled_camera(data.cameras[v], self.size) for v in self.view]
        self.still_pose = int(np.bincount(self.pose).argmax())
        self.reference = np.flatnonzero(self.view == data.reference_view)
        self.expressive = np.flatnonzero((self.pose != self.still_pose) & (self.view != data.reference_view))
        self.still = np.flatnonzero((self.pose == self.still_pose) & (self.view != data.reference_view))

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, j: int) -> Frame:
        x0, y0, x1, y1 = self._windows[j]
        rgba = torch.from_numpy(self._images[j, y0:y1, x0:x1]).to(self.device).float() / 255
        camera = cropped_camera(self._cameras[j], x0, y0, x1 - x0, y1 - y0)
        return Frame(j, int(self.view[j]), int(self.pose[j]), camera, rgba, (x0, y0, self.size))

    def draw(
        self, rng: np.random.Generator, reference_share: float, expression_share: float, views: int = 1
    ) -> list[int]:
        """A frame by lot, and ``views`` - 1 others of its pose: all that is shown of one moment."""
        first = self._draw_one(rng, reference_share, expression_share)
        if views == 1:
            return [first]
        others = np.flatnonzero((self.pose == self.pose[first]) & (np.arange(len(self)) != first))
        return [first, *(int(j) for j in rng.choice(others, min(views - 1, len(others)), replace=False))]

    def _draw_one(self, rng: np.random.Generator, reference_share: float, expression_share: float) -> int:
        """The reference and the expressions as often as asked, the rest from views of the still head."""
        u = rng.random()
        pools = [(self.reference, reference_share), (self.expressive, expression_share), (self.still, 1.0)]
        for pool, share in pools:
            if len(pool) and u < share:
                return int(pool[rng.integers(len(pool))])
            u -= share if len(pool) else 0.0
        return int(rng.integers(len(self)))


def over(rgba: torch.Tensor, background: torch.Tensor) -> torch.Tensor:
    """[h,w,3]: premultiplied ``rgba`` [h,w,4] over a colour [3]."""
    return rgba[..., :3] + (1 - rgba[..., 3:]) * background


def _resized(image: np.ndarray, size: int) -> np.ndarray:
    if image.shape[0] == size:
        return image
    return cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)


def _window(alpha: np.ndarray) -> tuple[int, int, int, int]:
    """x0, y0, x1, y1 of the person with a margin; the whole picture when it is empty."""
    rows, columns = np.flatnonzero(alpha.any(1)), np.flatnonzero(alpha.any(0))
    height, width = alpha.shape
    if not len(rows):
        return 0, 0, width, height
    x0, x1 = max(0, int(columns[0]) - MARGIN), min(width, int(columns[-1]) + 1 + MARGIN)
    y0, y1 = max(0, int(rows[0]) - MARGIN), min(height, int(rows[-1]) + 1 + MARGIN)
    return x0, y0, x1, y1


def cropped_camera(camera: Camera, x0: int, y0: int, width: int, height: int) -> Camera:
    """The same camera seeing only a window of its picture."""
    K = camera.K.copy()
    K[0, 2] -= x0
    K[1, 2] -= y0
    return Camera(camera.viewmat, K, width, height)
