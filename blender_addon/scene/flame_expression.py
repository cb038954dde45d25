"""FLAME's expression coefficients on an avatar's controls, where the avatar was made on FLAME.

Such an avatar's proxy holds FLAME's own expression directions as shape keys (``expression000``, ...), beside those that
its controls drive. The controls' values are the least-squares answer within 0..1: the face that the sliders can make
that lies closest to FLAME's, over all vertices. On another head the coefficients mean nothing.
"""

from __future__ import annotations

from dataclasses import replace

import bpy
import numpy as np

from ..motion.clip import MotionClip
from .avatar import control_names, parts_of
from .picture import posed

RAW = "expression{:03d}"  # backend/head/flame/head_model.py
_SWEEPS = 200
_RIDGE = 1e-4  # of the strongest control's square: controls that do the same share the work
_ELSEWHERE = "jawOpen", "eyeLook"  # what joints do, which the file turns itself


def expression_on_controls(context: bpy.types.Context, member: bpy.types.Object, clip: MotionClip) -> MotionClip:
    """The clip with its expression on controls, or, on a head that is not FLAME, without it; its notes say which."""
    if clip.expression is None:
        return clip
    raw = _raw_directions(member, clip.expression.shape[1])
    if not len(raw):
        note = (
            "The expressions were left out: they are numbers of FLAME's own, and this avatar is not made on FLAME. "
            "Joints and blinks move. With FLAME's file, the command cameo motion puts them onto controls."
        )
        return replace(clip, expression=None, notes=(*clip.notes, note))
    names, directions = _control_directions(context, member)
    used = clip.expression[:, : len(raw)]
    values, missed = bounded_fit(directions, used @ raw)
    note = f"FLAME's expressions were fitted to {len(names)} controls; {missed:.0%} of their motion is not reached."
    controls = {name: values[:, k] for k, name in enumerate(names)}
    return replace(clip, controls={**controls, **clip.controls}, expression=None, notes=(*clip.notes, note))


def bounded_fit(directions: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, float]:
    """min |c @ directions - wanted|^2 over 0 <= c <= 1, by coordinate descent on the normal equations.

    Args:
        directions: [C,D]. wanted: [T,D].

    Returns:
        c [T,C], and the share of ``wanted``'s length that is not reached, 0..1.
    """
    gram = directions @ directions.T
    ridge = _RIDGE * max(float(gram.diagonal().max(initial=0.0)), 1e-30)
    gram[np.diag_indices_from(gram)] += ridge
    target = wanted @ directions.T
    values = np.zeros_like(target)
    for _ in range(_SWEEPS):
        before = values.copy()
        for c in range(gram.shape[0]):
            rest = target[:, c] - values @ gram[:, c] + values[:, c] * gram[c, c]
            values[:, c] = np.clip(rest / gram[c, c], 0.0, 1.0)
        if np.abs(values - before).max(initial=0.0) < 1e-5:
            break
    length = float(np.linalg.norm(wanted))
    return values, float(np.linalg.norm(values @ directions - wanted)) / length if length > 0 else 0.0


def _raw_directions(member: bpy.types.Object, count: int) -> np.ndarray:
    """[K,3V] of FLAME's first ``count`` expression components, as many as the avatar has."""
    keys = parts_of(member).head.data.shape_keys.key_blocks
    names = [RAW.format(k) for k in range(count)]
    found = names[: next((k for k, name in enumerate(names) if name not in keys), count)]
    return _directions(keys, found)


def _control_directions(context: bpy.types.Context, member: bpy.types.Object) -> tuple[list[str], np.ndarray]:
    """Named controls and where each moves the vertices at 1, joints aside; read from what the drivers make of it."""
    parts = parts_of(member)
    keys = parts.head.data.shape_keys.key_blocks
    units = [key.name for key in keys[1:] if not key.name.startswith(("pose_", RAW[:10]))]
    candidates = [n for n in control_names(member) if not n.startswith((*_ELSEWHERE, "AU", RAW[:10]))]
    rows = []
    for name in candidates:
        with posed(member, {name: 1.0}):
            context.view_layer.update()
            evaluated = parts.head.evaluated_get(context.evaluated_depsgraph_get()).data.shape_keys.key_blocks
            rows.append([evaluated[unit].value for unit in units])
    gains = np.array(rows)
    moving = np.abs(gains).max(axis=1) > 1e-6
    names = [name for name, moves in zip(candidates, moving) if moves]
    return names, gains[moving] @ _directions(keys, units)


def _directions(keys: bpy.types.bpy_prop_collection, names: list[str]) -> np.ndarray:
    """[K,3V] float64: each key's points less the basis."""
    size = 3 * len(keys[0].points)
    points = np.empty((len(names) + 1, size), np.float32)
    for row, key in zip(points, [keys[0], *(keys[name] for name in names)]):
        key.points.foreach_get("co", row)
    return points[1:].astype(np.float64) - points[0]
