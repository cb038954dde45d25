"""The large generative models: which files, from where, under which licence, who needs them. Data only.

Unlike the small files of ``registry.py`` they come from their authors' own pages, and their licences differ; an artist
decides about each. Addresses with hashes are pinned to one revision. Sizes and hashes are those that several public
lists of that revision agree on; sizes marked ``exact=False`` are rounded, remembered or estimated. No file was
downloaded when this table was written.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from ..errors import AssetError

Commercial = Literal["yes", "no", "unclear"]
_PICKLES = (".pkl", ".pth", ".npy")


@dataclass(frozen=True)
class Licence:
    """Terms of a model.

    Attributes:
        name: as published.
        short: the same for a table.
        commercial: whether heads made with it may be sold or used in paid work.
        allows: what it allows, one sentence for the artist.
        address: where the text stands.
    """

    name: str
    short: str
    commercial: Commercial
    allows: str
    address: str


@dataclass(frozen=True)
class ModelFile:
    """One file of a model.

    Attributes:
        path: in the model's folder, and below its addresses; with ``/``.
        size: bytes.
        sha256: of the file as published; None: not known.
        exact: False when ``size`` is only about right.
        aliases: names that the file has in downloads, where ``path`` is only ours.
        instead: paths of files that serve as well, such as another precision; never fetched, but imported.
        optional: the model works without it.
    """

    path: str
    size: int
    sha256: str | None = None
    exact: bool = True
    aliases: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()
    optional: bool = False

    @property
    def shown(self) -> str:
        """Its name for people."""
        return " or ".join(self.aliases) or self.path


@dataclass(frozen=True)
class Model:
    """One model as its reader wants it.

    Attributes:
        name: what callers and the artist call it; its folder's name.
        title: its authors' name for it.
        purpose: one sentence for the artist.
        files: all there are; :attr:`single` models are given to their reader as their first file, others as a folder.
        page: where a person finds it.
        licences: one, or for FLAME one for each edition.
        addresses: of the folder that holds the files, tried in order; none: only a person with a browser gets it.
        by_hand: for those, what the person does on the page, up to ``cameo weights import``.
        single: see ``files``.
        converted: pickles are kept as safetensors and the originals are not.
        needed_by: engines that cannot do without it.
        used_by: engines that are better with it, and what it does there.
    """

    name: str
    title: str
    purpose: str
    files: tuple[ModelFile, ...]
    page: str
    licences: tuple[Licence, ...]
    addresses: tuple[str, ...] = ()
    by_hand: str = ""
    single: bool = False
    converted: bool = False
    needed_by: tuple[str, ...] = ()
    used_by: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of all files that must be there."""
        return sum(file.size for file in self.files if not file.optional)

    @property
    def exact(self) -> bool:
        return all(file.exact for file in self.files if not file.optional)

    def places(self, file: ModelFile) -> tuple[str, ...]:
        """Where ``file``, or one that serves as well, may lie in the model's folder."""
        return (self.kept(file), *file.instead)

    def kept(self, file: ModelFile) -> str:
        """Where ``file`` itself lies in the model's folder once it is installed."""
        path = PurePosixPath(file.path)
        return str(path.with_suffix(".safetensors")) if self.converted and path.suffix in _PICKLES else file.path

    @property
    def commercial(self) -> Commercial:
        """Of the licences together: "unclear" where they differ."""
        first = self.licences[0].commercial
        return first if all(licence.commercial == first for licence in self.licences) else "unclear"


_FACECRAFT4D = ("facecraft4d",)
_HUGGING_FACE = "https://huggingface.co"
_LIVEPORTRAIT_REVISION = "82a4fa6735ca58432b6ce39301b4b9ee066dea47"
_SDXL = f"{_HUGGING_FACE}/stabilityai/stable-diffusion-xl-base-1.0"
_SDXL_REVISION = "462165984030d82259a11f4367a4eed129e94a7b"
_COSMICMAN = f"{_HUGGING_FACE}/cosmicman/CosmicMan-SDXL"

PANOHEAD = Model(
    name="panohead",
    title="PanoHead",
    purpose="Turns the portrait into a whole head that can be seen from all sides.",
    files=(
        # Its size is estimated from the networks in it: two generators of 219 MB and a discriminator.
        ModelFile("easy-khair-180-gpc0.8-trans10-025000.pkl", 600_000_000, exact=False),
    ),
    page="https://drive.google.com/drive/folders/1m517-F1NCTGA159dePs5R5qj02svtX1_",
    licences=(
        Licence(
            "CC BY-NC-SA 4.0 and NVIDIA's non-commercial licence of EG3D",
            "CC BY-NC-SA 4.0",
            "no",
            "Research and other unpaid use only. (Terms of its code; its weights name none of their own.)",
            "https://github.com/SizheAn/PanoHead",
        ),
    ),
    by_hand="go into the folder 'models' if there is one, download the file",
    single=True,
    converted=True,
    needed_by=_FACECRAFT4D,
)

