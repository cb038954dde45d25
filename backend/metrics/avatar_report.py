"""Measure an avatar on its rendered stills, as ``report.json`` states it.

Stills are RGBA PNGs called ``<control>_<yaw>.png``; positive yaw shows more of the subject's left side.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np

from ..artifacts import Portrait
from ..config import ReportGoals
from ..errors import AssetError
from ..perception.angles import head_angles
from ..perception.landmark_names import CHIN, LEFT_JAW_ANGLE, RIGHT_JAW_ANGLE
from ..perception.landmarks import FaceLandmarks
from ..perception.search import search_faces
from .driving import STILL_CONTROLS, score_rise
from .identity import face_embedding, identity_cosine
from .outline import mask_iou

_CROWN, _SMALLEST_FACE = 0.2, 0.15  # parts of the still's height: head and hair fill most of a still
_BACKDROP = 160  # grey behind transparent stills
_YAWS = (0, 30, -30, 45, -45)

Measured = dict[str, object]


def measure_stills(
    stills_dir: str | Path,
    portrait: Portrait,
    *,
    photo_view: str | Path | None = None,
    goals: ReportGoals | None = None,
) -> Measured:
    """Measure the stills in a folder against the portrait they came from.

    Args:
        stills_dir: holds ``neutral_0.png``, ``neutral_30.png``, ..., ``jawOpen_0.png``, ...
        photo_view: a still rendered with the photo's own camera and pose, covering the same square as
            ``portrait.image``; ``photo_view.png`` in ``stills_dir`` by default.

    Returns:
        A JSON-able tree: ``faces``, ``identity``, ``controls``, ``outline``, ``goals`` (the thresholds) and ``met``
        (whether each group meets them). What could not be measured is a sentence beginning "not measured".
    """
    folder = Path(stills_dir)
    goals = goals or ReportGoals()
    stills = {yaw: _face_of(folder / f"neutral_{yaw}.png") for yaw in _YAWS}
    faces = _faces(stills)
    identity = _identity(stills, portrait)
    controls = _controls(folder, stills[0])
    outline = _outline(Path(photo_view) if photo_view else folder / "photo_view.png", portrait)
    return {
        "faces": faces,
        "identity": identity,
        "controls": controls,
        "outline": outline,
        "goals": asdict(goals),
        "met": {
            "faces": all(isinstance(value, dict) and value["found"] for value in faces.values()),
            "identity": _meets(identity, {str(yaw): goals.identity_at(yaw) for yaw in _YAWS}),
            "controls": _meets(controls, dict.fromkeys(STILL_CONTROLS, goals.control_rise)),
            "outline": _meets(outline, {"iou": goals.outline_iou}),
        },
    }


_Still = tuple[np.ndarray, FaceLandmarks | None]


def _read_rgba(path: Path) -> np.ndarray | None:
    """uint8 [H,W,4], straight alpha; None when there is no such picture."""
    if not path.is_file():
        return None
    bgra = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    if bgra is None or bgra.ndim != 3:
        return None
    if bgra.dtype == np.uint16:
        bgra = (bgra / 257).astype(np.uint8)
    return cv2.cvtColor(bgra, cv2.COLOR_BGRA2RGBA if bgra.shape[2] == 4 else cv2.COLOR_BGR2RGBA)


def _face_of(path: Path) -> _Still | None:
    rgba = _read_rgba(path)
    if rgba is None:
        return None
    alpha = rgba[..., 3:].astype(np.float32) / 255
    rgb = (rgba[..., :3] * alpha + _BACKDROP * (1 - alpha) + 0.5).astype(np.uint8)
    return rgb, _head_sized_face(rgb)


def _head_sized_face(rgb: np.ndarray) -> FaceLandmarks | None:
    """The still's face. Drawn locks of hair can look like a small face: then look again below the crown."""
    height = rgb.shape[0]
    for top in (0, round(_CROWN * height)):
        for face in search_faces(np.ascontiguousarray(rgb[top:])):
            if np.ptp(face.points[:, 1]) > _SMALLEST_FACE * height:
                points = face.points + np.array([0, top, 0], np.float32)
                return FaceLandmarks(points, face.blendshapes, face.presence)
    return None


