"""What each part of COIN is worth, on views whose truth is known.

``python benchmarks/coin_truth.py [--seed N] [--quick] [--json FILE] [--pictures DIR]``. All methods start from the
same static fit of the same lying views and take the same number of steps; they are measured on clean pictures from
other sides, half of them in expressions nobody trained. The measuring network is not the training one.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from cameo.backend.artifacts import BoundGaussians, PersonalizedSet
from cameo.backend.config import AppearanceConfig, GaussianRates, InitialCloudConfig, ReconstructionConfig
from cameo.backend.gaussians.initialise import initial_gaussians
from cameo.backend.gaussians.perceptual import load_perceptual
from cameo.backend.gaussians.trainer import Trainer
from cameo.backend.head.lbs import pose_vertices
from known_truth import SIZE, known_truth
from lying_views import LIES
from truth_quality import TruthQuality

STATIC_STEPS, COIN_STEPS = 300, 700
PERCEPTUAL_WEIGHT = 0.05  # the paper's
_RATES = GaussianRates(local=0.05, log_scale=0.01, color=0.012)  # for 17 000 Gaussians without a coloured surface


@dataclass(frozen=True)
class Method:
    """``extra_reference``: part of the steps taken from the others and given to the clean reference view."""

    appearance: AppearanceConfig
    extra_reference: float = 0.0


METHODS = {
    "plain_perc": Method(AppearanceConfig(kind="plain")),
    "plain_perc_ref25": Method(AppearanceConfig(kind="plain"), 0.25),
    "paper": Method(AppearanceConfig.paper()),
    "anchored": Method(AppearanceConfig(kind="anchored"), 0.25),
    "coin_plus": Method(AppearanceConfig(), 0.15),
}
_PICTURED = (0, 1, 3, 4, 6, 16)  # of the held-out pictures


class Experiment:
    """One data set: its static fit, from which every method goes on."""

    def __init__(self, kind: str, seed: int) -> None:
        self.data = known_truth(kind, seed)
        self.seed = seed
        self.quality = TruthQuality(self.data)
        self.perceptual = load_perceptual()
        self.posed = [pose_vertices(self.data.mesh, pose) for pose in self.data.poses]
        trained = np.unique(self.data.pose_index[~self.data.held_out])
        self.bound = initial_gaussians(
            self.data.mesh, [self.posed[t] for t in trained], None, InitialCloudConfig()
        )  # one on every triangle, all grey
        static = self.trainer(METHODS["plain_perc"])
        while not static.in_coin:
            static.step()
        self.start = static.state()

    def trainer(self, method: Method) -> Trainer:
        config = ReconstructionConfig(
            preset="known_truth",
            appearance=method.appearance,
            rates=_RATES,
            size=SIZE,
            static_steps=STATIC_STEPS,
            coin_steps=COIN_STEPS,
            perceptual_weight=PERCEPTUAL_WEIGHT,
            seed=self.seed,
            **shares(self.data, method.extra_reference),
        )
        return Trainer(self.data, self.posed, self.bound, config, self.perceptual)

    def run(self, name: str) -> tuple[dict[str, Any], BoundGaussians]:
        """Figures of a method, and the Gaussians that it would ship."""
        trainer = self.trainer(METHODS[name])
        trainer.load(self.start)
        offsets, begun = [], time.perf_counter()
        while trainer.step_count < trainer.total_steps:
            trainer.step()
            offsets.append(trainer.mean_offset)
        seconds = time.perf_counter() - begun
        ships, consistent = trainer.result(), trainer.gaussians.bound()
        other: dict[str, Any] = {"image": "consistent", **self.quality(consistent)}
        if name != "paper":  # c itself ships; the other picture is what the second view makes of it
            other = {"image": "baked for view 1", **self.quality(trainer.result(1))}
        figures = {**self.quality(ships), "mean_offset": float(np.mean(offsets)), "seconds": round(seconds, 1)}
        return {**figures, "other": other}, ships


def shares(data: PersonalizedSet, extra_reference: float) -> dict[str, float]:
    """Every picture as often as any other, but for what the reference view gets on top."""
    trained = ~data.held_out
    of_reference = float((data.view_index == data.reference_view)[trained].mean())
    expressive = (data.pose_index != 0) & (data.view_index != data.reference_view)
    reference = of_reference + extra_reference * (1 - of_reference)
    of_expressions = float(expressive[trained].mean()) * (1 - reference) / (1 - of_reference)
    return {"reference_share": reference, "expression_share": of_expressions}


def picture_sheet(experiment: Experiment, made: dict[str, BoundGaussians]) -> np.ndarray:
    """uint8 RGB: truth, what the views lie, and a row for every method."""
    quality, data = experiment.quality, experiment.data
    rows = [[quality.truth[i] for i in _PICTURED]]
    lies = [j for j in np.flatnonzero(~data.held_out) if data.view_index[j] in (1, 2, 4, 22, 6, 12)]
    first_of_view = [next(j for j in lies if data.view_index[j] == v) for v in (1, 22, 2, 4, 6, 12)]
    rows.append([quality.flat(data.images[j]) for j in first_of_view])
    rows += [[quality.render(gaussians, i) for i in _PICTURED] for gaussians in made.values()]
    sheet = np.concatenate([np.concatenate(row, 1) for row in rows])
    return (np.clip(sheet, 0, 1) * 255 + 0.5).astype(np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="the mix of all lies only")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--pictures", type=Path, help="a folder for a sheet of every data set")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    result: dict[str, dict[str, Any]] = {}
    for kind in ["all"] if arguments.quick else LIES:
        experiment = Experiment(kind, arguments.seed)
        made = {}
        result[kind] = {}
        for name in METHODS:
            result[kind][name], made[name] = experiment.run(name)
            print(kind, name, json.dumps(result[kind][name]), flush=True)
        if arguments.pictures:
            arguments.pictures.mkdir(parents=True, exist_ok=True)
            sheet = cv2.cvtColor(picture_sheet(experiment, made), cv2.COLOR_RGB2BGR)
            large = cv2.resize(sheet, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
            cv2.imwrite(str(arguments.pictures / f"coin_truth_{kind}_{arguments.seed}.png"), large)
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
