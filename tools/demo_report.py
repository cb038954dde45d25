"""After the rendering, in the backend's environment: the contact sheet and ``report.json``.

python -m cameo.tools.demo_report OUT_DIR PHOTO TIMES.json
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import metadata, version
from pathlib import Path

import cv2
import numpy as np

from ..backend.metrics.avatar_report import measure_stills
from ..backend.pipeline.portrait import prepare_portrait
from ..backend.weights.registry import ASSETS
from ..protocol.avatar import AvatarData, read_avatar
from ..protocol.version import SOFTWARE_VERSION

CELL = 256
COLUMNS = 7
BACKGROUND = 96.0  # sRGB grey behind transparent stills
PACKAGES = ("numpy", "torch", "numba", "opencv-python-headless", "scipy", "ai-edge-litert", "pyzmq")


def contact_sheet(stills: list[Path], portrait: np.ndarray) -> np.ndarray:
    """The photo and all stills with their names, uint8 BGR."""
    cells = [_labelled(portrait[..., ::-1].astype(np.float32), "photo")]
    for path in stills:
        straight = np.asarray(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), np.float32)
        alpha = straight[..., 3:] / 255
        cells.append(_labelled(straight[..., :3] * alpha + BACKGROUND * (1 - alpha), path.stem))
    empty = np.full_like(cells[0], int(BACKGROUND))
    cells += [empty] * (-len(cells) % COLUMNS)
    rows = [np.hstack(cells[i : i + COLUMNS]) for i in range(0, len(cells), COLUMNS)]
    return np.vstack(rows)


def _labelled(picture: np.ndarray, text: str) -> np.ndarray:
    height, width = picture.shape[:2]
    cell = cv2.resize(picture, (CELL, CELL * height // width), interpolation=cv2.INTER_AREA)[:CELL]
    cell = np.ascontiguousarray(cell.round(), np.uint8)
    for color, thickness in ((0, 3), (255, 1)):
        cv2.putText(cell, text, (6, CELL - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (color,) * 3, thickness, cv2.LINE_AA)
    return cell


def describe(data: AvatarData, quality: dict[str, object], demo: dict[str, object]) -> dict[str, object]:
    """The report: what was made, from what, how long it took, how good it is."""
    provenance = dict(data.provenance)
    used = {
        row.name: {"licence": row.licence, "for": row.role}
        for row in ASSETS.values()
        if row.role != "picture" or row.name == demo.get("photo")
    }
    return {
        "gaussians": len(data.gaussian_face),
        "mesh": {"vertices": len(data.vertices), "faces": len(data.faces), "controls": len(data.controls)},
        "stages": provenance.pop("stages", []),
        "demo": demo,
        "quality": quality,
        "licences": {
            "Cameo": "GPL-3.0-or-later",
            "head model": "CC0 (MakeHuman/MPFB2 and ARKit face units, see NOTICE)",
            **used,
            **{name: _licence(name) for name in PACKAGES},
            "Blender (bpy)": "GPL-3.0-or-later",
        },
        "versions": {
            "cameo": SOFTWARE_VERSION,
            "blender": demo.get("blender"),
            "python": sys.version.split()[0],
            **{name: version(name) for name in PACKAGES},
        },
        "provenance": provenance,
    }


def _licence(package: str) -> str:
    """As the installed package states it."""
    stated = metadata(package).json
    classifiers = [str(one) for one in stated.get("classifier", ()) if str(one).startswith("License")]
    classified = next((one.rpartition(" :: ")[2] for one in classifiers), "")
    text = str(stated.get("license_expression") or classified or stated.get("license") or "not stated")
    return text.strip().splitlines()[0][:120]


def main() -> None:
    out, photo, times = (Path(argument) for argument in sys.argv[1:4])
    stills = sorted((out / "stills").glob("*.png"), key=_reading_order)
    portrait = prepare_portrait(photo)
    shown = [path for path in stills if path.stem != "photo_view"]
    cv2.imwrite(str(out / "contact_sheet.png"), contact_sheet(shown, portrait.image))
    quality = measure_stills(out / "stills", portrait)
    report = describe(read_avatar(out / "avatar.cameo"), quality, json.loads(times.read_text(encoding="utf-8")))
    (out / "report.json").write_text(json.dumps(report, indent=2, default=str) + "\n", encoding="utf-8")
    print(json.dumps({"met": quality.get("met"), "identity": quality.get("identity")}))


def _reading_order(path: Path) -> tuple[bool, str, int]:
    control, _, yaw = path.stem.rpartition("_")
    number = int(yaw) if yaw.lstrip("-").isdigit() else 0
    return control != "neutral", control, number % 360


if __name__ == "__main__":
    main()
