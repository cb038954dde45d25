"""A latent diffusion model of the Stable Diffusion XL family, read from files: encode, decode, and the noise it sees.

The only module that imports diffusers, and it does so when a model is loaded (version 0.31 and later). SDXL's
conditions: Podell et al. 2023, section 2.2; the published folder:
https://huggingface.co/stabilityai/stable-diffusion-xl-base-1.0
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ...errors import AssetError
from .attention import MutualAttention, Source
from .config import DiffusionConfig
from .ddim import Noise
from .sdxl_files import Part, autoencoder_part, check_schedule, unet_part, wrong
from .sdxl_text import TextCondition, condition

_GB = 1 << 30
_RESERVE = 4 * _GB
"""For the autoencoder at work and the reference's remembered keys and values; estimated for SDXL at 1024 pixels."""
_BYTES_PER_CELL = 320
"""What the UNet needs for each latent cell of a view, per channel of its first level; estimated from SDXL's known
need of about 1 GB for a view of 128 x 128 cells in fp16, with room to spare."""


@dataclass
class DiffusionModels:
    """The networks, at rest on the CPU; :meth:`at_work` brings them to ``device``.

    Attributes:
        unet, vae: of diffusers, in evaluation mode, without gradients. The autoencoder computes in fp32: SDXL's
            overflows in fp16.
        text: of the negative prompt and the prompt, in this order.
        config: what they were loaded for.
        device: where they compute; the UNet in fp16 on a GPU.
    """

    unet: Any
    vae: Any
    text: TextCondition
    config: DiffusionConfig
    device: torch.device

    @property
    def cell(self) -> int:
        """Pixels of a latent cell's side: 8 with SDXL's autoencoder."""
        return 2 ** (len(self.vae.config.block_out_channels) - 1)

    @property
    def halves(self) -> int:
        """Batches that denoising needs: 2 under guidance, else 1."""
        return 1 if self.config.guidance == 1 else 2

    def views_at_once(self, size: int, memory_gb: float) -> int:
        """How many views of ``size`` pixels a side one pass may hold, at least 1."""
        resident = sum(weight.nbytes for weight in self.unet.parameters()) + _RESERVE
        cells = (size // self.cell) ** 2
        width = self.unet.config.block_out_channels[0] * (2 if self.device.type == "cuda" else 4) / 2
        return max(1, int((memory_gb * _GB - resident) / (self.halves * cells * width * _BYTES_PER_CELL)))

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """While inside, the networks are on ``device``; afterwards its memory is free again."""
        try:
            with torch.inference_mode():
                self._move(self.device)
                yield
        finally:
            self._move(torch.device("cpu"))
            if self.device.type == "cuda":
                torch.cuda.empty_cache()

    def encode(self, pictures: torch.Tensor) -> torch.Tensor:
        """Latents float32 [B,C,H/cell,W/cell] of ``pictures`` float [B,3,H,W] sRGB 0..1, one at a time."""
        scale = self.vae.config.scaling_factor
        one = (
            self.vae.encode(picture[None].to(self.device) * 2 - 1).latent_dist.mode() for picture in pictures.float()
        )
        return torch.cat(list(one)) * scale

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """Pictures float32 [B,3,H,W] sRGB 0..1 on the CPU of ``latents``, one at a time."""
        scale = self.vae.config.scaling_factor
        one = (self.vae.decode(latent[None] / scale).sample.cpu() for latent in latents)
        return (torch.cat(list(one)) / 2 + 0.5).clamp(0, 1)

    def noise(self, control: MutualAttention, source: Source) -> Noise:
        """What the UNet takes for noise, for :mod:`.ddim`, with ``control`` in its attention layers.

        Ordinary attention (``Source.NONE``) is inversion's and has no guidance.
        """
        halves = 1 if source is Source.NONE else self.halves

        def noise(latent: torch.Tensor, timestep: int, step: int) -> torch.Tensor:
            control.begin(source, step, halves)
            seen = self._seen(latent, timestep, halves)
            if halves == 1:
                return seen
            away, towards = seen.chunk(2)
            return away + self.config.guidance * (towards - away)

        return noise

    def _move(self, device: torch.device) -> None:
        for network in (self.unet, self.vae):
            network.to(device)

    def _seen(self, latent: torch.Tensor, timestep: int, halves: int) -> torch.Tensor:
        """The UNet's answer float32 [halves*B,...]; one half is the prompt's, two are the negative prompt's and it."""
        dtype, views = self.unet.dtype, len(latent)

        def per_view(rows: torch.Tensor) -> torch.Tensor:
            return rows[-halves:].repeat_interleave(views, 0).to(self.device, dtype)

        side = self.config.told_size
        # original height and width, the crop's top and left, wanted height and width
        sizes = torch.tensor([side, side, 0, 0, side, side], dtype=torch.float32).expand(halves, -1)
        conditions = {"text_embeds": per_view(self.text.summary), "time_ids": per_view(sizes)}
        answer = self.unet(
            latent.to(self.device, dtype).repeat(halves, 1, 1, 1),
            timestep,
            encoder_hidden_states=per_view(self.text.features),
            added_cond_kwargs=conditions,
        )
        return answer.sample.float()


def load_models(
    folder: Path,
    config: DiffusionConfig,
    *,
    unet: Path | None = None,
    device: torch.device | str = "cpu",
) -> DiffusionModels:
    """Read a model; nothing is downloaded.

    Args:
        folder: vae, unet, text_encoder, text_encoder_2, tokenizer, tokenizer_2, scheduler, as diffusers saves them.
        unet: takes the UNet from another model's folder, or from one that holds a UNet alone (CosmicMan).
        device: where it will compute. Networks stay on the CPU until :meth:`DiffusionModels.at_work`.

    Raises:
        AssetError: ``sdxl.no_libraries``, ``sdxl.missing``, ``sdxl.wrong_contents``, ``sdxl.not_safetensors``,
            ``sdxl.other_schedule``.
    """
    _need_libraries()
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    device = torch.device(device)
    check_schedule(folder)
    unet_files, vae_files = unet_part(unet or folder), autoencoder_part(folder)
    latent_channels = vae_files.config.get("latent_channels")
    if unet_files.config["in_channels"] != latent_channels:
        raise wrong(unet_files.folder, f"the UNet does not take the autoencoder's {latent_channels} channels")
    text = condition(folder, unet_files.config, [config.negative_prompt, config.prompt], device)
    half = device.type == "cuda"
    return DiffusionModels(
        unet=_load(UNet2DConditionModel, unet_files, half),
        vae=_load(AutoencoderKL, vae_files, False),
        text=text,
        config=config,
        device=device,
    )


def _load(kind: Any, part: Part, half: bool) -> Any:
    """A network of the class ``kind`` on the CPU."""
    from safetensors import SafetensorError

    try:
        model, notes = kind.from_pretrained(
            part.folder,
            local_files_only=True,
            use_safetensors=True,
            variant=part.variant(half),
            torch_dtype=torch.float16 if half else torch.float32,
            low_cpu_mem_usage=importlib.util.find_spec("accelerate") is not None,
            output_loading_info=True,
        )
    except (OSError, RuntimeError, ValueError, TypeError, SafetensorError) as error:
        raise wrong(part.folder, str(error)) from error
    lost = [*notes["missing_keys"], *notes["unexpected_keys"], *notes["mismatched_keys"]]
    if lost:
        raise wrong(part.folder, f"weights do not fit the config: {lost[:5]}")
    return model.eval().requires_grad_(False)


def _need_libraries() -> None:
    absent = [name for name in ("diffusers", "transformers") if importlib.util.find_spec(name) is None]
    if absent:
        raise AssetError(
            "sdxl.no_libraries",
            f"The image prior needs the Python package {' and '.join(absent)}.",
            fix="Install the backend with its extra: pip install 'cameo[diffusion]'.",
        )
