"""Mixtures of Gaussians over Lab colours."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

MAX_SAMPLES = 6000
COVARIANCE_FLOOR = 12.0  # Lab units squared: a flat patch must not become a needle
MIN_CLUSTER = 20


@dataclass(frozen=True)
class ColorMixture:
    """``log_weight`` float64 [K], ``mean`` [K,3], ``precision`` [K,3,3] (inverse covariance), 8-bit OpenCV Lab."""

    log_weight: np.ndarray
    mean: np.ndarray
    precision: np.ndarray

    @staticmethod
    def fit(samples: np.ndarray, components: int, seed: int = 0) -> ColorMixture:
        """Hard k-means clusters of samples [N,3], each with its covariance."""
        if len(samples) > MAX_SAMPLES:
            samples = samples[np.random.default_rng(seed).choice(len(samples), MAX_SAMPLES, replace=False)]
        samples = np.ascontiguousarray(samples, np.float32)
        cv2.setRNGSeed(seed)
        stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 30, 0.5)
        labels = np.zeros((len(samples), 1), np.int32)
        labels = cv2.kmeans(samples, components, labels, stop, 2, cv2.KMEANS_PP_CENTERS)[1].ravel()
        clusters = [samples[labels == k] for k in range(components)]
        clusters = [c for c in clusters if len(c) >= MIN_CLUSTER] or [samples]
        log_weight = np.log([len(c) / len(samples) for c in clusters])
        mean = np.array([c.mean(0) for c in clusters], np.float64)
        precision = np.array([np.linalg.inv(np.cov(c.T) + np.eye(3) * COVARIANCE_FLOOR) for c in clusters])
        return ColorMixture(log_weight, mean, precision)

    def log_likelihood(self, colors: np.ndarray) -> np.ndarray:
        """Colours [...,3] -> float32 [...], up to one common constant."""
        flat = colors.reshape(-1, 3).astype(np.float32)
        out = np.full(len(flat), -np.inf, np.float32)
        for log_weight, mean, precision in zip(self.log_weight, self.mean, self.precision):
            d = flat - mean.astype(np.float32)
            constant = log_weight + 0.5 * np.linalg.slogdet(precision)[1]
            mahalanobis = np.einsum("ni,ni->n", d @ precision.astype(np.float32), d)
            out = np.logaddexp(out, np.float32(constant) - 0.5 * mahalanobis)
        return out.reshape(colors.shape[:-1])
