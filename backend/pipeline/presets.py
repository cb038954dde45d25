"""Quality settings an artist chooses from, and the further options of a request."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from ..config import AppearanceConfig, BuiltinConfig, InitialCloudConfig, PortraitConfig, ReconstructionConfig
from ..errors import CameoError

_HAIR = ("auto", "hair", "hat", "bald")


@dataclass(frozen=True)
class Preset:
    """One quality setting.

    Attributes:
        name: stable.
        title: for the artist.
        cost: what it takes, in words.
        offered: false for what is of no use to an artist.
        baked_view: the view whose look the avatar gets; None: the photo's.
    """

    name: str
    title: str
    cost: str
    portrait: PortraitConfig
    engine: BuiltinConfig
    reconstruction: ReconstructionConfig
    offered: bool = True
    baked_view: int | None = None


def _toy() -> Preset:
    reconstruction = ReconstructionConfig(
        preset="toy",
        cloud=InitialCloudConfig(gaussians=3000),
        appearance=AppearanceConfig(hidden=16),
        size=128,
        static_steps=20,
        coin_steps=5,
    )
    title, cost = "Toy", "seconds; only to test the whole way"
    return Preset("toy", title, cost, PortraitConfig(), BuiltinConfig.toy(), reconstruction, offered=False)


PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            "preview",
            "Preview",
            "about 5 minutes on 2 cores",
            PortraitConfig(),
            BuiltinConfig(),
            ReconstructionConfig.preview(),
        ),
        Preset(
            "standard",
            "Standard",
            "about 15 minutes on 2 cores",
            PortraitConfig(),
            BuiltinConfig(),
            ReconstructionConfig.standard(),
        ),
        Preset(
            "paper",
            "Paper schedule",
            "hours on a GPU, days without one",
            PortraitConfig(),
            BuiltinConfig(),
            ReconstructionConfig.paper(),
        ),
        _toy(),
    )
}


def preset_for(name: str, options: Mapping[str, object]) -> Preset:
    """The preset of that name with a request's options applied.

    Options: ``hair`` (auto, hair, hat, bald), ``seed`` (whole number), ``head_model_path`` (FLAME's model file),
    ``baked_view`` (number of a training view; -1: the photo's).

    Raises:
        CameoError: ``request.unknown_preset``, ``request.unknown_option``, ``request.bad_option``.
    """
    if name not in PRESETS:
        offered = ", ".join(preset.name for preset in PRESETS.values() if preset.offered)
        raise CameoError(
            "request.unknown_preset", f"There is no preset named {name!r}.", fix=f"Choose one of: {offered}."
        )
    preset = PRESETS[name]
    for option, value in options.items():
        preset = _with_option(preset, option, value)
    return preset


def _with_option(preset: Preset, option: str, value: object) -> Preset:
    match option, value:
        case "hair", str() if value in _HAIR:
            return dataclasses.replace(preset, engine=dataclasses.replace(preset.engine, hair=value))
        case "head_model_path", str():
            return dataclasses.replace(preset, engine=dataclasses.replace(preset.engine, head_model_path=value))
        case "seed", int() if not isinstance(value, bool):
            engine = dataclasses.replace(preset.engine, seed=value)
            reconstruction = dataclasses.replace(preset.reconstruction, seed=value)
            return dataclasses.replace(preset, engine=engine, reconstruction=reconstruction)
        case "baked_view", int() if not isinstance(value, bool) and value >= -1:
            return dataclasses.replace(preset, baked_view=value if value >= 0 else None)
        case "hair" | "seed" | "head_model_path" | "baked_view", _:
            raise CameoError(
                "request.bad_option",
                f"The option {option!r} cannot be {value!r}.",
                fix=f"hair is one of {', '.join(_HAIR)}; seed is a whole number; head_model_path is a file's path; "
                "baked_view is the number of a view.",
            )
    raise CameoError(
        "request.unknown_option",
        f"There is no option named {option!r}.",
        fix="The options are hair, seed, head_model_path and baked_view.",
    )
