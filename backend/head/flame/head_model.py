"""FLAME as a :class:`HeadModel`: everything that works on the built-in head works on it.

What FLAME's files lack (regions, landmarks, lids, names for expressions) comes from the built-in head by registration.
The result is kept in the built-in head's own file layout, so the second time it is just another head to load.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.spatial import KDTree

from ...artifacts import Control, Part
from ...weights.cache import cache_dir, make_folder
from ..controls import with_ceilings
from ..model import DATA, HeadModel, LandmarkEmbedding, load_head_model
from .closest import closest_points
from .files import FlameModel, TextureLayout, read_landmarks, read_masks, read_model, read_texture_layout
from .named_expressions import NamedExpressions, solve_expressions
from .reader import file_hash
from .registration import Registration, register
from .teeth import VERTICES_PUBLISHED, teeth_texture, with_teeth

MASKS = ("FLAME_masks.pkl", "FLAME_masks.safetensors")
LANDMARKS = (
    "landmark_embedding_with_eyes.npy",
    "landmark_embedding_with_eyes.safetensors",
    "landmark_embedding.npy",
)
TEMPLATES = ("head_template_mesh.obj", "head_template.obj")
"""Names under which further files are looked for beside the model; none of them must be there. Those that end in
``.safetensors`` were converted when the model was installed."""
RAW = "expression{:03d}"
"""Name of FLAME's own expression components, as units and controls."""
_VERSION = 1  # of what is kept; raise it when this module makes something else of the same files
_EYES = {"left_eyeball": 3, "right_eyeball": 4}
_TEETH_STRIPS_UPPER = np.repeat([True, False, True, False, True, True, False, False], 15)
_OF_FILE = ("neck", "forehead", "lips", "nose", "scalp", "face", "left_eye_region", "right_eye_region")


@dataclass(frozen=True)
class FlameFiles:
    """A FLAME model and what lies beside it."""

    model: Path
    masks: Path | None
    landmarks: Path | None
    template: Path | None

    @staticmethod
    def beside(model: Path) -> FlameFiles:
        """The model and the files of known names in its folder."""

        def found(names: tuple[str, ...]) -> Path | None:
            return next((place for name in names if (place := model.with_name(name)).is_file()), None)

        return FlameFiles(model, found(MASKS), found(LANDMARKS), found(TEMPLATES))


def head_model_at(path: str) -> HeadModel:
    """The head model of the setting ``head_model_path``: empty for the built-in one, else a FLAME model file.

    The first time takes about a minute.

    Raises:
        AssetError: the file is not FLAME's (``flame.*``), or the cache cannot be written.
    """
    return _flame_head(FlameFiles.beside(Path(path).expanduser())) if path else load_head_model()


@lru_cache(maxsize=1)
def _flame_head(files: FlameFiles) -> HeadModel:
    ours = load_head_model()
    folder = cache_dir() / "flame" / f"head-{_key(files, ours)}"
    if not (folder / "head.npz").is_file():
        _keep(convert(files, ours), folder)
    return load_head_model(folder)


def convert(files: FlameFiles, ours: HeadModel) -> HeadModel:
    """FLAME as a head model, float32."""
    plain = read_model(files.model)
    landmarks = read_landmarks(files.landmarks, len(plain.faces)) if files.landmarks else None
    masks = read_masks(files.masks, len(plain.v_template)) if files.masks else {}
    texture = read_texture_layout(files.template, len(plain.faces)) if files.template else None
    likeness = register(ours, plain, landmarks)
    head = assemble(ours, plain, likeness, solve_expressions(ours, plain, likeness))
    head = replace(head, masks=head.masks | _file_masks(masks, len(head.v_template)))
    return replace(head, **_texture(texture, head)) if texture else head


