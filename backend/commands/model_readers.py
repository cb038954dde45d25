"""How each model is tried before it counts as installed: by the code that will use it.

Whatever needs torch or SciPy is imported when a model is tried, not before: the server shares this command line.
"""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError, safe_open

from ..errors import AssetError
from ..weights.install import ModelReader


def _check_panohead(path: Path) -> None:
    from ..priors.panohead.checkpoint import load_generator

    load_generator(path)


def _convert_panohead(path: Path, target: Path) -> None:
    from ..priors.panohead.checkpoint import convert_checkpoint

    convert_checkpoint(path, target)


def _check_liveportrait(folder: Path) -> None:
    from ..priors.liveportrait.networks import load_networks

    load_networks(folder)


def _convert_liveportrait(path: Path, target: Path) -> None:
    from ..priors.liveportrait.networks import convert_states

    convert_states(path, target)


def _check_flame(path: Path) -> None:
    """The model and whatever lies beside it."""
    from ..head.flame.files import read_landmarks, read_masks, read_model, read_texture_layout
    from ..head.flame.head_model import FlameFiles

    files = FlameFiles.beside(path)
    flame = read_model(files.model)
    if files.masks:
        read_masks(files.masks, len(flame.v_template))
    if files.landmarks:
        read_landmarks(files.landmarks, len(flame.faces))
    if files.template:
        read_texture_layout(files.template, len(flame.faces))


def _convert_flame(path: Path, target: Path) -> None:
    from ..head.flame.reader import convert_arrays

    convert_arrays(path, target)


def _check_sdxl(folder: Path) -> None:
    """What the files say of themselves. The networks are not built: that takes diffusers and 14 GB of memory."""
    from ..priors.diffusion.sdxl_files import autoencoder_part, check_schedule, text_part, unet_part

    text_encoders = (
        text_part(folder, "text_encoder", "CLIPTextModel"),
        text_part(folder, "text_encoder_2", "CLIPTextModelWithProjection"),
    )
    for part in (autoencoder_part(folder), unet_part(folder), *text_encoders):
        part.variant(half=True)
    check_schedule(folder)
    _require_whole(folder)


def _check_cosmicman(folder: Path) -> None:
    from ..priors.diffusion.sdxl_files import unet_part

    unet_part(folder).variant(half=False)
    _require_whole(folder)


def _require_whole(folder: Path) -> None:
    """A safetensors file says in its header how long it is; one that was cut short is refused."""
    for path in sorted(folder.rglob("*.safetensors")):
        try:
            with safe_open(path, framework="numpy"):
                pass
        except (SafetensorError, OSError) as error:
            raise AssetError(
                "weights.damaged_file",
                f"The file {path.name} in {path.parent.name} is damaged or cut short.",
                cause=str(error),
                fix="Download it again.",
            ) from error


READERS: dict[str, ModelReader] = {
    "panohead": ModelReader(_check_panohead, _convert_panohead),
    "liveportrait": ModelReader(_check_liveportrait, _convert_liveportrait),
    "sdxl": ModelReader(_check_sdxl),
    "cosmicman": ModelReader(_check_cosmicman),
    "flame": ModelReader(_check_flame, _convert_flame),
}
