"""The check against the published networks' numbers, where the folder that holds it is at hand."""

import os
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
def test_flame_as_published(tmp_path):
    command = [sys.executable, FOLDER / "check_flame_ga.py", "--adapter", HERE / "adapters" / "flame.py"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env=os.environ | {"CAMEO_CACHE": str(tmp_path / "cache"), "TMPDIR": str(tmp_path)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
