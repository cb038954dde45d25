"""The folder of a Stable Diffusion XL model in diffusers' layout: what must be in it, checked before it is loaded.

Everything is read from this folder alone, weights from ``.safetensors`` alone: a ``.bin`` may hold code.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ...errors import AssetError
from .ddim import TRAINING_STEPS, alphas_cumprod

_LAYOUT = "Give a folder in diffusers' layout, such as stabilityai/stable-diffusion-xl-base-1.0 from Hugging Face."


@dataclass(frozen=True)
class Part:
    """One network's folder.

    Attributes:
        folder: holds ``config.json`` and the weights.
        config: the contents of ``config.json``.
        stem: file name of the weights up to the first dot.
    """

    folder: Path
    config: dict[str, Any]
    stem: str

    def variant(self, half: bool) -> str | None:
        """Which of the published precisions to read: "fp16" or None, the full one. ``half``: fp16 is enough.

        Raises:
            AssetError: ``sdxl.missing``, ``sdxl.not_safetensors``.
        """
        there = [variant for variant in (None, "fp16") if self._has(variant)]
        if there:
            return there[-1 if half else 0]
        if any(self.folder.glob(f"{self.stem}*.bin")):
            raise AssetError(
                "sdxl.not_safetensors",
                f"The weights in {self.folder} are not in the safetensors format.",
                cause="They are .bin files, which may hold code that runs when they are opened.",
                fix="Download the .safetensors files of the same model, or convert them where it is safe.",
            )
        raise missing(self.folder, f"{self.stem}.safetensors is not there")

    def _has(self, variant: str | None) -> bool:
        """A file, or the index of several; diffusers' names."""
        mark = f".{variant}" if variant else ""
        names = (f"{self.stem}{mark}.safetensors", f"{self.stem}.safetensors.index{mark}.json")
        return any((self.folder / name).is_file() for name in names)


def autoencoder_part(folder: Path) -> Part:
    """The autoencoder of the model in ``folder``.

    Raises:
        AssetError: ``sdxl.missing``, ``sdxl.wrong_contents``.
    """
    return _network(folder / "vae", "AutoencoderKL")


def unet_part(folder: Path) -> Part:
    """The UNet in ``folder``: a model's, or a folder that holds nothing else (CosmicMan).

    Raises:
        AssetError: ``sdxl.missing``, ``sdxl.wrong_contents``: no UNet, or not one of SDXL's kind.
    """
    inside = folder / "unet"
    part = _network(inside if inside.is_dir() else folder, "UNet2DConditionModel")
    if part.config.get("addition_embed_type") != "text_time":
        raise wrong(part.folder, "the UNet takes no size conditions: it belongs to Stable Diffusion 1 or 2")
    channels = part.config.get("in_channels"), part.config.get("out_channels")
    if channels[0] != channels[1]:
        raise wrong(part.folder, f"the UNet maps {channels[0]} channels to {channels[1]}: it is made for inpainting")
    return part


def text_part(folder: Path, name: str, architecture: str) -> Part:
    """The text encoder in ``folder/name``; ``architecture`` is transformers' name of its class.

    Raises:
        AssetError: ``sdxl.missing``, ``sdxl.wrong_contents``.
    """
    config = _read(folder / name / "config.json")
    if architecture not in config.get("architectures", ()):
        raise wrong(folder / name, f"config.json speaks of {config.get('architectures')}, not of {architecture}")
    return Part(folder / name, config, "model")


def empty_prompt_is_zero(folder: Path) -> bool:
    """Whether the model was trained with zeros in place of a missing text, as SDXL was."""
    return bool(_read(folder / "model_index.json").get("force_zeros_for_empty_prompt", True))


def check_schedule(folder: Path) -> None:
    """See that the model was trained on the noise schedule of :mod:`.ddim`. How it spaces its steps is ours to say.

    Raises:
        AssetError: ``sdxl.missing``, ``sdxl.other_schedule``.
    """
    config = _read(folder / "scheduler" / "scheduler_config.json")
    prediction = config.get("prediction_type", "epsilon")
    if prediction != "epsilon":
        raise _other_schedule(folder, f"it predicts {prediction!r}, not the noise")
    alphas = _trained_alphas(config)
    if alphas is None or len(alphas) != TRAINING_STEPS or not torch.allclose(alphas, alphas_cumprod(), rtol=1e-4):
        names = ("beta_schedule", "beta_start", "beta_end", "num_train_timesteps", "rescale_betas_zero_snr")
        raise _other_schedule(folder, ", ".join(f"{name} {config.get(name)!r}" for name in names))


def _trained_alphas(config: dict[str, Any]) -> torch.Tensor | None:
    """float64 [steps], the product of 1 - beta; None where the schedule is of no kind known here."""
    if config.get("rescale_betas_zero_snr"):
        return None
    betas = config.get("trained_betas")
    if betas is not None:
        return torch.cumprod(1 - torch.tensor(betas, dtype=torch.float64), 0)
    power = {"linear": 1, "scaled_linear": 2}.get(config.get("beta_schedule", ""))
    if power is None:
        return None
    first, last = (float(config[name]) ** (1 / power) for name in ("beta_start", "beta_end"))
    steps = int(config.get("num_train_timesteps", TRAINING_STEPS))
    return torch.cumprod(1 - torch.linspace(first, last, steps, dtype=torch.float64) ** power, 0)


def _network(folder: Path, kind: str) -> Part:
    config = _read(folder / "config.json")
    if config.get("_class_name") != kind:
        raise wrong(folder, f"config.json speaks of {config.get('_class_name')!r}, not of {kind}")
    return Part(folder, config, "diffusion_pytorch_model")


def _read(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise missing(path.parent, str(error)) from error
    except ValueError as error:
        raise wrong(path.parent, f"{path.name} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise wrong(path.parent, f"{path.name} is not a table")
    return value


def missing(folder: Path, why: str) -> AssetError:
    """``sdxl.missing``."""
    return AssetError("sdxl.missing", f"A part of the diffusion model is not in {folder}.", cause=why, fix=_LAYOUT)


def wrong(folder: Path, why: str) -> AssetError:
    """``sdxl.wrong_contents``."""
    return AssetError(
        "sdxl.wrong_contents",
        f"{folder} does not hold a part of a Stable Diffusion XL model.",
        cause=why[:500],
        fix=_LAYOUT,
    )


def _other_schedule(folder: Path, why: str) -> AssetError:
    return AssetError(
        "sdxl.other_schedule",
        f"The diffusion model in {folder} was trained on another noise schedule than Stable Diffusion XL.",
        cause=why,
        fix="Take a model that was fine-tuned from SDXL base without changing its noise.",
    )
