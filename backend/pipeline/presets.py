"""Quality settings an artist chooses from, and the further options of a request."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from ...protocol.messages import Scalar
from ..config import AppearanceConfig, BuiltinConfig, InitialCloudConfig, PortraitConfig, ReconstructionConfig
from ..engines.facecraft4d.config import FaceCraft4DConfig
from ..errors import CameoError
from .overrides import overridden

EngineConfig = BuiltinConfig | FaceCraft4DConfig
GENERATED_REFERENCE_SHARE = 0.25
"""Part of the training steps that show the artist's own picture, where networks made the others (``docs/coin.md``)."""


@dataclass(frozen=True)
class Preset:
    """One quality setting.

    Attributes:
        name: stable.
        title: for the artist.
        cost: what it takes, in words.
        offered: false for what is of no use to an artist.
        engines: every engine's settings by its name.
        baked_view: the view whose look the avatar gets; None: the photo's.
    """

    name: str
    title: str
    cost: str
    portrait: PortraitConfig
    engines: Mapping[str, EngineConfig]
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
    engines = {"builtin": BuiltinConfig.toy(), "facecraft4d": FaceCraft4DConfig.toy()}
    return Preset("toy", title, cost, PortraitConfig(), engines, reconstruction, offered=False)


_ENGINES: Mapping[str, EngineConfig] = {"builtin": BuiltinConfig(), "facecraft4d": FaceCraft4DConfig()}


PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            "preview",
            "Preview",
            "about 5 minutes on 2 cores",
            PortraitConfig(),
            _ENGINES,
            ReconstructionConfig.preview(),
        ),
        Preset(
            "standard",
            "Standard",
            "about 15 minutes on 2 cores",
            PortraitConfig(),
            _ENGINES,
            ReconstructionConfig.standard(),
        ),
        Preset(
            "paper",
            "Paper schedule",
            "hours on a GPU, days without one",
            PortraitConfig(),
            _ENGINES,
            ReconstructionConfig.paper(),
        ),
        _toy(),
    )
}


def preset_for(name: str, options: Mapping[str, Scalar], engine: str = "builtin") -> Preset:
    """The preset of that name with a request's options applied.

    Options: ``hair`` (auto, hair, hat, bald; the built-in engine's), ``seed`` (whole number), ``head_model_path``
    (FLAME's model file), ``baked_view`` (number of a training view; -1: the photo's), and any setting of a stage by
    its path: ``portrait.size``, ``engine.view_size``, ``reconstruction.static_steps``.

    Raises:
        CameoError: ``request.unknown_preset``, ``request.unknown_option``, ``request.bad_option``.
    """
    if name not in PRESETS:
        offered = ", ".join(preset.name for preset in PRESETS.values() if preset.offered)
        raise CameoError(
            "request.unknown_preset", f"There is no preset named {name!r}.", fix=f"Choose one of: {offered}."
        )
    preset = PRESETS[name]
    if engine != "builtin":
        preset = _with_setting(preset, "reconstruction.reference_share", GENERATED_REFERENCE_SHARE, engine)
    for option, value in options.items():
        preset = _with_option(preset, option, value, engine)
    return preset


def _with_option(preset: Preset, option: str, value: Scalar, engine: str) -> Preset:
    match option, value:
        case "hair", "auto":  # what every engine does that does not know better
            return _with_setting(preset, "engine.hair", value, engine) if engine == "builtin" else preset
        case "hair" | "head_model_path", _:
            return _with_setting(preset, f"engine.{option}", value, engine)
        case "seed", _:
            preset = _with_setting(preset, "engine.seed", value, engine)
            return _with_setting(preset, "reconstruction.seed", value, engine)
        case "baked_view", int() if not isinstance(value, bool) and value >= -1:
            return dataclasses.replace(preset, baked_view=value if value >= 0 else None)
        case "baked_view", _:
            raise CameoError(
                "request.bad_option", f"The option 'baked_view' cannot be {value!r}.", fix="It is the number of a view."
            )
    return _with_setting(preset, option, value, engine)


def _with_setting(preset: Preset, path: str, value: Scalar, engine: str) -> Preset:
    """``preset`` with one setting of portrait, engine or reconstruction changed."""
    root, _, rest = path.partition(".")
    match root:
        case "engine" if rest:
            changed = overridden(preset.engines[engine], rest, value, inside=root)
            return dataclasses.replace(preset, engines={**preset.engines, engine: changed})
        case "portrait" | "reconstruction" if rest:
            changed = overridden(getattr(preset, root), rest, value, inside=root)
            return dataclasses.replace(preset, **{root: changed})
    raise CameoError(
        "request.unknown_option",
        f"There is no option named {path!r}.",
        fix="The options are hair, seed, head_model_path, baked_view, and settings such as portrait.size, "
        "engine.seed or reconstruction.static_steps.",
    )
