"""The joints of every head, in FLAME's order, by the names of their bones."""

from __future__ import annotations

JOINT_NAMES = ("root", "neck", "jaw", "left_eye", "right_eye")
JOINT_PARENTS = (-1, 0, 1, 1, 1)