def assemble(ours: HeadModel, plain: FlameModel, likeness: Registration, expressions: NamedExpressions) -> HeadModel:
    """The head model without what only further files tell; texture coordinates are a cylinder's."""
    toothed = with_teeth(plain) if len(plain.v_template) == VERTICES_PUBLISHED else plain
    own = len(plain.v_template)
    named = np.tensordot(expressions.coefficients, np.moveaxis(toothed.exprdirs, 2, 0), 1)
    raw = np.moveaxis(toothed.exprdirs, 2, 0)
    masks = _masks(ours, plain, likeness, len(toothed.v_template))
    uv = _cylinder(toothed.v_template)
    return HeadModel(
        v_template=toothed.v_template.astype(np.float32),
        faces=toothed.faces.astype(np.int32),
        part=_parts(toothed.faces, masks),
        shapedirs=toothed.shapedirs.astype(np.float32),
        unit_names=(*expressions.names, *(RAW.format(k) for k in range(len(raw)))),
        unit_dirs=np.concatenate([named, raw]).astype(np.float32),
        posedirs=toothed.posedirs.astype(np.float32),
        weights=toothed.weights.astype(np.float32),
        J_regressor=toothed.J_regressor.astype(np.float32),
        mirror=np.asarray(KDTree(toothed.v_template).query(toothed.v_template * [-1, 1, 1])[1], np.int32),
        masks=masks,
        lid_rows=_lid_rows(ours, plain, likeness),
        landmarks478=_landmarks(ours, plain, likeness),
        uv=uv.astype(np.float32),
        uv_faces=toothed.faces.astype(np.int32),
        controls=_controls(ours, expressions, len(raw)),
        topology_id=_hash(toothed.faces[: len(plain.faces)], plain.shapedirs[:own], plain.exprdirs)[:16],
    )


def _masks(ours: HeadModel, plain: FlameModel, likeness: Registration, count: int) -> dict[str, np.ndarray]:
    """Our regions on their vertices; eyeballs as their rig has them, teeth as added, the rest is skin."""
    own = len(plain.v_template)
    masks = {name: np.zeros(count, bool) for name in ours.masks}
    for name, mask in ours.masks.items():
        masks[name][:own] = likeness.on_ours.carry(mask.astype(np.float64), ours.faces) > 0.5
    skin = np.zeros(count, bool)
    skin[:own] = plain.weights[:, list(_EYES.values())].max(1) <= 0.5
    for name, joint in _EYES.items():
        masks[name] = np.zeros(count, bool)
        masks[name][:own] = plain.weights[:, joint] > 0.5
    for name in ("teeth", "upper_teeth", "lower_teeth", "gums", "upper_gums", "lower_gums", "tongue"):
        masks[name][:] = False
    if count > own:
        masks["teeth"][own:] = True
        masks["upper_teeth"][own:], masks["lower_teeth"][own:] = _TEETH_STRIPS_UPPER, ~_TEETH_STRIPS_UPPER
    return masks | {"skin": skin}


def _file_masks(found: dict[str, np.ndarray], count: int) -> dict[str, np.ndarray]:
    """The regions of FLAME's own file that have the same meaning here, and the ears as one."""
    ears = {"ears": found["left_ear"] | found["right_ear"]} if {"left_ear", "right_ear"} <= set(found) else {}
    chosen = {name: found[name] for name in _OF_FILE if name in found} | ears
    return {name: np.pad(mask, (0, count - len(mask))) for name, mask in chosen.items()}


def _parts(faces: np.ndarray, masks: dict[str, np.ndarray]) -> np.ndarray:
    part = np.full(len(faces), Part.SKIN, np.uint8)
    part[masks["inner_mouth"][faces].all(1)] = Part.MOUTH
    for name, kind in (("left_eyeball", Part.LEFT_EYE), ("right_eyeball", Part.RIGHT_EYE), ("teeth", Part.TEETH)):
        part[masks[name][faces].all(1)] = kind
    return part


def _landmarks(ours: HeadModel, plain: FlameModel, likeness: Registration) -> LandmarkEmbedding:
    """Our 478 landmarks at the like points of their surface; the irises' on the eyeballs."""
    embedding = ours.landmarks478
    corners = ours.faces[embedding.face]
    points = np.einsum("kc,kcx->kx", embedding.bary, likeness.vertices[corners])
    on_ball = (ours.masks["left_eyeball"] | ours.masks["right_eyeball"])[corners].all(1)
    their_ball = (plain.weights[:, list(_EYES.values())].max(1) > 0.5)[plain.faces].all(1)
    face, bary = np.zeros(len(points), np.int32), np.zeros((len(points), 3), np.float32)
    for chosen, allowed in ((on_ball, np.flatnonzero(their_ball)), (~on_ball, np.flatnonzero(~their_ball))):
        found = closest_points(points[chosen], plain.v_template, plain.faces[allowed])
        face[chosen], bary[chosen] = allowed[found.face], found.bary
    return LandmarkEmbedding(face, bary, embedding.spread)


