"""What the scene's objects do not say about an avatar, kept on its root, so that it can go back into a file."""

from __future__ import annotations

import json
from typing import NamedTuple

import bpy

from ...protocol.avatar import AvatarData
from ...protocol.avatar_header import AvatarControl, controls_to_json, read_controls
from ...protocol.errors import CameoError

SOURCE, THUMBNAIL = "cameo_source", "cameo_thumbnail"  # on the root: JSON; the picture's PNG, if any


class Source(NamedTuple):
    """Parts of an avatar file that no object holds."""

    unit_names: tuple[str, ...]
    controls: tuple[AvatarControl, ...]
    provenance: dict[str, object]
    thumbnail_png: bytes


def keep(root: bpy.types.Object, data: AvatarData) -> None:
    """Remember these parts of ``data`` on the avatar's root."""
    kept = {"units": data.unit_names, "controls": controls_to_json(data.controls), "provenance": data.provenance}
    root[SOURCE] = json.dumps(kept)
    if data.thumbnail_png:
        root[THUMBNAIL] = data.thumbnail_png


def kept_source(root: bpy.types.Object) -> Source:
    """What :func:`keep` remembered.

    Raises:
        CameoError: ``avatar.not_exportable``, the avatar was brought in by an earlier Cameo.
    """
    if SOURCE not in root:
        raise CameoError(
            "avatar.not_exportable",
            f"'{root.name}' cannot be written to an avatar file.",
            cause="It was brought in by an earlier Cameo, which did not keep all that such a file holds.",
            fix="Import its avatar file again.",
        )
    kept = json.loads(root[SOURCE])
    units = tuple(kept["units"])
    controls = read_controls(kept["controls"], len(units))
    return Source(units, controls, kept["provenance"], bytes(root.get(THUMBNAIL, b"")))
