"""Our modules against the published networks' numbers, where the folder that holds them is at hand."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import cameo
import pytest

HERE = Path(__file__).parent
FOLDER = Path(os.environ.get("CAMEO_PARITY", Path(cameo.__path__[0]).parent / "shared" / "parity"))


@pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"the parity folder is not at {FOLDER}; set CAMEO_PARITY to where it lies"
)
@pytest.mark.parametrize(
    ("check", "adapter"),
    [
        ("check_flame_ga.py", "flame.py"),
        ("check_masactrl.py", "masactrl.py"),
        pytest.param("check_liveportrait.py", "liveportrait.py", marks=pytest.mark.slow),
        # with the small weights; ``--tag panohead_full`` for the released sizes takes half a minute more
        pytest.param("check_panohead.py", "panohead.py", marks=pytest.mark.slow),
    ],
)
def test_as_published(tmp_path, check, adapter):
    folder = shutil.copytree(FOLDER, tmp_path / "parity")  # a checker may write a checkpoint beside itself
    command = [sys.executable, folder / check, "--adapter", HERE / "adapters" / adapter]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env=os.environ | {"CAMEO_CACHE": str(tmp_path / "cache"), "TMPDIR": str(tmp_path)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
