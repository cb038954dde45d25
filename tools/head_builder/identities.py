"""A synthetic prior of identities: MakeHuman's targets, sampled, then principal components.

It says what MakeHuman can be, not how often people are so.
"""

from __future__ import annotations

import numpy as np

from .source import Source

ETHNICITIES = ("caucasian", "african", "asian")
SEXES = ("male", "female")
AGES = ("child", "young", "old")
MUSCLES = ("minmuscle", "averagemuscle", "maxmuscle")
WEIGHTS = ("minweight", "averageweight", "maxweight")
LOCAL_FOLDERS = ("head", "nose", "eyes", "mouth", "chin", "cheek", "ears", "forehead", "eyebrows", "neck", "asym")
OPPOSITES = (
    *(("decr", "incr"), ("down", "up"), ("in", "out"), ("backward", "forward")),
    *(("concave", "convex"), ("compress", "uncompress"), ("1-l", "1-r"), ("2-l", "2-r")),
)
LOCAL_SIGMA = 0.30
SAMPLES = 1200
COMPONENTS = 100
SEED = 7


def mean_adult(source: Source) -> np.ndarray:
    """Base vertices [N,3] of the mean young adult over ethnicities and sexes."""
    ethnic = [source.target(f"macrodetails/{e}-{s}-young") for e in ETHNICITIES for s in SEXES]
    build = [source.target(f"macrodetails/universal-{s}-young-averagemuscle-averageweight") for s in SEXES]
    return source.vertices + np.mean(ethnic, 0) + np.mean(build, 0)


class IdentitySampler:
    """Draws coefficients of all identity targets; ``names`` are the targets, in the order of the coefficients."""

    def __init__(self, source: Source) -> None:
        self.ethnic = [(e, s, a) for e in ETHNICITIES for s in SEXES for a in AGES]
        self.build = [(s, a, m, w) for s in SEXES for a in AGES for m in MUSCLES for w in WEIGHTS]
        self.pairs, self.singles = _local_targets(source)
        self.names = [f"macrodetails/{'-'.join(key)}" for key in self.ethnic]
        self.names += [f"macrodetails/universal-{'-'.join(key)}" for key in self.build]
        self.names += [name for pair in self.pairs.values() for name in pair] + self.singles

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Coefficients [len(names)] of one random person."""
        sex_share = rng.beta(0.5, 0.5)
        ethnicity: dict[str, float] = dict(zip(ETHNICITIES, rng.dirichlet([0.5] * 3)))
        sex: dict[str, float] = dict(zip(SEXES, (sex_share, 1 - sex_share)))
        age: dict[str, float] = dict(zip(AGES, _draw_age(rng)))
        muscle: dict[str, float] = dict(zip(MUSCLES, _between(rng.beta(2.2, 2.2))))
        weight: dict[str, float] = dict(zip(WEIGHTS, _between(rng.beta(2.0, 2.0))))
        values = [ethnicity[e] * sex[s] * age[a] for e, s, a in self.ethnic]
        values += [sex[s] * age[a] * muscle[m] * weight[w] for s, a, m, w in self.build]
        drawn: dict[str, float] = {}
        for name in self.pairs:
            drawn[name] = self._draw_local(rng, name, drawn)
            values += [max(-drawn[name], 0.0), max(drawn[name], 0.0)]
        values += [float(np.clip(rng.normal() * LOCAL_SIGMA * 0.6, 0, 1)) for _ in self.singles]
        return np.array(values)

    def _draw_local(self, rng: np.random.Generator, name: str, drawn: dict[str, float]) -> float:
        folder, local = name.split("/")
        twin = f"{folder}/l-{local[2:]}"
        if local.startswith("r-") and twin in drawn:  # faces are nearly symmetric
            value = 0.97 * drawn[twin] + 0.06 * rng.normal() * LOCAL_SIGMA
        elif folder == "asym":
            value = 0.1 * rng.normal()
        else:
            value = (
                rng.normal() * LOCAL_SIGMA * (0.5 if local.startswith(("head-scale", "neck", "measure-neck")) else 1)
            )
        return float(np.clip(value, -1, 1))


def _draw_age(rng: np.random.Generator) -> tuple[float, float, float]:
    if rng.random() < 0.08:
        grown = rng.random()
        return grown, 1 - grown, 0.0
    old = rng.beta(0.9, 1.3)
    return 0.0, 1 - old, old


def _between(t: float) -> tuple[float, float, float]:
    """Shares of minimum, average and maximum at t in 0..1."""
    return max(0.0, 1 - 2 * t), 1 - abs(2 * t - 1), max(0.0, 2 * t - 1)


def _local_targets(source: Source) -> tuple[dict[str, tuple[str, str]], list[str]]:
    """Targets that oppose each other, (minus, plus) by common name, and those that stand alone."""
    names = [
        f"{folder}/{name}"
        for folder in LOCAL_FOLDERS
        for name in source.target_names(folder)
        if not name.startswith("asymm-") and not (folder == "head" and "trans" in name)
    ]
    known, paired = set(names), set()
    pairs, singles = {}, []
    for name in names:
        if name in paired:
            continue
        for minus, plus in OPPOSITES:
            stem = name[: -len(minus)]
            if name.endswith("-" + minus) and stem + plus in known:
                pairs[stem.rstrip("-")] = (name, stem + plus)
                paired |= {name, stem + plus}
                break
        else:
            if not name.startswith("asym/"):
                singles.append(name)
    return pairs, singles


def principal_components(samples: np.ndarray, vertex_weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean [V,3] and COMPONENTS directions [V,3,B] at one standard deviation; signs are fixed by the largest entry.

    Args:
        samples: float32 [S,V,3]. vertex_weight: [V], how much a vertex counts.
    """
    count = len(samples)
    mean = samples.mean(0, dtype=np.float64)
    centered = (samples - mean).reshape(count, -1)
    weighted = centered * np.repeat(np.sqrt(vertex_weight), 3).astype(np.float32)
    variance, vectors = np.linalg.eigh(weighted.astype(np.float64) @ weighted.T.astype(np.float64))
    variance, vectors = variance[::-1][:COMPONENTS], vectors[:, ::-1][:, :COMPONENTS]
    directions = vectors.T @ centered / np.sqrt(count - 1)
    sign = np.sign(np.take_along_axis(directions, np.abs(directions).argmax(1)[:, None], 1))
    directions = (directions * sign).reshape(COMPONENTS, *mean.shape)
    explained = variance.cumsum() / (weighted.astype(np.float64) ** 2).sum()
    print("shape variance explained:", {k: round(float(explained[k - 1]), 4) for k in (10, 20, 50, COMPONENTS)})
    return mean, np.moveaxis(directions, 0, 2)
