"""The photo as a training view: its own pixels, moved to where the rigged head has them."""

from __future__ import annotations

import cv2
import numpy as np

from ...artifacts import Camera, Portrait
from ...head.mesh_raster import project
from .hair_alpha import sample_photo
from .painted_head import Picture
from .segmentation import Segmentation


def trusted_pixels(portrait: Portrait, segmentation: Segmentation) -> np.ndarray:
    """Where the photo shows face, neck or hair and nothing else: float32 [S,S], soft-edged, 0..1."""
    person = (portrait.matte > 0.8) & (portrait.inside > 0.9)
    skin = (segmentation.skin > 0.75) & ~segmentation.hair_mask
    head = person & (segmentation.face_mask | segmentation.hair_mask | skin)
    size = portrait.image.shape[0]
    width = 2 * round(size / 200) + 1
    inner = cv2.erode(head.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width)))
    return cv2.GaussianBlur(inner.astype(np.float32), (0, 0), size / 250)


def photo_rgba(
    picture: Picture,
    faces: np.ndarray,
    photographed: np.ndarray,
    portrait: Portrait,
    segmentation: Segmentation,
    camera: Camera,
    supersample: int,
) -> np.ndarray:
    """The rendered photo view with the photo's own colours wherever they can be trusted; float32 [H,W,4] premultiplied.

    The rig cannot make the last millimetre of the photo's face (the smooth residual of the fit), so each pixel of the
    rendered head looks up the photo where that very point of the face really was.

    Args:
        picture: the head rendered in the photo's pose from the photo's camera.
        faces: int32 [F,3] of the dense head.
        photographed: float64 [N,3], dense vertices with the residual: they project onto the photo.
        camera: the photo's, in crop pixels.
        supersample: of ``picture``.
    """
    raster = picture.head
    height, width = raster.face.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    own = np.stack([x + 0.5, y + 0.5], -1) * (camera.width / width)
    pixel = own.astype(np.float64)
    on_head = picture.bare & (raster.face >= 0)
    corner_pixels = project(photographed, camera)[:, :2][faces[raster.face[on_head]]]
    pixel[on_head] = np.einsum("nk,nkc->nc", raster.bary[on_head], corner_pixels)
    color = sample_photo(portrait.image.astype(np.float32) / 255, pixel)
    trust = sample_photo(trusted_pixels(portrait, segmentation), pixel)
    hairy = sample_photo(segmentation.hair_mask.astype(np.float32), pixel)
    trust = np.where(on_head, trust * (1 - hairy), trust * hairy)
    mixed = np.concatenate([color, trust[..., None]], -1)
    small = mixed.reshape(height // supersample, supersample, width // supersample, supersample, 4).mean((1, 3))
    alpha = picture.rgba[..., 3:]
    weight = small[..., 3:] * (alpha > 0.5)
    rgb = picture.rgba[..., :3] * (1 - weight) + small[..., :3] * alpha * weight
    return np.concatenate([rgb, alpha], -1).astype(np.float32)
