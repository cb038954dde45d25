"""A Stable Diffusion XL of a few thousand weights, saved by diffusers and transformers themselves.

Nothing is trained: weights are set so that pictures survive. Constants of size ``LOUD`` beside the signal keep every
normalisation linear, and a large bias keeps SiLU linear, so that a signal passes a network as it is:

* the autoencoder halves the picture and doubles it again bilinearly;
* the UNet takes for noise a part of what differs from the mean of what its *last self-attention layer* reads. Without
  mutual attention that is the picture's own mean, with it the reference's: views move towards the reference's colour.

All other branches (convolutions, the other attention layers, text, time) are seeded random numbers and whisper.
"""

import json
from pathlib import Path

import diffusers
import torch
import transformers
from torch import nn

LOUD, LIFT = 20.0, 15.0
WHISPER = 0.01
GAIN = 0.25  # part of the difference from the mean that the UNet takes for noise
LATENT, WIDTH = 4, 16
UP, DOWN, ZERO = 8, 9, 10  # channels of the UNet: 0..3 the latent, 4..7 the mean that was read, then the constants
TEXT_WIDTHS = (8, 16)
TEXTS = ("text_encoder", "text_encoder_2")


def write_sdxl(folder: Path) -> Path:
    """Write the whole model into ``folder``, in diffusers' layout."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        _autoencoder().save_pretrained(folder / "vae")
        write_unet(folder / "unet")
        for name, tokenizer, width in zip(TEXTS, ("tokenizer", "tokenizer_2"), TEXT_WIDTHS, strict=True):
            _text_encoder(name, width).save_pretrained(folder / name)
            _write_tokenizer(folder / tokenizer)
    diffusers.EulerDiscreteScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", timestep_spacing="leading", steps_offset=1
    ).save_pretrained(folder / "scheduler")
    index = {"_class_name": "StableDiffusionXLPipeline", "force_zeros_for_empty_prompt": True}
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


def write_unet(folder: Path, gain: float = GAIN) -> Path:
    """Write a UNet alone, as CosmicMan is published."""
    _unet(gain).save_pretrained(folder)
    return folder


@torch.no_grad()
def _unet(gain: float) -> diffusers.UNet2DConditionModel:
    unet = diffusers.UNet2DConditionModel(
        sample_size=64,
        in_channels=LATENT,
        out_channels=LATENT,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        block_out_channels=(WIDTH,) * 3,
        layers_per_block=1,
        transformer_layers_per_block=(1, 1, 2),
        attention_head_dim=(2, 2, 2),
        cross_attention_dim=sum(TEXT_WIDTHS),
        use_linear_projection=True,
        norm_num_groups=1,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=TEXT_WIDTHS[1] + 6 * 8,
    )
    for name, module in unet.named_modules():
        if name.endswith(("conv2", "proj_out", "attn1.to_out.0", "attn2.to_out.0", "ff.net.2")):
            module.weight.mul_(WHISPER)
            module.bias.zero_()
        elif name.endswith(("downsamplers.0.conv", "upsamplers.0.conv")):
            _pass(module, {channel: {channel: 1.0} for channel in range(WIDTH)})
        elif name.endswith("conv_shortcut"):  # what comes from below carries the mean, the skip carries the rest
            below = range(LATENT, 2 * LATENT)
            _pass(module, {c: {c if c in below else WIDTH + c: 1.0} for c in range(WIDTH)})
    _pass(unet.conv_in, {c: {c: 1.0} for c in range(LATENT)}, {UP: LOUD, DOWN: -LOUD})
    _read_the_mean(unet.up_blocks[1].attentions[-1])
    _linear_end(unet.conv_norm_out, WIDTH)
    _pass(unet.conv_out, {c: {c: gain, LATENT + c: -gain} for c in range(LATENT)})
    return unet


def _read_the_mean(transformer: nn.Module) -> None:
    """Self-attention with nearly even weights writes the mean of channels 0..3 into 4..7."""
    _linear_norm(transformer.norm, WIDTH)
    _pass(transformer.proj_in, {c: {c: 1.0, ZERO: -1.0} for c in range(LATENT)}, {UP: LOUD, DOWN: -LOUD})
    block = transformer.transformer_blocks[-1]
    _linear_norm(block.norm1, WIDTH)
    block.attn1.to_q.weight.mul_(0.1 * WHISPER)
    _pass(block.attn1.to_v, {c: {c: 1.0, ZERO: -1.0} for c in range(LATENT)})
    _pass(block.attn1.to_out[0], {LATENT + c: {c: 1.0} for c in range(LATENT)})
    _pass(transformer.proj_out, {LATENT + c: {LATENT + c: 1.0} for c in range(LATENT)})


@torch.no_grad()
def _autoencoder() -> diffusers.AutoencoderKL:
    width, zero = 8, 5
    vae = diffusers.AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        block_out_channels=(width, width),
        layers_per_block=1,
        latent_channels=LATENT,
        norm_num_groups=1,
        scaling_factor=0.4,  # not SDXL's: it is read from the file
        mid_block_add_attention=False,  # would cost more than all the rest
    )
    for name, module in vae.named_modules():
        if name.endswith("conv2"):
            nn.init.zeros_(module.weight), nn.init.zeros_(module.bias)
    colors, keep = {c: {c: 1.0} for c in range(3)}, {c: {c: 1.0} for c in range(width)}
    constants = {3: LOUD, 4: -LOUD}
    encoder, decoder = vae.encoder, vae.decoder
    _pass(encoder.conv_in, colors, constants)
    _pass(encoder.down_blocks[0].downsamplers[0].conv, keep)
    encoder.down_blocks[0].downsamplers[0].conv.weight[:3] = 0
    for c in range(3):  # the mean of two by two pixels
        encoder.down_blocks[0].downsamplers[0].conv.weight[c, c, :2, :2] = 0.25
    _linear_end(encoder.conv_norm_out, width)
    _pass(encoder.conv_out, {c: {c: 1.0, zero: -1.0} for c in range(3)}, {LATENT + c: -30.0 for c in range(LATENT)})
    _pass(vae.quant_conv, {c: {c: 1.0} for c in range(2 * LATENT)})
    _pass(vae.post_quant_conv, {c: {c: 1.0} for c in range(LATENT)})
    # Inside the decoder white is 0, which is what convolutions find beyond the picture's edge.
    _pass(decoder.conv_in, colors, constants | {c: -1.0 for c in range(3)})
    upsampler = decoder.up_blocks[0].upsamplers[0].conv
    _pass(upsampler, keep)
    for c in range(3):
        upsampler.weight[c, c] = torch.tensor([0.25, 0.5, 0.25]).outer(torch.tensor([0.25, 0.5, 0.25]))
    _linear_end(decoder.conv_norm_out, width)
    _pass(decoder.conv_out, {c: {c: 1.0, zero: -1.0} for c in range(3)}, {c: 1.0 for c in range(3)})
    return vae


def _pass(module: nn.Module, weights: dict[int, dict[int, float]], biases: dict[int, float] | None = None) -> None:
    """Set a linear layer or the centre of a convolution: output channel -> input channel -> weight."""
    module.weight.zero_()
    middle = tuple(side // 2 for side in module.weight.shape[2:])
    for out, row in weights.items():
        for channel, weight in row.items():
            module.weight[(out, channel, *middle)] = weight
    if module.bias is not None:
        module.bias.zero_()
        for out, bias in (biases or {}).items():
            module.bias[out] = bias


def _linear_norm(norm: nn.Module, width: int, lift: float = 0.0) -> None:
    """Undo the division by the deviation, which the two loud channels of ``width`` govern."""
    norm.weight.fill_(LOUD * (2 / width) ** 0.5)
    norm.bias.fill_(lift)


def _linear_end(norm: nn.Module, width: int) -> None:
    """A norm before SiLU: lifted to where SiLU is linear. What comes after takes differences of channels."""
    _linear_norm(norm, width, LIFT)


def _text_encoder(name: str, width: int) -> transformers.PreTrainedModel:
    config = transformers.CLIPTextConfig(
        vocab_size=len(_vocabulary()),
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=3,
        num_attention_heads=2,
        projection_dim=width,
        bos_token_id=0,
        eos_token_id=2,  # as published; not the tokenizer's
    )
    kind = transformers.CLIPTextModel if name == "text_encoder" else transformers.CLIPTextModelWithProjection
    return kind(config)


def _vocabulary() -> list[str]:
    letters = [chr(code) for code in range(33, 127)]
    return [*letters, *(letter + "</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]


def _write_tokenizer(folder: Path) -> None:
    """The files of the published tokenizers: letters only, nothing merged."""
    folder.mkdir(parents=True)
    (folder / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(_vocabulary())}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    special = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}
    special["pad_token"] = "!" if folder.name.endswith("2") else "<|endoftext|>"
    (folder / "special_tokens_map.json").write_text(json.dumps(special))
    table = special | {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77, "do_lower_case": True}
    (folder / "tokenizer_config.json").write_text(json.dumps(table))
