"""Which models lie in a file or folder, told by what is in the files. Nothing in them is unpickled."""

from __future__ import annotations

import json
import mmap
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import AssetError
from .model_table import MODELS, Model, ModelFile
from .records import file_hash

_DEEPEST = 6
_MOST_FILES = 20_000
_HEADER = 64 << 20
_PANOHEAD = (b"_reconstruct_persistent_obj", b"t_mapping", b"bcg_synthesis")
"""StyleGAN's way of storing networks, and two networks that only PanoHead has."""
_FLAME = (b"v_template", b"shapedirs", b"kintree_table")
_LIVEPORTRAIT = {
    "base_models/appearance_feature_extractor.pth": b"resblocks_3d",
    "base_models/motion_extractor.pth": b"detector.",
    "base_models/spade_generator.pth": b"G_middle_0",
    "base_models/warping_module.pth": b"dense_motion_network",
    "retargeting_models/stitching_retargeting_module.pth": b"retarget_shoulder",
}
_UNET = "UNet2DConditionModel"
_PIPELINE = "StableDiffusionXLPipeline"


@dataclass(frozen=True)
class Found:
    """A model that was recognised.

    Attributes:
        model: which.
        files: where each file of the table was found, by the table's path.
    """

    model: Model
    files: dict[str, Path]

    @property
    def lacking(self) -> list[ModelFile]:
        """Files that must be there and are not."""
        return [file for file in self.model.files if not file.optional and file.path not in self.files]


def recognise(place: Path) -> list[Found]:
    """The models in ``place``, a file or a folder; only whole ones.

    Raises:
        AssetError: ``weights.no_such_file``, ``weights.not_recognised``, ``weights.incomplete``.
    """
    if not place.exists():
        raise AssetError("weights.no_such_file", f"There is nothing at {place}.", fix="Check the path.")
    files = sorted(_files(place, _DEEPEST)) if place.is_dir() else [place]
    if len(files) > _MOST_FILES:
        raise _unknown(place, f"It holds more than {_MOST_FILES} files.")
    looks = (_panohead, _flame, _liveportrait, _sdxl, _cosmicman)
    found = [one for look in looks if (one := look(files)) is not None]
    if not found:
        raise _unknown(place, _what_it_is(place))
    whole = [one for one in found if not one.lacking]
    if not whole:
        raise _incomplete(place, found[0])
    return whole


def _files(folder: Path, deepest: int) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.is_file():
            yield entry
        elif entry.is_dir() and deepest and not entry.name.startswith("."):
            yield from _files(entry, deepest - 1)


def _panohead(files: list[Path]) -> Found | None:
    row = MODELS["panohead"]
    path = _best(row.files[0], [path for path in files if _holds(path, _PANOHEAD)])
    return Found(row, {row.files[0].path: path}) if path else None


def _flame(files: list[Path]) -> Found | None:
    """FLAME's open edition before the others; what may lie beside it is taken from its own folder."""
    row = MODELS["flame"]
    candidates = [path for path in files if _holds(path, _FLAME)]
    if not candidates:
        return None
    names = [*row.files[0].aliases, *(path.name for path in candidates)]
    path = min(candidates, key=lambda path: (names.index(path.name), len(path.parts)))
    taken = {row.files[0].path: path}
    for file in row.files[1:]:
        for name in (file.path, row.kept(file)):
            if path.with_name(name).is_file():
                taken.setdefault(file.path, path.with_name(name))
    return Found(row, taken)


def _liveportrait(files: list[Path]) -> Found | None:
    row = MODELS["liveportrait"]
    states = {path: names for path in files if (names := _tensor_names(path))}
    taken = {}
    for file in row.files:
        mark = _LIVEPORTRAIT[file.path]
        path = _best(file, [path for path, names in states.items() if mark in names])
        if path:
            taken[file.path] = path
    return Found(row, taken) if taken else None


