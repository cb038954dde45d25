"""The head model: FLAME's layout, free of licence, every size read from the file.

Only numpy is needed, because Blender's Python uses this module in the tests. Frame and parameters:
``backend/conventions.md``. The data is built by ``tools/build_head.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from ..artifacts import AvatarMesh, Control, HeadParameters, Part
from ..errors import CameoError
from .controls import controls_of_table
from .face_regions import IBUG_CONTOUR
from .lid_way import ball_of, clear_the_way, scenes_of
from .lids import off_the_ball, outside, personal_blink, units_off_the_ball
from .teeth import set_back

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class LandmarkEmbedding:
    """Landmarks on the surface: ``face`` int32 [K], ``bary`` float32 [K,3], ``spread`` float32 [K] metres.

    ``spread`` is how far the landmark wandered over identities and views when it was embedded: a measure of trust.
    The first ``contour`` landmarks, none or 17, are the jaw line as seen from the front; in other views they are other
    points of the skin (``contour.py``).
    """

    face: np.ndarray
    bary: np.ndarray
    spread: np.ndarray
    contour: int = 0


@dataclass(frozen=True)
class HeadModel:
    """The template and everything that deforms it.

    Attributes:
        v_template: float32 [V,3] mean head, metres.
        faces: int32 [F,3]. part: uint8 [F], :class:`Part`.
        shapedirs: float32 [V,3,B], displacement at one standard deviation.
        unit_names: U names; unit_dirs: float32 [U,V,3].
        posedirs: float32 [36,V,3]; weights: float32 [V,5]; J_regressor: float32 [5,V].
        mirror: int32 [V], index of the mirrored vertex.
        masks: bool [V] by name (``skin``, ``scalp``, ``lips``, ``left_eyeball``, ...).
        lid_rows: int32 [2,R,C], the lids' vertices, left and right (``lids.py``).
        landmarks478: the landmarker's 478 points.
        uv: float32 [T,2], uv_faces: int32 [F,3].
        controls: what the artist keys, the 52 ARKit names first.
        topology_id: hash of faces and basis; avatars made on another topology are not interchangeable.
    """

    v_template: np.ndarray
    faces: np.ndarray
    part: np.ndarray
    shapedirs: np.ndarray
    unit_names: tuple[str, ...]
    unit_dirs: np.ndarray
    posedirs: np.ndarray
    weights: np.ndarray
    J_regressor: np.ndarray
    mirror: np.ndarray
    masks: dict[str, np.ndarray]
    lid_rows: np.ndarray
    landmarks478: LandmarkEmbedding
    uv: np.ndarray
    uv_faces: np.ndarray
    controls: tuple[Control, ...]
    topology_id: str

    def neutral(self, betas: np.ndarray) -> np.ndarray:
        """Vertices float32 [V,3] of an identity; ``betas`` [b], b <= B. No skin lies in an eyeball, no lip on teeth."""
        vertices = self.v_template + self.shapedirs[:, :, : len(betas)] @ np.asarray(betas, np.float32)
        for rows, center, side in zip(self.lid_rows, self.joints(vertices)[3:], ("left", "right")):
            radius = ball_radius(vertices[self.masks[f"{side}_eyeball"]], center)
            around = self.masks[f"{side}_eye_region"]
            vertices[around] = outside(vertices[around], center, radius)
            vertices[rows] = off_the_ball(vertices[rows], center, radius)
        set_back(vertices, self.v_template, self.masks)
        return vertices.astype(np.float32)

    def joints(self, vertices: np.ndarray) -> np.ndarray:
        """Joint positions float32 [5,3] of neutral ``vertices`` [V,3]."""
        return (self.J_regressor @ vertices).astype(np.float32)

    def rest(self) -> HeadParameters:
        """The neutral pose."""
        return HeadParameters(np.zeros(len(self.unit_names), np.float32), np.zeros((5, 3), np.float32))


@dataclass(frozen=True)
class HairShell:
    """A coarse mesh of the hair that rides on the head: ``vertices`` [H,3], ``faces`` int [G,3], ``colors`` [H,3]."""

    vertices: np.ndarray
    faces: np.ndarray
    colors: np.ndarray


@lru_cache(maxsize=2)
def load_head_model(folder: Path = DATA) -> HeadModel:
    """Read the built-in head (or another of the same layout: ``head.npz`` and ``landmarks478.npz`` in ``folder``)."""
    embedding, topology = _read_landmarks(folder / "landmarks478.npz")
    model = read_head(folder / "head.npz", embedding)
    _check_topology(topology, model)
    return model


def load_landmarks68(model: HeadModel, folder: Path = DATA) -> LandmarkEmbedding:
    """The 68 landmarks in iBUG's order kept with the built-in head; ``contour.landmarks68`` serves any."""
    embedding, topology = _read_landmarks(folder / "landmarks68.npz")
    _check_topology(topology, model)
    return replace(embedding, contour=len(IBUG_CONTOUR))


def _read_landmarks(file: Path) -> tuple[LandmarkEmbedding, str]:
    """An embedding and the topology it was made for."""
    with np.load(file, allow_pickle=False) as archive:
        embedding = LandmarkEmbedding(
            archive["face"].astype(np.int32), archive["bary"].astype(np.float32), archive["spread"].astype(np.float32)
        )
        return embedding, str(archive["topology_id"])


