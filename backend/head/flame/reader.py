"""The arrays of FLAME's pickles, read without running anything in them; refusals in words about FLAME."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from ...errors import AssetError
from ...weights.pickles import PickleKind, UnreadPickle, convert, kept_tensors, pickle_hash

KIND = PickleKind(layout="table", folder="flame", most_bytes=512 << 20)
"""Larger files are not FLAME (the 2020 model has 53 MB)."""


def file_hash(path: Path) -> str:
    """sha256 of a file, hexadecimal.

    Raises:
        AssetError: ``flame.missing``, ``flame.too_large``.
    """
    try:
        return pickle_hash(path, KIND)
    except UnreadPickle as problem:
        raise _in_words(path, problem) from problem


def pickled_arrays(path: Path) -> dict[str, np.ndarray]:
    """The named number arrays of a pickled dict (``.pkl``, or ``.npy`` that holds a dict). Nothing in the file runs.

    Also of a ``.safetensors`` that :func:`convert_arrays` wrote.

    Raises:
        AssetError: ``flame.missing``, ``flame.too_large``, ``flame.refused``, ``flame.reader_failed``, and the cache's.
    """
    try:
        return load_file(kept_tensors(path, KIND))
    except UnreadPickle as problem:
        raise _in_words(path, problem) from problem


def convert_arrays(path: Path, target: Path) -> None:
    """Write the arrays of a pickled dict to the safetensors file ``target``.

    Raises:
        AssetError: as :func:`pickled_arrays`.
    """
    try:
        convert(path, KIND, target)
    except UnreadPickle as problem:
        raise _in_words(path, problem) from problem


def _in_words(path: Path, problem: UnreadPickle) -> AssetError:
    match problem.why:
        case "missing":
            return AssetError(
                "flame.missing",
                f"The file {path.name} cannot be read.",
                cause=problem.cause,
                fix="Check the path of the head model in the preferences, or leave it empty for the built-in head.",
            )
        case "too_large":
            return AssetError(
                "flame.too_large",
                f"The file {path.name} is too large to be a FLAME file.",
                cause=problem.cause,
                fix="Choose generic_model.pkl, flame2023.pkl or flame2023_Open.pkl.",
            )
        case "refused":
            return AssetError(
                "flame.refused",
                f"The file {path.name} was not read: it is not a FLAME file as published. Nothing in it was run.",
                cause=problem.cause,
                fix="Download it again from the FLAME site. A file from elsewhere may be damaged, or may be an attack.",
            )
        case "failed":
            return AssetError(
                "flame.reader_failed",
                f"The file {path.name} could not be read.",
                cause=problem.cause,
                fix="Download the file again from the FLAME site; if it fails again, leave the head model empty.",
            )
