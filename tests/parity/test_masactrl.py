"""Mutual attention and DDIM against the published numbers, where the folder that holds them is at hand."""

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
def test_masactrl_as_published():
    command = [sys.executable, FOLDER / "check_masactrl.py", "--adapter", HERE / "adapters" / "masactrl.py"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
