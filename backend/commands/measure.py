"""``cameo measure``: how good are the rendered stills of an avatar, compared with its photo?"""

from __future__ import annotations

import json
from pathlib import Path

import tyro


def measure(
    stills: tyro.conf.Positional[Path],
    photo: tyro.conf.Positional[Path],
    output: Path | None = None,
    face: int | None = None,
) -> None:
    """Measure likeness, outline and controls on stills and print the figures as JSON.

    Args:
        stills: Folder with neutral_0.png, neutral_30.png, ..., jawOpen_0.png, ... and photo_view.png.
        photo: The picture that the avatar was made from.
        output: Write the JSON to this file instead of printing it.
        face: Which face of the photo, counted from the largest (0).
    """
    from ..metrics.avatar_report import measure_stills  # the server's process shares this command line: load it lean
    from ..pipeline.portrait import prepare_portrait

    report = json.dumps(measure_stills(stills, prepare_portrait(photo, face=face)), indent=2)
    if output is None:
        print(report)
    else:
        output.write_text(report + "\n", encoding="utf-8")