LIVEPORTRAIT = Model(
    name="liveportrait",
    title="LivePortrait",
    purpose="Gives the views of the head expressions that move.",
    files=(
        ModelFile(
            "base_models/appearance_feature_extractor.pth",
            3_387_959,
            "5279bb8654293dbdf327030b397f107237dd9212fb11dd75b83dfb635211ceb5",
        ),
        ModelFile(
            "base_models/motion_extractor.pth",
            112_545_506,
            "251e6a94ad667a1d0c69526d292677165110ef7f0cf0f6d199f0e414e8aa0ca5",
        ),
        ModelFile(
            "base_models/spade_generator.pth",
            221_813_590,
            "4780afc7909a9f84e24c01d73b31a555ef651521a1fe3b2429bd04534d992aee",
        ),
        ModelFile(
            "base_models/warping_module.pth",
            182_180_086,
            "2f61a6f265fe344f14132364859a78bdbbc2068577170693da57fb96d636e282",
        ),
        ModelFile(
            "retargeting_models/stitching_retargeting_module.pth",
            2_393_098,
            "3652d5a3f95099141a56986aaddec92fadf0a73c87a20fac9a2c07c32b28b611",
        ),
    ),
    page=f"{_HUGGING_FACE}/KwaiVGI/LivePortrait",
    licences=(
        Licence(
            "MIT",
            "MIT",
            "yes",
            "Any use, paid work included. (InsightFace's models beside it are for research; Cameo does not take them.)",
            f"{_HUGGING_FACE}/KwaiVGI/LivePortrait",
        ),
    ),
    addresses=(
        # Its authors moved from the second name to the first; the second leads there.
        f"{_HUGGING_FACE}/KlingTeam/LivePortrait/resolve/{_LIVEPORTRAIT_REVISION}/liveportrait",
        f"{_HUGGING_FACE}/KwaiVGI/LivePortrait/resolve/{_LIVEPORTRAIT_REVISION}/liveportrait",
    ),
    converted=True,
    needed_by=_FACECRAFT4D,
)

SDXL = Model(
    name="sdxl",
    title="Stable Diffusion XL base 1.0",
    purpose="Makes the views of the head agree with the portrait and with each other.",
    files=(
        ModelFile("model_index.json", 609, "6d7b93508390ab91ac5bfbe4aeb4dc2d83f7bb1b05fb069d714b5b0c75f70d44"),
        ModelFile(
            "scheduler/scheduler_config.json", 479, "af3e45a949aff8b8341ab8b811429ec03fee857a700a1d9477363e4fff9666e2"
        ),
        ModelFile("text_encoder/config.json", 565, "39b8b2e4b1949e36969caa425b6c81c68bace99198dd9078ce05d16ad401fe7f"),
        ModelFile(
            "text_encoder/model.fp16.safetensors",
            246_144_152,
            "660c6f5b1abae9dc498ac2d21e1347d2abdb0cf6c0c0c8576cd796491d9a6cdd",
            instead=("text_encoder/model.safetensors",),
        ),
        ModelFile(
            "text_encoder_2/config.json", 575, "a892d1c3a69a7e9247a24de2bc1d5891e3109a54696e53be20093af671072c34"
        ),
        ModelFile(
            "text_encoder_2/model.fp16.safetensors",
            1_389_382_176,
            "ec310df2af79c318e24d20511b601a591ca8cd4f1fce1d8dff822a356bcdb1f4",
            instead=("text_encoder_2/model.safetensors",),
        ),
        ModelFile("tokenizer/merges.txt", 524_619, "9fd691f7c8039210e0fced15865466c65820d09b63988b0174bfe25de299051a"),
        ModelFile(
            "tokenizer/special_tokens_map.json",
            472,
            "c4864a9376a8401918425bed71fc14fc0e81f9b59ec45c1cf96cccb2df508eac",
        ),
        ModelFile(
            "tokenizer/tokenizer_config.json", 737, "19d7b034cb0cc3ce9766c2231373ab8aa8991fc72e2c8f76558bfaae3de0d563"
        ),
        ModelFile(
            "tokenizer/vocab.json", 1_059_962, "e089ad92ba36837a0d31433e555c8f45fe601ab5c221d4f607ded32d9f7a4349"
        ),
        ModelFile(
            "tokenizer_2/merges.txt", 524_619, "9fd691f7c8039210e0fced15865466c65820d09b63988b0174bfe25de299051a"
        ),
        ModelFile(
            "tokenizer_2/special_tokens_map.json",
            460,
            "f118ab3a983206e4f32583448de6bd6aae4ee21869135cef1f5848a753cdaab6",
        ),
        ModelFile(
            "tokenizer_2/tokenizer_config.json",
            725,
            "c9d23941f76a41cbd50eda9290f57be7828f0a7a677939e9ef181f7e12bd1bdf",
        ),
        ModelFile(
            "tokenizer_2/vocab.json", 1_059_962, "e089ad92ba36837a0d31433e555c8f45fe601ab5c221d4f607ded32d9f7a4349"
        ),
        ModelFile("unet/config.json", 1_680, "30ebc70750223e59006f7f2b4e1e6c102570aa19a9c4ae3e1fbe7591332dbae6"),
        ModelFile(
            "unet/diffusion_pytorch_model.fp16.safetensors",
            5_135_149_760,
            "83e012a805b84c7ca28e5646747c90a243c65c8ba4f070e2d7ddc9d74661e139",
            instead=("unet/diffusion_pytorch_model.safetensors",),
        ),
        ModelFile("vae/config.json", 642, "0b331c8ac22ded5f9997a144a575c1d113d6169aff262c353f39015bd24a6264"),
        ModelFile(
            "vae/diffusion_pytorch_model.fp16.safetensors",
            167_335_342,
            "bcb60880a46b63dea58e9bc591abe15f8350bde47b405f9c38f4be70c6161e68",
            instead=("vae/diffusion_pytorch_model.safetensors",),
        ),
    ),
    page=_SDXL,
    licences=(
        Licence(
            "CreativeML Open RAIL++-M",
            "Open RAIL++-M",
            "yes",
            "Any use, paid work included, except what its Attachment A forbids, such as deceiving people.",
            f"{_SDXL}/blob/{_SDXL_REVISION}/LICENSE.md",
        ),
    ),
    addresses=(f"{_SDXL}/resolve/{_SDXL_REVISION}",),
    needed_by=_FACECRAFT4D,  # unless consistent_views.kind is set to warp or none
)