def _check_topology(topology: str, model: HeadModel) -> None:
    if topology != model.topology_id:
        raise CameoError(
            "head.landmarks_of_another_head",
            "The landmarks were embedded on another head model.",
            cause=f"They belong to topology {topology}, the head is {model.topology_id}.",
            fix="Install Cameo again; for a head model of your own, run tools/embed_landmarks.py.",
        )


def read_head(file: Path, landmarks: LandmarkEmbedding) -> HeadModel:
    """Read a head file and give it ``landmarks``."""
    with np.load(file, allow_pickle=False) as archive:
        masks = np.unpackbits(archive["masks"], axis=1)[:, : len(archive["v_template"])].astype(bool)
        return HeadModel(
            v_template=archive["v_template"].astype(np.float32),
            faces=archive["faces"].astype(np.int32),
            part=archive["part"].astype(np.uint8),
            shapedirs=archive["shapedirs"].astype(np.float32),
            unit_names=tuple(str(n) for n in archive["unit_names"]),
            unit_dirs=archive["unit_dirs"].astype(np.float32),
            posedirs=archive["posedirs"].astype(np.float32),
            weights=archive["weights"].astype(np.float32),
            J_regressor=archive["J_regressor"].astype(np.float32),
            mirror=archive["mirror"].astype(np.int32),
            masks=dict(zip((str(n) for n in archive["mask_names"]), masks)),
            lid_rows=archive["lid_rows"].astype(np.int32),
            landmarks478=landmarks,
            uv=archive["uv"].astype(np.float32),
            uv_faces=archive["uv_faces"].astype(np.int32),
            controls=controls_of_table(archive["control_names"], archive["control_units"], archive["control_joints"]),
            topology_id=str(archive["topology_id"]),
        )


def ball_radius(ball: np.ndarray, center: np.ndarray) -> float:
    """Radius of an eyeball of vertices ``ball`` [n,3] without its cornea, metres."""
    return float(np.median(np.linalg.norm(ball - center, axis=1)))


def personal_units(model: HeadModel, vertices: np.ndarray, joints: np.ndarray) -> np.ndarray:
    """The model's ``unit_dirs`` [U,V,3] with lids that close on this person's eyes and that no unit puts into them.

    Args:
        vertices: [V,3] neutral. joints: [5,3] of the same person.
    """
    units = model.unit_dirs.copy()
    template = model.v_template.astype(np.float64), model.joints(model.v_template)
    person = np.asarray(vertices, np.float64), joints
    for side, (name, ball) in enumerate((("eyeBlinkLeft", "left_eyeball"), ("eyeBlinkRight", "right_eyeball"))):
        mask, joint = model.masks[ball], 3 + side
        eyes = []
        for points, places in (template, person):
            center = places[joint].astype(np.float64)
            eyes.append((points, center, ball_radius(points[mask], center)))
        unit, rows = model.unit_names.index(name), model.lid_rows[side]
        units[unit] = personal_blink(units[unit], rows, *eyes)
        points, center, radius = eyes[1]
        moved = units_off_the_ball(points[rows], units[:, rows], center, radius)
        scenes = scenes_of(model.unit_names, model.controls, name.removeprefix("eyeBlink").lower())
        found = ball_of(points[mask], center)
        units[:, rows] = clear_the_way(points[rows], moved, model.posedirs[:, rows], scenes, joint, found)
    return units


def make_avatar_mesh(
    model: HeadModel,
    neutral_vertices: np.ndarray,
    colors: np.ndarray,
    *,
    joints: np.ndarray | None = None,
    hair_shell: HairShell | None = None,
) -> AvatarMesh:
    """The rigged mesh of one person: the model's rig on ``neutral_vertices`` [V,3], and hair that follows the neck.

    The lids are made to close on this person's eyes.

    Args:
        colors: float [V,3] sRGB 0..1, for showing the proxy.
        joints: [5,3]; regressed from the vertices when not given.
    """
    vertices = np.asarray(neutral_vertices, np.float32)
    places = model.joints(vertices) if joints is None else np.asarray(joints, np.float32)
    extra = 0 if hair_shell is None else len(hair_shell.vertices)
    follow_neck = np.zeros((extra, 5), np.float32)
    follow_neck[:, 1] = 1.0

    def padded(directions: np.ndarray) -> np.ndarray:
        return np.concatenate([directions, np.zeros((len(directions), extra, 3), np.float32)], axis=1)

    faces, part = model.faces, model.part
    all_vertices, all_colors = vertices, np.asarray(colors, np.float32)
    if hair_shell is not None:
        faces = np.concatenate([faces, hair_shell.faces.astype(np.int32) + len(vertices)])
        part = np.concatenate([part, np.full(len(hair_shell.faces), Part.HAIR, np.uint8)])
        all_vertices = np.concatenate([vertices, hair_shell.vertices.astype(np.float32)])
        all_colors = np.concatenate([all_colors, hair_shell.colors.astype(np.float32)])
    return AvatarMesh(
        vertices=all_vertices,
        faces=faces,
        part=part,
        unit_names=model.unit_names,
        unit_dirs=padded(personal_units(model, vertices, places)),
        posedirs=padded(model.posedirs),
        weights=np.concatenate([model.weights, follow_neck]),
        joints=places,
        colors=all_colors,
        controls=model.controls,
    )
