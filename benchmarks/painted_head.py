"""A person of whom everything is known: the head model in a random shape, finely painted, lit from three sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from cameo.backend.artifacts import AvatarMesh, Camera, HeadParameters
from cameo.backend.head.lbs import pose_vertices
from cameo.backend.head.mesh_raster import rasterize_mesh
from cameo.backend.head.model import HeadModel, load_head_model, make_avatar_mesh
from cameo.backend.head.normals import vertex_normals

_SUPERSAMPLE = 3
_LIGHTS = np.array([[0.35, 0.55, 0.75], [-0.7, 0.15, 0.5], [0.0, 0.4, -0.9]])
_LIGHTS /= np.linalg.norm(_LIGHTS, axis=1, keepdims=True)
_PLAIN_PARTS = {
    "inner_mouth": (0.33, 0.10, 0.10),
    "left_eyeball": (0.93, 0.92, 0.92),
    "right_eyeball": (0.93, 0.92, 0.92),
    "left_iris": (0.20, 0.36, 0.45),
    "right_iris": (0.20, 0.36, 0.45),
    "left_pupil": (0.03, 0.03, 0.03),
    "right_pupil": (0.03, 0.03, 0.03),
    "teeth": (0.93, 0.90, 0.82),
    "tongue": (0.75, 0.35, 0.35),
}


@dataclass(frozen=True)
class PaintedHead:
    """``mesh`` of one person; ``model`` it came from; ``seed`` of the paint."""

    mesh: AvatarMesh
    model: HeadModel
    seed: int

    def picture(self, pose: HeadParameters, camera: Camera) -> np.ndarray:
        """float32 [H,W,4] premultiplied RGBA 0..1, what a perfect camera sees."""
        posed = pose_vertices(self.mesh, pose)
        faces = self.mesh.faces
        raster = rasterize_mesh(posed, faces, camera, supersample=_SUPERSAMPLE)
        seen = raster.face >= 0
        corners, bary = faces[raster.face[seen]], raster.bary[seen]
        place = np.einsum("nk,nkc->nc", bary, self.model.v_template[corners])
        normal = np.einsum("nk,nkc->nc", bary, vertex_normals(posed, faces)[corners])
        labels = {name: (bary * mask[corners]).sum(1) for name, mask in self.model.masks.items()}
        rgba = np.zeros((*raster.face.shape, 4), np.float32)
        rgba[seen, :3] = np.clip(self.paint(place, labels) * _shade(normal)[:, None], 0, 1)
        rgba[seen, 3] = 1
        s = _SUPERSAMPLE
        return rgba.reshape(camera.height, s, camera.width, s, 4).mean((1, 3))

    def paint(self, place: np.ndarray, labels: dict[str, np.ndarray]) -> np.ndarray:
        """Colour [n,3] at ``place`` [n,3] on the template, with the masks' values [n] there."""
        rng = np.random.default_rng([self.seed, 1])
        color = _skin(place, rng)
        _cover(color, labels["scalp"], _hair(place, rng))
        for side in ("left_brow", "right_brow"):
            strands = 0.75 + 0.25 * np.sin(2 * np.pi * (place[:, 0] / 0.005 + place[:, 1] / 0.008))
            _cover(color, labels[side], np.array([0.17, 0.11, 0.08]) * strands[:, None])
        folds = 1 + 0.12 * np.sin(2 * np.pi * place[:, 0] / 0.006)
        _cover(color, labels["lips"], np.array([0.66, 0.33, 0.32]) * folds[:, None])
        for name, flat in _PLAIN_PARTS.items():
            _cover(color, labels[name], np.array(flat))
        return color


def painted_head(seed: int, spread: float = 0.7) -> PaintedHead:
    """A random person, ``spread`` standard deviations from the mean, in random paint."""
    model = load_head_model()
    betas = np.random.default_rng([seed, 0]).normal(size=model.shapedirs.shape[2]) * spread
    grey = np.full((len(model.v_template), 3), 0.45)
    return PaintedHead(make_avatar_mesh(model, model.neutral(betas), grey), model, seed)


def _waves(place: np.ndarray, wavelength: float, rng: np.random.Generator, count: int = 10) -> np.ndarray:
    """A random smooth field [n] of unit variance with details of about ``wavelength`` metres."""
    direction = rng.normal(size=(count, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    frequency = direction * 2 * np.pi / (wavelength * rng.uniform(0.75, 1.35, (count, 1)))
    return np.sin(place @ frequency.T + rng.uniform(0, 2 * np.pi, count)).sum(1) / np.sqrt(count / 2)


def _skin(place: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    tone = np.array([0.80, 0.62, 0.53]) * rng.uniform(0.75, 1.08)
    color = tone * (1 + 0.05 * _waves(place, 0.030, rng) + 0.045 * _waves(place, 0.012, rng))[:, None]
    color[:, 1:] *= (1 - 0.05 * _waves(place, 0.04, rng))[:, None]
    freckles = np.clip(2.2 * (_waves(place, 0.0095, rng, 14) - 1.05), 0, 1)
    freckles *= np.clip(0.6 + 0.8 * _waves(place, 0.05, rng), 0, 1)
    return color * (1 - freckles[:, None] * np.array([0.38, 0.5, 0.55]))


def _hair(place: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    around = np.arctan2(place[:, 0], 0.02 - place[:, 2])
    strand = np.sin(2 * np.pi * (10 * around + 0.9 * _waves(place, 0.05, rng)))
    tone = np.array([0.26, 0.16, 0.09]) * rng.uniform(0.6, 1.5)
    return tone * (1 + 0.5 * strand + 0.18 * _waves(place, 0.007, rng))[:, None]


def _cover(color: np.ndarray, weight: np.ndarray, paint: np.ndarray) -> None:
    """Lay ``paint`` over ``color`` [n,3] where the interpolated mask ``weight`` [n] is high."""
    share = np.clip(6 * (weight - 0.4), 0, 1)[:, None]
    color *= 1 - share
    color += share * paint


def _shade(normal: np.ndarray) -> np.ndarray:
    unit = normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    key, side, rim = (unit @ _LIGHTS.T).T
    return 0.34 + 0.5 * np.clip(0.5 + 0.5 * key, 0, 1) ** 1.5 + 0.16 * np.clip(side, 0, 1) + 0.22 * np.clip(rim, 0, 1)