COSMICMAN = Model(
    name="cosmicman",
    title="CosmicMan-SDXL",
    purpose="Takes the place of the central network of sdxl: trained on people, as in FaceCraft4D's paper.",
    files=(
        # Sizes as its page shows them, rounded; no public list of hashes was found.
        ModelFile("config.json", 2_010, exact=False),
        ModelFile(
            "diffusion_pytorch_model.safetensors",
            10_300_000_000,
            exact=False,
            instead=("diffusion_pytorch_model.fp16.safetensors",),
        ),
    ),
    page=_COSMICMAN,
    licences=(
        Licence(
            "not known for sure (its page on Hugging Face says CC BY 4.0, its code's repository holds no licence)",
            "not known for sure",
            "unclear",
            "It is made from SDXL, whose restrictions go on; ask its authors before paid work.",
            _COSMICMAN,
        ),
    ),
    addresses=(f"{_COSMICMAN}/resolve/main",),
    used_by=_FACECRAFT4D,
)

FLAME = Model(
    name="flame",
    title="FLAME",
    purpose="Takes the place of Cameo's own head model.",
    files=(
        # The edition of 2020 has about 53 MB; the others' sizes are not known.
        ModelFile(
            "flame.pkl",
            53_000_000,
            exact=False,
            aliases=("flame2023_Open.pkl", "flame2023.pkl", "generic_model.pkl"),
        ),
        ModelFile("FLAME_masks.pkl", 200_000, exact=False, optional=True),
        ModelFile("landmark_embedding_with_eyes.npy", 100_000, exact=False, optional=True),
        ModelFile("head_template_mesh.obj", 1_500_000, exact=False, optional=True),
    ),
    page="https://flame.is.tue.mpg.de/download.php",
    licences=(
        Licence(
            "FLAME 2023 Open (flame2023_Open.pkl): CC BY 4.0, as reported; read the terms in your download",
            "Open: CC BY 4.0",
            "yes",
            "Any use, paid work included, if its authors are named.",
            "https://flame.is.tue.mpg.de/download.php",
        ),
        Licence(
            "FLAME 2020 and 2023 (generic_model.pkl, flame2023.pkl): Max Planck's licence for research",
            "others: research",
            "no",
            "Scientific, non-commercial use by the person who registered.",
            "https://flame.is.tue.mpg.de/modellicense.html",
        ),
    ),
    by_hand="register, log in, download 'FLAME 2023 Open' or another edition, unpack it",
    single=True,
    converted=True,
)

MODELS: dict[str, Model] = {row.name: row for row in (PANOHEAD, LIVEPORTRAIT, SDXL, COSMICMAN, FLAME)}


def model(name: str) -> Model:
    """The row called ``name``. Raises :class:`AssetError` ``weights.unknown``."""
    try:
        return MODELS[name]
    except KeyError:
        raise AssetError(
            "weights.unknown", f"There is no model called {name!r}.", fix=f"Known models: {', '.join(MODELS)}."
        ) from None
