"""What the text says to SDXL's UNet: two text encoders' features, one summary. Computed once, then the encoders go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from .sdxl_files import Part, empty_prompt_is_zero, missing, text_part, wrong

_ENCODERS = (
    ("text_encoder", "tokenizer", "CLIPTextModel"),
    ("text_encoder_2", "tokenizer_2", "CLIPTextModelWithProjection"),
)
_TOKENS = 77
_TIME_IDS = 6


@dataclass(frozen=True)
class TextCondition:
    """One or more texts.

    Attributes:
        features: float32 [B,77,channels], both encoders' last layer but one, side by side.
        summary: float32 [B,channels], the second encoder's pooled projection.
    """

    features: torch.Tensor
    summary: torch.Tensor


def condition(folder: Path, unet: dict[str, Any], prompts: list[str], device: torch.device) -> TextCondition:
    """Encode ``prompts`` with the model in ``folder`` for a UNet with the config ``unet``.

    Where the model was trained with zeros for a missing text, an empty prompt is zeros, and if all are empty the
    encoders need not even be there.

    Raises:
        AssetError: ``sdxl.missing``, ``sdxl.wrong_contents``, ``sdxl.not_safetensors``.
    """
    time_width = unet.get("addition_time_embed_dim") or 0
    widths = (
        int(unet["cross_attention_dim"]),
        int(unet["projection_class_embeddings_input_dim"]) - _TIME_IDS * time_width,
    )
    blank = [prompt == "" and empty_prompt_is_zero(folder) for prompt in prompts]
    if all(blank):
        return TextCondition(torch.zeros(len(prompts), _TOKENS, widths[0]), torch.zeros(len(prompts), widths[1]))
    encoded = [_encode(folder, *names, prompts, device) for names in _ENCODERS]
    features, summary = torch.cat([each.features for each in encoded], -1), encoded[-1].summary
    if (features.shape[-1], summary.shape[-1]) != widths:
        have = f"the text encoders give {features.shape[-1]} and {summary.shape[-1]} channels"
        raise wrong(folder, f"{have}, the UNet wants {widths[0]} and {widths[1]}")
    said = torch.tensor([not empty for empty in blank], dtype=torch.float32)
    return TextCondition(features * said[:, None, None], summary * said[:, None])


def _encode(
    folder: Path, encoder: str, tokenizer: str, architecture: str, prompts: list[str], device: torch.device
) -> TextCondition:
    """One encoder's features; its ``summary`` is the projection where it has one, else of no use."""
    import transformers

    part = text_part(folder, encoder, architecture)
    words = _tokenizer(folder / tokenizer)
    tokens = words(prompts, padding="max_length", max_length=_TOKENS, truncation=True, return_tensors="pt")
    model = _text_model(getattr(transformers, architecture), part, device)
    with torch.inference_mode():
        out = model(tokens.input_ids.to(device), output_hidden_states=True)
    features = out.hidden_states[-2].float().cpu()
    return TextCondition(features, out[0].float().cpu())


def _tokenizer(folder: Path) -> Any:
    import transformers

    if not (folder / "tokenizer_config.json").is_file():
        raise missing(folder, "tokenizer_config.json is not there")
    try:
        return transformers.CLIPTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, TypeError) as error:
        raise wrong(folder, str(error)) from error


def _text_model(kind: Any, part: Part, device: torch.device) -> Any:
    half = device.type == "cuda"
    try:
        model, notes = kind.from_pretrained(
            part.folder,
            local_files_only=True,
            use_safetensors=True,
            variant=part.variant(half),
            dtype=torch.float16 if half else torch.float32,
            output_loading_info=True,
        )
    except (OSError, RuntimeError, ValueError) as error:
        raise wrong(part.folder, str(error)) from error
    if notes["missing_keys"] or notes["mismatched_keys"]:
        raise wrong(part.folder, f"weights are missing: {sorted(notes['missing_keys'])[:5]}")
    return model.to(device).eval()
