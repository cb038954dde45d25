"""The seven networks together, loaded strictly from state dicts or from the published files."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from ...errors import AssetError
from ...weights.pickles import CONVERTED, PickleKind, UnreadPickle, convert
from .appearance import AppearanceExtractor
from .generator import SpadeGenerator
from .motion import MotionExtractor
from .retargeting import KeypointMlp
from .sizes import NetworkSizes
from .spectral_norm import folded
from .warping import WarpingModule

State = Mapping[str, torch.Tensor]
_Network = TypeVar("_Network", bound=nn.Module)
_T = TypeVar("_T")

_KIND = PickleKind(layout="states", folder="liveportrait", most_bytes=1 << 30)
_BASE = "base_models"
_MLPS = Path("retargeting_models") / "stitching_retargeting_module.pth"
_PARALLEL = "module."
"""Before every key of the small networks: they were saved from a parallel wrapper."""


@dataclass(frozen=True)
class LivePortraitNetworks:
    """In evaluation mode, without gradients, on one device."""

    appearance: AppearanceExtractor
    motion: MotionExtractor
    warping: WarpingModule
    generator: SpadeGenerator
    stitching: KeypointMlp
    lip: KeypointMlp
    eye: KeypointMlp

    @property
    def device(self) -> torch.device:
        return next(self.warping.parameters()).device


def load_networks(folder: Path, device: torch.device | str = "cpu") -> LivePortraitNetworks:
    """Read the published files in ``folder`` (Hugging Face ``KwaiVGI/LivePortrait``, there ``liveportrait/``).

    The files are read as tensors only: nothing in them runs. Beside or in place of a ``.pth`` may lie what
    :func:`convert_states` made of it.

    Raises:
        AssetError: ``liveportrait.missing``, ``liveportrait.wrong_contents``.
    """
    small = _read(folder / _MLPS)
    states = {
        "appearance": _read(folder / _BASE / "appearance_feature_extractor.pth"),
        "motion": _read(folder / _BASE / "motion_extractor.pth"),
        "warping": _read(folder / _BASE / "warping_module.pth"),
        "generator": _read(folder / _BASE / "spade_generator.pth"),
        "stitching": _small(small, "retarget_shoulder"),
        "lip": _small(small, "retarget_mouth"),
        "eye": _small(small, "retarget_eye"),
    }
    return networks_of_states(states, device)


def networks_of_states(states: Mapping[str, State], device: torch.device | str = "cpu") -> LivePortraitNetworks:
    """Networks with the weights in ``states``, keyed by the fields of :class:`LivePortraitNetworks`.

    How wide and deep they are follows from the weights. The generator's state is the published one, with spectral norm
    in three keys for each weight.

    Raises:
        AssetError: ``liveportrait.wrong_contents``: a key is missing or left over, or shapes contradict each other.
    """
    sizes = _checked("whole", lambda: NetworkSizes.of_states(states))
    points = 3 * sizes.keypoints
    generator = _checked("generator", lambda: folded(states["generator"]))

    def network(name: str, build: Callable[[], _Network], state: State | None = None) -> _Network:
        with torch.device("meta"):  # no memory and no time for weights that are replaced
            empty = build()
        _checked(name, lambda: empty.load_state_dict(states[name] if state is None else state, assign=True))
        return empty.to(device, torch.float32).eval().requires_grad_(False)

    return LivePortraitNetworks(
        appearance=network("appearance", lambda: AppearanceExtractor(sizes)),
        motion=network("motion", lambda: MotionExtractor(sizes)),
        warping=network("warping", lambda: WarpingModule(sizes)),
        generator=network("generator", lambda: SpadeGenerator(sizes), generator),
        stitching=network("stitching", lambda: KeypointMlp(2 * points, sizes.stitching_hidden, points + 2)),
        lip=network("lip", lambda: KeypointMlp(points + 2, sizes.lip_hidden, points)),
        eye=network("eye", lambda: KeypointMlp(points + 3, sizes.eye_hidden, points)),
    )


def _checked(name: str, load: Callable[[], _T]) -> _T:
    """What ``load`` gives; a key or a shape that is not as expected becomes an error for people."""
    try:
        return load()
    except (KeyError, IndexError, ArithmeticError, RuntimeError) as error:
        raise _wrong(f"LivePortrait's network {name!r}", str(error)) from error


def convert_states(path: Path, target: Path) -> None:
    """Write the tensors of a published ``.pth`` to the safetensors file ``target``.

    Raises:
        AssetError: ``liveportrait.missing``, ``liveportrait.wrong_contents``, and the cache's.
    """
    try:
        convert(path, _KIND, target)
    except UnreadPickle as problem:
        missing = problem.why == "missing"
        said = _missing(path, problem.cause) if missing else _wrong(f"The file {path.name}", problem.cause)
        raise said from problem


def _read(path: Path) -> State:
    """Tensors by name; the names of dicts within the file's dict are joined by dots."""
    converted = path.with_suffix(CONVERTED)
    try:
        if converted.is_file():
            return load_file(converted)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise _missing(path, str(error)) from error
    except (pickle.UnpicklingError, SafetensorError, RuntimeError, EOFError) as error:
        raise _wrong(f"The file {path.name}", str(error)) from error
    if not isinstance(state, dict):
        raise _wrong(f"The file {path.name}", f"it holds a {type(state).__name__}")
    return dict(_flat(state))


def _flat(table: Mapping[str, object], path: str = "") -> Iterator[tuple[str, torch.Tensor]]:
    for name, value in table.items():
        if isinstance(value, torch.Tensor):
            yield f"{path}{name}", value
        elif isinstance(value, dict):
            yield from _flat(value, f"{path}{name}.")


def _small(states: State, name: str) -> State:
    """One of the small networks of their common file."""
    start = f"{name}."
    state = {key.removeprefix(start): value for key, value in states.items() if key.startswith(start)}
    if not state:
        raise _wrong(f"The file {_MLPS.name}", f"it has no '{name}'")
    return {key.removeprefix(_PARALLEL): value for key, value in state.items()}


def _missing(path: Path, why: str) -> AssetError:
    return AssetError(
        "liveportrait.missing",
        f"LivePortrait's file {path.name} cannot be read.",
        cause=why,
        fix="Type 'cameo weights fetch liveportrait', or import the folder 'liveportrait' of KwaiVGI/LivePortrait.",
    )


def _wrong(what: str, why: str) -> AssetError:
    return AssetError(
        "liveportrait.wrong_contents",
        f"{what} is not what was published.",
        cause=why[:500],
        fix="Download it again from Hugging Face, KwaiVGI/LivePortrait. The animal models are other networks.",
    )