def _faces(stills: dict[int, _Still | None]) -> dict[str, object]:
    """Per yaw: was a face found, and how far is it turned as the landmarker sees it."""
    result: dict[str, object] = {}
    for yaw, still in stills.items():
        if still is None:
            result[str(yaw)] = f"not measured: neutral_{yaw}.png is missing"
        elif still[1] is None:
            result[str(yaw)] = {"found": False}
        else:
            result[str(yaw)] = {"found": True, "seen_yaw": round(head_angles(still[1].points).yaw, 1)}
    return result


def _identity(stills: dict[int, _Still | None], portrait: Portrait) -> dict[str, object] | str:
    """Per yaw: cosine between photo and render."""
    try:
        photo = face_embedding(portrait.image, portrait.landmarks)
    except AssetError as error:
        return f"not measured: {error.sentence} {error.cause}".strip()
    result: dict[str, object] = {}
    for yaw, still in stills.items():
        if still is None:
            result[str(yaw)] = f"not measured: neutral_{yaw}.png is missing"
        elif still[1] is None:
            result[str(yaw)] = "not measured: no face was found in the still"
        else:
            result[str(yaw)] = round(identity_cosine(photo, face_embedding(still[0], still[1].points)), 3)
    return result


def _controls(folder: Path, neutral: _Still | None) -> dict[str, object] | str:
    """Per keyed control: how far its score rises over neutral."""
    if neutral is None or neutral[1] is None:
        return "not measured: no face in neutral_0.png"
    result: dict[str, object] = {}
    for control in STILL_CONTROLS:
        still = _face_of(folder / f"{control}_0.png")
        if still is None:
            result[control] = f"not measured: {control}_0.png is missing"
        elif still[1] is None:
            result[control] = "not measured: no face was found in the still"
        else:
            result[control] = round(score_rise(neutral[1].blendshapes, still[1].blendshapes, control), 3)
    return result


def _outline(path: Path, portrait: Portrait) -> dict[str, object] | str:
    """Overlap of the render's alpha with the photo's matte.

    An avatar has no clothes, so what counts is the head above the jaw line, where the photo has pixels: between the
    angles of the jaw everything above the chin, beside them everything above those angles (collars reach that high).
    """
    rgba = _read_rgba(path)
    if rgba is None:
        return f"not measured: {path.name} is missing"
    size = portrait.matte.shape[1], portrait.matte.shape[0]
    alpha = cv2.resize(rgba[..., 3].astype(np.float32) / 255, size, interpolation=cv2.INTER_LINEAR)
    valid = (portrait.inside > 0.5) & _above_the_jaw(portrait.landmarks, size)
    return {
        "iou": round(mask_iou(alpha, portrait.matte, valid=valid), 4),
        "region": "above the jaw line, inside the photo",
        "iou_with_shoulders": round(mask_iou(alpha, portrait.matte, valid=portrait.inside > 0.5), 4),
    }


def _above_the_jaw(landmarks: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """bool [H,W]: pixels of the head, as far as clothes cannot cover them."""
    columns, rows = np.arange(size[0])[None] + 0.5, np.arange(size[1])[:, None] + 0.5
    right, left = landmarks[RIGHT_JAW_ANGLE, :2], landmarks[LEFT_JAW_ANGLE, :2]
    under_the_face = (columns > min(right[0], left[0])) & (columns < max(right[0], left[0]))
    return rows < np.where(under_the_face, landmarks[CHIN, 1], min(right[1], left[1]))


def _meets(measured: dict[str, object] | str, wanted: dict[str, float]) -> bool:
    if isinstance(measured, str):
        return False
    values = [measured.get(key) for key in wanted]
    return all(isinstance(value, float) and value >= goal for value, goal in zip(values, wanted.values()))
