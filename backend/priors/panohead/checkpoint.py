"""Reads PanoHead's published file. It is a pickle that brings its own source text; none of that runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

from ...errors import AssetError
from ...weights.pickles import PickleKind, UnreadPickle, convert, kept_tensors
from .config import PanoHeadConfig
from .generator import PanoHeadGenerator

KIND = PickleKind(layout="generator", folder="panohead", most_bytes=2 << 30, seconds=600.0)
"""The file holds the generator twice and a discriminator, about 0.6 GB."""
_ATTRIBUTE = "attribute:"
_PLANE_AXES = f"{_ATTRIBUTE}renderer.plane_axes"


@dataclass(frozen=True)
class PanoHeadCheckpoint:
    """What the file holds.

    Attributes:
        state: tensors by name, as torch's state dict has them.
        arguments: of the network's constructor, the rendering settings as they were at the end of the training.
        plane_axes: [3,3,3] of the tri-grid.
        raw_size: side of the volume rendering when the training ended.
    """

    state: Mapping[str, Tensor]
    arguments: Mapping[str, object]
    plane_axes: Tensor
    raw_size: int


def read_checkpoint(path: Path) -> PanoHeadCheckpoint:
    """The averaged generator (``G_ema``) of a ``.pkl`` as PanoHead's training writes it, or of what was made of one.

    Raises:
        AssetError: ``panohead.missing``, ``panohead.too_large``, ``panohead.refused``, ``panohead.reader_failed``,
            ``panohead.wrong_contents``, and the cache's.
    """
    try:
        kept = kept_tensors(path, KIND)
    except UnreadPickle as problem:
        raise _in_words(path, problem) from problem
    with safe_open(kept, framework="pt") as file:
        tensors: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict
        settings = json.loads(file.metadata()["settings"])
    match settings, tensors.get(_PLANE_AXES):
        case (
            {
                "_init_kwargs": dict(arguments),
                "rendering_kwargs": dict(rendering),
                "neural_rendering_resolution": int(size),
            },
            Tensor(shape=(3, 3, 3)) as axes,
        ):
            state = {name: value for name, value in tensors.items() if not name.startswith(_ATTRIBUTE)}
            return PanoHeadCheckpoint(state, {**arguments, "rendering_kwargs": rendering}, axes.float(), size)
    raise _wrong_contents(path, "Its network has not PanoHead's settings.")


def convert_checkpoint(path: Path, target: Path) -> None:
    """Write the generator of a ``.pkl`` to the safetensors file ``target``; :func:`read_checkpoint` reads that, too.

    Raises:
        AssetError: ``panohead.missing``, ``panohead.too_large``, ``panohead.refused``, ``panohead.reader_failed``.
    """
    try:
        convert(path, KIND, target)
    except UnreadPickle as problem:
        raise _in_words(path, problem) from problem


def load_generator(path: Path) -> tuple[PanoHeadGenerator, int]:
    """The network of a checkpoint, frozen, on the CPU, and the side of the volume rendering it was trained for.

    Raises:
        AssetError: as :func:`read_checkpoint`, and ``panohead.unsupported``.
    """
    checkpoint = read_checkpoint(path)
    config = PanoHeadConfig.of_checkpoint(checkpoint.arguments)
    config = replace(config, superresolution_widths=_superresolution_widths(checkpoint.state, config))
    try:
        generator = PanoHeadGenerator.of_state(config, checkpoint.state, checkpoint.plane_axes)
    except RuntimeError as error:
        raise _wrong_contents(path, str(error)[:300]) from error
    if not all(torch.isfinite(value).all() for value in checkpoint.state.values()):
        raise _wrong_contents(path, "Some of its weights are not numbers.")
    return generator, checkpoint.raw_size


def _superresolution_widths(state: Mapping[str, Tensor], config: PanoHeadConfig) -> tuple[int, int]:
    """Of the tensors: no argument of the constructor says them, and small networks of tests have others."""
    first, second = (state.get(f"superresolution.block{index}.conv1.weight") for index in (0, 1))
    if first is None or second is None or not (first.ndim and second.ndim):
        return config.superresolution_widths  # the loading says what is missing
    return first.shape[0], second.shape[0]


def _wrong_contents(path: Path, cause: str) -> AssetError:
    return AssetError(
        "panohead.wrong_contents",
        f"The file {path.name} does not hold PanoHead's generator.",
        cause=cause,
        fix="Download easy-khair-180-gpc0.8-trans10-025000.pkl again from the PanoHead authors' page.",
    )


def _in_words(path: Path, problem: UnreadPickle) -> AssetError:
    match problem.why:
        case "missing":
            return AssetError(
                "panohead.missing",
                f"The file {path.name} cannot be read.",
                cause=problem.cause,
                fix="Check the path of PanoHead's checkpoint.",
            )
        case "too_large":
            return AssetError(
                "panohead.too_large",
                f"The file {path.name} is too large to be a PanoHead checkpoint.",
                cause=problem.cause,
                fix="Choose easy-khair-180-gpc0.8-trans10-025000.pkl.",
            )
        case "refused":
            return AssetError(
                "panohead.refused",
                f"The file {path.name} was not read: it is no PanoHead checkpoint as published. Nothing in it was run.",
                cause=problem.cause,
                fix="Download it again from its authors' page. A file from elsewhere may be damaged, or an attack.",
            )
        case "failed":
            return AssetError(
                "panohead.reader_failed",
                f"The file {path.name} could not be read.",
                cause=problem.cause,
                fix="Download easy-khair-180-gpc0.8-trans10-025000.pkl again from the PanoHead authors' page.",
            )