def _lid_rows(ours: HeadModel, plain: FlameModel, likeness: Registration) -> np.ndarray:
    """The vertices nearest to our lids' grid. FLAME's lids are coarser: neighbours in the grid may share a vertex."""
    skin = np.flatnonzero(plain.weights[:, list(_EYES.values())].max(1) <= 0.5)
    nearest = KDTree(plain.v_template[skin]).query(likeness.vertices[ours.lid_rows])[1]
    return skin[nearest].astype(np.int32)


def _controls(ours: HeadModel, expressions: NamedExpressions, raw: int) -> tuple[Control, ...]:
    """The built-in head's controls on these units. ``tongueOut`` is there and moves nothing: FLAME has no tongue."""
    unit = {name: index for index, name in enumerate(expressions.names)}
    controls = []
    for control in ours.controls:
        kept = [(ours.unit_names[index], gain) for index, gain in control.units if ours.unit_names[index] in unit]
        turns = [
            (2, axis, gain * float(angle))
            for name, gain in kept
            for axis, angle in enumerate(expressions.jaw[unit[name]])
            if angle
        ]
        joints = tuple(control.joints)
        if control.name == "jawOpen":
            joints = ((2, 0, expressions.jaw_open),)
        controls.append(replace(control, units=tuple((unit[n], g) for n, g in kept), joints=(*joints, *turns)))
    own = [Control(RAW.format(k), ((len(unit) + k, 1.0),)) for k in range(raw)]
    return with_ceilings((*controls, *own))


def _cylinder(vertices: np.ndarray) -> np.ndarray:
    """Texture coordinates [V,2] round the head, for files without a template."""
    x, y, z = (vertices - vertices.mean(0)).T
    return np.stack([0.5 + np.arctan2(x, z) / (2 * np.pi), (y - y.min()) / (y.max() - y.min())], 1)


def _texture(layout: TextureLayout, head: HeadModel) -> dict[str, np.ndarray]:
    """FLAME's own texture coordinates, and the teeth's where the head has teeth."""
    uv, faces = layout.uv, layout.faces
    if len(head.faces) > len(faces):
        teeth = teeth_texture()
        uv, faces = np.concatenate([uv, teeth.uv]), np.concatenate([faces, teeth.faces + len(uv)])
    return {"uv": uv.astype(np.float32), "uv_faces": faces.astype(np.int32)}


def _hash(*arrays: np.ndarray) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _key(files: FlameFiles, ours: HeadModel) -> str:
    """What the conversion depends on: the files' contents, the built-in head, this code's version."""
    hashes = [file_hash(path) if path else "" for path in (files.model, files.masks, files.landmarks, files.template)]
    text = "\n".join([*hashes, ours.topology_id, file_hash(DATA / "head.npz"), str(_VERSION)])
    return hashlib.sha256(text.encode()).hexdigest()


def _keep(head: HeadModel, folder: Path) -> None:
    """Write ``head`` to ``folder`` in the built-in head's layout, as a whole or not at all."""
    make_folder(folder.parent)
    scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".part-"))
    try:
        write_head(head, scratch)
        if not folder.exists():
            os.rename(scratch, folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def write_head(head: HeadModel, folder: Path) -> None:
    """``head.npz`` and ``landmarks478.npz``, which :func:`..model.load_head_model` reads."""
    units = [(c, u, g) for c, control in enumerate(head.controls) for u, g in control.units]
    joints = [(c, *turn) for c, control in enumerate(head.controls) for turn in control.joints]
    plain = ("v_template", "faces", "part", "shapedirs", "unit_dirs", "posedirs", "weights", "J_regressor", "mirror")
    np.savez(
        folder / "head.npz",
        **{name: getattr(head, name) for name in (*plain, "lid_rows", "uv", "uv_faces")},
        unit_names=np.array(head.unit_names),
        mask_names=np.array(list(head.masks)),
        masks=np.packbits(np.stack(list(head.masks.values())), axis=1),
        control_names=np.array([control.name for control in head.controls]),
        control_units=np.array(units, np.float64).reshape(-1, 3),
        control_joints=np.array(joints, np.float64).reshape(-1, 4),
        topology_id=np.array(head.topology_id),
    )
    marks = head.landmarks478
    np.savez(
        folder / "landmarks478.npz",
        face=marks.face,
        bary=marks.bary,
        spread=marks.spread,
        topology_id=np.array(head.topology_id),
    )
