"""The check against the published networks' numbers, where the folder that holds it is at hand."""

import os
import subprocess
import sys
from pathlib import Path

import cameo
import pytest

HERE = Path(__file__).parent
FOLDER = Path(os.environ.get("CAMEO_PARITY", Path(cameo.__path__[0]).parent / "shared" / "parity"))


@pytest.mark.slow
@pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"the parity folder is not at {FOLDER}; set CAMEO_PARITY to where it lies"
)
def test_liveportrait_as_published():
    command = [sys.executable, FOLDER / "check_liveportrait.py", "--adapter", HERE / "adapters" / "liveportrait.py"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
