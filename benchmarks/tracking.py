"""Tracking of clips rendered from our head: 12 calibrated views of the paper's orbit, 60 moments, known truth.

``OMP_NUM_THREADS=1 python benchmarks/tracking.py [--moments N] [--seeds ...]``. Landmarks have 1 pixel of noise at 512
pixels, 10 % of them are anywhere. Every clip is tracked with outlines, without, and with one view whose landmarks all
are wrong. Nothing is aligned before it is measured: the similarity is the one that was found.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np
from cameo.backend.head.model import HeadModel, load_head_model
from cameo.backend.head.view_tracking import track_views
from cameo.tests.head.orbit_clip import RATE, TURNS, OrbitClip, judged, orbit_clip

WRONG = 9


def report(name: str, clip: OrbitClip, model: HeadModel) -> None:
    """Two lines: what was found, and the controls that were found worst."""
    start = time.process_time()
    fit = track_views(clip.sights, RATE, model)
    seconds = time.process_time() - start
    found = judged(fit, clip, model)
    parts = {part: model.masks[part] for part in ("face", "ears", "scalp", "neck", "bust")}
    parts = {"skin": model.masks["skin"], "head": model.masks["skin"] & ~parts["neck"] & ~parts["bust"], **parts}
    millimetres = ", ".join(
        f"{part} {found.vertices_mm[:, mask].mean():.2f} ({np.percentile(found.vertices_mm[:, mask], 95):.2f})"
        for part, mask in parts.items()
    )
    left_out = fit.left_out.reshape(-1, len(TURNS)).sum(0)
    worst = sorted(found.correlations.items(), key=lambda item: item[1])[:5]
    print(
        f"{name}: mm mean (95 %): {millimetres}; jaw {found.jaw_degrees.mean():.2f} (worst "
        f"{found.jaw_degrees.max():.2f}) degrees; correlation {np.mean(list(found.correlations.values())):.3f} over "
        f"{len(found.correlations)}; lag {found.lag:+.3f} pictures; scale {found.scale:.4f} of the true one; left out "
        f"{left_out.tolist()}; {seconds / len(clip.parameters):.3f} processor s a moment"
    )
    print("  worst: " + ", ".join(f"{control} {value:.2f}" for control, value in worst), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=60)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1])
    arguments = parser.parse_args()
    model = load_head_model()
    for seed in arguments.seeds:
        clip = orbit_clip(model, arguments.moments, seed)
        report(f"person {seed}, outlines", clip, model)
        bare = replace(clip, sights=[replace(sight, outline=None) for sight in clip.sights])
        report(f"person {seed}, landmarks alone", bare, model)
        report(f"person {seed}, one view wrong", orbit_clip(model, arguments.moments, seed, wrong_view=WRONG), model)


if __name__ == "__main__":
    main()
