"""What goes into the managed environment: locked packages for this platform and GPU, and the backend itself.

Both lie where this package lies: in the extension as ``requirements/`` and a wheel in ``backend/``; in a checkout as
``requirements/`` and the checkout itself.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from ...protocol.version import SOFTWARE_VERSION
from ..link.problem import Problem
from .machine import Gpu
from .refusal import Refused

CPU, GPU = "cpu", "gpu"
CUDA_DRIVER = (580, 0)
"""The oldest driver that runs CUDA 13, which torch 2.13 is built with (NVIDIA, CUDA 13.0 release notes, table 2)."""
_CUDA_INDEX = "https://download.pytorch.org/whl/cu130"
_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
_PROBE = "import torch, numba, cv2, scipy, zmq, safetensors, ai_edge_litert.interpreter, cameo.backend"
_GPU_PROBE = f"{_PROBE}, diffusers, transformers; assert torch.cuda.is_available(), 'PyTorch does not see the GPU'"


@dataclass(frozen=True)
class Lock:
    """What an environment is made of.

    Attributes:
        software: version of Cameo in it. variant: ``"cpu"`` or ``"gpu"``.
        requirements: files of pinned packages. constraints: file with the versions of what those need.
        torch_index: a page beside the package index where torch has its build for the variant; empty: not needed.
        backend: pip's arguments for the backend itself.
        probe: Python that must run in the finished environment.
        needed_bytes: on the disk, with the downloads beside it.
        fingerprint: equal where all of this is equal.
    """

    software: str
    variant: str
    requirements: tuple[Path, ...]
    constraints: Path
    torch_index: str
    backend: tuple[str, ...]
    probe: str
    needed_bytes: int

    @property
    def fingerprint(self) -> str:
        files = [*self.requirements, self.constraints]
        files += [Path(part) for part in self.backend if part.endswith(".whl")]
        texts = [self.variant.encode(), *(path.read_bytes() for path in files)]
        return hashlib.sha256(b"\0".join(texts)).hexdigest()[:16]

    @property
    def torch(self) -> str:
        """``torch==2.13.0``."""
        lines = self.requirements[0].read_text(encoding="utf-8").splitlines()
        return next(line for line in lines if line.startswith("torch=="))

    def count(self) -> int:
        """About how many packages pip will collect."""
        files = (*self.requirements, self.constraints)
        return sum(_pins(path.read_text(encoding="utf-8")) for path in files)


def lock_for(variant: str, root: Path | None = None) -> Lock:
    """The lock of this release for ``variant``.

    Args:
        root: where Cameo lies; None: where this file belongs.

    Raises:
        Refused: ``install.incomplete_extension``.
    """
    root = root or Path(__file__).resolve().parents[2]
    names = ["backend.txt"] + (["backend_gpu.txt"] if variant == GPU else [])
    names += ["backend_gsplat.txt"] if variant == GPU and _can_compile_for_gpu() else []
    requirements = tuple(root / "requirements" / name for name in names)
    constraints = root / "requirements" / "backend_constraints.txt"
    missing = [path for path in (*requirements, constraints) if not path.is_file()]
    backend = _backend(root)
    if missing or backend is None:
        raise Refused(
            Problem(
                "install.incomplete_extension",
                "This add-on does not bring the backend along.",
                f"{missing[0] if missing else root / 'backend'} is missing",
                "Install Cameo's extension again from the zip of a release.",
            )
        )
    return Lock(
        SOFTWARE_VERSION,
        variant,
        requirements,
        constraints,
        _torch_index(variant),
        backend,
        _GPU_PROBE if variant == GPU else _PROBE,
        (14 if variant == GPU else 5) << 30,
    )


def variant_for(gpu: Gpu | None, wish: str = "auto") -> tuple[str, str]:
    """``cpu`` or ``gpu``, and a sentence that says why.

    Args:
        wish: ``"auto"``, ``"cpu"`` or ``"gpu"``.

    Raises:
        Refused: ``install.no_gpu``, ``install.old_driver``: a GPU was asked for that cannot be used.
    """
    if wish == CPU:
        return CPU, "for the processor, as chosen in the preferences"
    if gpu is None or sys.platform == "darwin":
        if wish == GPU:
            raise Refused(
                Problem(
                    "install.no_gpu",
                    "No NVIDIA GPU was found.",
                    "nvidia-smi lists none",
                    "Install NVIDIA's driver, or choose the processor in the add-on's preferences.",
                )
            )
        return CPU, "for the processor: no NVIDIA GPU was found"
    if gpu.driver >= CUDA_DRIVER:
        return GPU, f"for {gpu.name}"
    driver = ".".join(map(str, gpu.driver))
    if wish == GPU:
        raise Refused(
            Problem(
                "install.old_driver",
                "The driver of the GPU is too old.",
                f"{gpu.name} has driver {driver}; {CUDA_DRIVER[0]} or newer is needed",
                "Update NVIDIA's driver, or choose the processor in the add-on's preferences.",
            )
        )
    return CPU, f"for the processor: driver {driver} of {gpu.name} is older than {CUDA_DRIVER[0]}"


def _backend(root: Path) -> tuple[str, ...] | None:
    """The wheel that an extension brings, or the checkout that the add-on runs from."""
    wheels = sorted((root / "backend").glob(f"cameo-{SOFTWARE_VERSION}-*.whl"))
    if wheels:
        return (str(wheels[0]),)
    if (root / "pyproject.toml").is_file():
        return ("--no-build-isolation", "-e", str(root))
    return None


def _torch_index(variant: str) -> str:
    """On PyPI torch for Linux is built for CUDA, torch for Windows is not; elsewhere PyTorch's own pages have it."""
    if variant == CPU:
        return _CPU_INDEX if sys.platform == "linux" else ""
    return _CUDA_INDEX if sys.platform == "win32" else ""


def _pins(text: str) -> int:
    return sum(1 for line in text.splitlines() if "==" in line and not line.lstrip().startswith("#"))


def _can_compile_for_gpu() -> bool:
    """Whether CUDA's compiler is here: gsplat builds its kernels with it at first use."""
    return shutil.which("nvcc") is not None
