"""The check against the published generator's numbers, where the folder that holds it is at hand."""

import os
import shutil
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
def test_panohead_as_published(tmp_path):
    """With the small weights; ``--tag panohead_full`` for the released sizes takes half a minute more."""
    folder = shutil.copytree(FOLDER, tmp_path / "parity")  # the checker writes a checkpoint beside itself
    command = [sys.executable, folder / "check_panohead.py", "--adapter", HERE / "adapters" / "panohead.py"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env=os.environ | {"CAMEO_CACHE": str(tmp_path / "cache")},
    )
    assert done.returncode == 0, done.stdout + done.stderr
