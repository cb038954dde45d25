"""One job in a process of its own, as the worker runs it: ``python one_job.py WORK_DIR RESULT [STAGE FRACTION]``.

With a stage and a fraction the process is killed (SIGKILL, by itself) as soon as the job has come that far.
"""

import os
import signal
import sys
from pathlib import Path

import numpy as np
from cameo.backend.pipeline.threads import calm_threads
from cameo.backend.weights.fetch import asset_path
from cameo.protocol.messages import GenerateAvatar


class Reporter:
    def __init__(self, stage: str, fraction: float) -> None:
        self.stage, self.fraction = stage, fraction

    def progress(self, progress):
        if progress.stage == self.stage and progress.stage_fraction >= self.fraction:
            os.kill(os.getpid(), signal.SIGKILL)

    def preview(self, image, cloud=None):
        assert image.dtype == np.uint8 and image.ndim == 3

    def notice(self, code, sentence):
        print(code, sentence)


def main(work_dir: str, result: str, stage: str = "", fraction: str = "0") -> None:
    calm_threads()
    from cameo.backend.pipeline.generate import generate_avatar

    photo = np.frombuffer(asset_path("astronaut.png").read_bytes(), np.uint8)
    request = GenerateAvatar(photo, "toy", "facecraft4d", options={"seed": 1})
    generate_avatar(request, Path(work_dir), Path(result), Reporter(stage, float(fraction)))


if __name__ == "__main__":
    main(*sys.argv[1:])