def _sdxl(files: list[Path]) -> Found | None:
    indexes = [path for path in files if path.name == "model_index.json" and _class(path) == _PIPELINE]
    return _folder(MODELS["sdxl"], indexes[0].parent) if indexes else None


def _cosmicman(files: list[Path]) -> Found | None:
    """A bare network: its folder is not part of a pipeline."""
    configs = [path for path in files if path.name == "config.json" and _class(path) == _UNET]
    bare = [path for path in configs if not (path.parent.parent / "model_index.json").is_file()]
    return _folder(MODELS["cosmicman"], bare[0].parent) if bare else None


def _folder(row: Model, folder: Path) -> Found:
    taken = {}
    for file in row.files:
        there = [folder / path for path in row.places(file) if (folder / path).is_file()]
        if there:
            taken[file.path] = there[0]
    return Found(row, taken)


def _best(file: ModelFile, candidates: list[Path]) -> Path | None:
    """The published file if it is among several; else the one nearest to the top."""
    if len(candidates) > 1 and file.sha256 is not None:
        published = [path for path in candidates if _has_hash(path, file)]
        candidates = published or candidates
    return min(candidates, key=lambda path: (len(path.parts), path), default=None)


def _has_hash(path: Path, file: ModelFile) -> bool:
    return path.stat().st_size == file.size and file_hash(path, lambda _: None) == file.sha256


def _holds(path: Path, marks: tuple[bytes, ...]) -> bool:
    """Whether a pickle, or what was made of one, has all these words in it."""
    if path.suffix == ".safetensors":
        return all(mark in _safetensors_header(path) for mark in marks if mark != _PANOHEAD[0])
    if path.suffix not in (".pkl", ".pickle") or path.stat().st_size == 0:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return all(content.find(mark) >= 0 for mark in marks)


def _tensor_names(path: Path) -> bytes:
    """The part of a file of torch or safetensors in which its tensors are named; empty for other files."""
    if path.suffix == ".safetensors":
        return _safetensors_header(path)
    if path.suffix not in (".pth", ".pt", ".bin") or not zipfile.is_zipfile(path):
        return b""
    try:
        with zipfile.ZipFile(path) as archive:
            tables = [info for info in archive.infolist() if info.filename.endswith("/data.pkl")]
            return archive.read(tables[0]) if tables and tables[0].file_size <= _HEADER else b""
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError):
        return b""


def _safetensors_header(path: Path) -> bytes:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        return file.read(length) if length <= _HEADER else b""


def _class(path: Path) -> object:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content.get("_class_name") if isinstance(content, dict) else None


_SIGNS: tuple[tuple[Callable[[bytes], bool], str], ...] = (
    (lambda start: not start, "The file is empty: the download did not work."),
    (
        lambda start: start.lstrip()[:1] == b"<",
        "It is a web page, not the model: the site asked for a login or a confirmation. Download it in a browser.",
    ),
    (lambda start: start.startswith(b"version https://git-lfs"), "It is a pointer of Git LFS, not the file itself."),
    (lambda start: start.startswith(b"PK"), "It is a zip: unpack it and import the folder."),
)


def _what_it_is(place: Path) -> str:
    """Why a file is not a model, as far as its first bytes tell."""
    if place.is_dir():
        return "None of its files looks like one of a model that Cameo knows."
    with place.open("rb") as file:
        start = file.read(64)
    told = (sentence for applies, sentence in _SIGNS if applies(start))
    return next(told, "What is in it looks like no model that Cameo knows.")


def _unknown(place: Path, cause: str) -> AssetError:
    return AssetError(
        "weights.not_recognised",
        f"No model was recognised in {place.name}.",
        cause=cause,
        fix="Type 'cameo weights licences' to see which files there are and where to get them.",
    )


def _incomplete(place: Path, found: Found) -> AssetError:
    return AssetError(
        "weights.incomplete",
        f"{place.name} holds {found.model.title}, but not all of it.",
        cause="Missing: " + ", ".join(file.shown for file in found.lacking) + ".",
        fix=f"Put all files into one folder and import that; they are at {found.model.page}.",
    )
