"""Eyeballs, teeth, gums and tongue: new geometry that rides on MakeHuman's helper meshes.

Each new vertex is the minimum-norm affine combination of its helper's vertices, so it follows every affine motion of
the helper exactly. Sizes of teeth are about the mean crowns of dental anatomy, in millimetres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from .source import Source
from .surface import Piece

EYE_RADIUS = 0.0122
"""Metres: an adult's, for everybody. MakeHuman's ball has 15.4 mm."""
LID_BALL = 0.0153
"""How far behind its front MakeHuman's ball has the centre of the sphere on which its lids lie, metres."""
CORNEA_BULGE, CORNEA_DEG = 0.04, 36.0  # of the radius, and how far from the middle it reaches
PUPIL_DEG, IRIS_DEG = 10.0, 28.0  # the iris is 11.7 mm wide
EYE_RINGS_DEG = (5.0, 10.0, 16.0, 22.5, 28.0, 30.5, 34.0, 40.0, 48.0, 58.0, 70.0, 84.0, 100.0, 120.0, 145.0)
EYE_SEGMENTS = 24


@dataclass(frozen=True)
class Tooth:
    """A crown: width and height in millimetres, thickness at the gum, and its profile towards the biting edge."""

    width: float
    height: float
    thickness: float
    widths: tuple[float, ...]
    depths: tuple[float, ...]


_INCISOR = ((0.8, 0.92, 1.0, 1.0, 0.93), (0.95, 0.9, 0.62, 0.36, 0.2))
_CANINE = ((0.8, 0.93, 1.0, 0.85, 0.4), (1.0, 0.98, 0.8, 0.5, 0.25))
_MOLAR = ((0.8, 0.95, 1.0, 0.98, 0.8), (0.88, 0.98, 1.0, 0.94, 0.7))
UPPER_TEETH = (
    Tooth(8.6, 11.0, 6.6, *_INCISOR),
    Tooth(6.6, 9.9, 6.0, *_INCISOR),
    Tooth(7.6, 10.8, 7.6, *_CANINE),
    Tooth(7.0, 9.3, 9.0, *_MOLAR),
    Tooth(7.0, 8.9, 9.0, *_MOLAR),
    Tooth(10.0, 8.4, 11.0, *_MOLAR),
)
LOWER_TEETH = (
    Tooth(5.2, 8.8, 5.8, *_INCISOR),
    Tooth(5.7, 9.0, 6.0, *_INCISOR),
    Tooth(6.9, 10.2, 7.2, *_CANINE),
    Tooth(7.0, 8.6, 7.8, *_MOLAR),
    Tooth(7.1, 8.0, 8.4, *_MOLAR),
    Tooth(11.0, 7.5, 10.4, *_MOLAR),
)
TOOTH_CORNERS = 8
SMILE_ARC = 0.005  # metres


def affine_ride(points: np.ndarray, helper: np.ndarray, index: np.ndarray, count: int) -> sp.csr_array:
    """CSR [n,count]: ``points`` [n,3] as affine combinations of ``helper`` [m,3], the base vertices ``index``."""
    A = np.concatenate([helper, np.ones((len(helper), 1))], 1)
    B = np.concatenate([points, np.ones((len(points), 1))], 1)
    weights = B @ np.linalg.pinv(A)
    rows, columns = np.repeat(np.arange(len(points)), len(index)), np.tile(index, len(points))
    return sp.coo_array((weights.ravel(), (rows, columns)), (len(points), count)).tocsr()


def helper_sphere(points: np.ndarray) -> np.ndarray:
    """Centre [3] of the sphere through the sides and back of MakeHuman's eye (its front bulges)."""
    back = points[points[:, 2] < np.percentile(points[:, 2], 75)]
    A = np.concatenate([2 * back, np.ones((len(back), 1))], 1)
    return np.linalg.lstsq(A, (back**2).sum(1), rcond=None)[0][:3]


@dataclass(frozen=True)
class Eyeball:
    """A ball as it rides on MakeHuman's; ``eye_seat`` sets it in its place.

    Attributes:
        piece: the geometry. center: [3], metres. angle: [m], degrees between each vertex and the pupil's axis.
        profile: [m,3], vertices about the centre, metres.
    """

    piece: Piece
    center: np.ndarray
    angle: np.ndarray
    profile: np.ndarray


def eyeball(source: Source, mean: np.ndarray, side: str) -> Eyeball:
    """The ball of ``side`` ('left', 'right') with a corneal bulge.

    Rings lie exactly on the edges of pupil and iris, so that both are sharp in vertex colours.
    """
    index = source.groups[f"helper-{side[0]}-eye"]
    center = helper_sphere(mean[index])
    center[2] = mean[index, 2].max() - LID_BALL
    theta = np.deg2rad(EYE_RINGS_DEG)
    phi = np.arange(EYE_SEGMENTS) * 2 * np.pi / EYE_SEGMENTS
    if side == "right":
        phi = np.pi - phi
    ring = np.stack(
        [
            np.outer(np.sin(theta), np.cos(phi)),
            np.outer(np.sin(theta), np.sin(phi)),
            np.outer(np.cos(theta), np.ones(EYE_SEGMENTS)),
        ],
        -1,
    ).reshape(-1, 3)
    unit = np.concatenate([[[0, 0, 1.0]], ring, [[0, 0, -1.0]]])
    angle = np.degrees(np.arccos(np.clip(unit[:, 2], -1, 1)))
    bulge = 1 + CORNEA_BULGE * np.clip(1 - (angle / CORNEA_DEG) ** 2, 0, 1)
    faces = _sphere_faces(len(theta), EYE_SEGMENTS)
    if side == "right":
        faces = faces[:, ::-1]
    flat = np.linalg.norm(unit[:, :2], axis=1)[:, None] + 1e-9
    uv = 0.5 + 0.5 * angle[:, None] / 180 * unit[:, :2] / flat
    profile = EYE_RADIUS * bulge[:, None] * unit
    carry = affine_ride(center + profile, mean[index], index, len(mean))
    return Eyeball(Piece(f"{side}_eyeball", carry, faces, uv, faces), center, angle, profile)


def _sphere_faces(rings: int, segments: int) -> np.ndarray:
    k = np.arange(segments)
    after = (k + 1) % segments
    faces = [np.stack([np.zeros_like(k), 1 + k, 1 + after], 1)]
    for ring in range(rings - 1):
        a, b = 1 + ring * segments, 1 + (ring + 1) * segments
        faces += [np.stack([a + k, b + k, b + after], 1), np.stack([a + k, b + after, a + after], 1)]
    a, last = 1 + (rings - 1) * segments, 1 + rings * segments
    faces.append(np.stack([a + k, np.full_like(k, last), a + after], 1))
    return np.concatenate(faces)


@dataclass(frozen=True)
class Arch:
    """A half ellipse: ``front`` z and ``edge`` y of the incisors' biting edge, metres.

    Towards the back the line of bite rises by ``SMILE_ARC``, so that it follows the lower lip in a smile.
    """

    half_width: float
    depth: float
    front: float
    edge: float

    def edge_at(self, lengths: np.ndarray) -> np.ndarray:
        """Height [n] of the line of bite."""
        back = (self.front - self.at(lengths)[0][..., 1]) / self.depth
        return self.edge + SMILE_ARC * back

    def at(self, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Point [n,2] (x, z) and outward unit normal [n,2] at signed arc lengths from the middle, + to the left."""
        t = np.linspace(0, np.pi / 2, 2001)
        x, z = self.half_width * np.sin(t), self.depth * np.cos(t)
        run = np.concatenate([[0], np.cumsum(np.hypot(np.diff(x), np.diff(z)))])
        angle = np.interp(np.abs(lengths), run, t)
        sign = np.sign(lengths)
        point = np.stack([sign * self.half_width * np.sin(angle), self.front - self.depth * (1 - np.cos(angle))], -1)
        normal = np.stack([sign * np.sin(angle) / self.half_width, np.cos(angle) / self.depth], -1)
        return point, normal / np.linalg.norm(normal, axis=-1, keepdims=True)


def dental_arches(source: Source, mean: np.ndarray) -> tuple[Arch, Arch]:
    """Upper and lower arch, placed by MakeHuman's teeth: lower and further forward than they were, so that they show.

    The upper incisors end 2 mm below the line of the closed lips and overlap the lower ones, as in a normal bite.
    """
    helper = mean[source.groups["helper-upper-teeth"]]
    front, edge = helper[:, 2].max(), helper[:, 1].min()
    upper = Arch(0.0250, 0.0430, front + 0.0002, edge - 0.0048)
    lower = Arch(0.0230, 0.0405, front - 0.0030, edge - 0.0028)
    return upper, lower


def teeth(source: Source, mean: np.ndarray, row: str) -> tuple[Piece, Piece]:
    """Crowns and gums of ``row`` ('upper', 'lower')."""
    arch = dental_arches(source, mean)[0 if row == "upper" else 1]
    up = 1.0 if row == "upper" else -1.0  # towards the gum
    kinds = UPPER_TEETH if row == "upper" else LOWER_TEETH
    index = source.groups[f"helper-{row}-teeth"]
    crowns, crown_faces, uv = [], [], []
    for side in (1.0, -1.0):
        start = 0.0
        for kind in kinds:
            middle = side * (start + kind.width * 0.0005)
            start += kind.width * 0.001
            points, faces = _crown(kind, arch, middle, up, side)
            crown_faces.append(faces + sum(len(p) for p in crowns))
            crowns.append(points)
            uv.append(np.stack([np.linspace(0, 1, len(points)), np.full(len(points), (len(uv) + 0.5) / 12)], 1))
    gum_points, gum_faces, gum_uv = _gum(kinds, arch, up)
    helper = mean[index]

    def piece(name: str, points: np.ndarray, faces: np.ndarray, uv: np.ndarray) -> Piece:
        return Piece(name, affine_ride(points, helper, index, len(mean)), faces, uv, faces)

    crown = piece(f"{row}_teeth", np.concatenate(crowns), np.concatenate(crown_faces), np.concatenate(uv))
    return crown, piece(f"{row}_gums", gum_points, gum_faces, gum_uv)


def _crown(kind: Tooth, arch: Arch, middle: float, up: float, side: float) -> tuple[np.ndarray, np.ndarray]:
    """One crown: rings from inside the gum to the biting edge, closed by a point. [41,3] metres, [72,3]."""
    around = (np.arange(TOOTH_CORNERS) + 0.5) * 2 * np.pi / TOOTH_CORNERS
    # a rounded rectangle: superellipse of power 4
    u = np.sign(np.cos(around)) * np.abs(np.cos(around)) ** 0.5
    w = np.sign(np.sin(around)) * np.abs(np.sin(around)) ** 0.5
    (point,), (normal,) = arch.at(np.array([middle]))
    (edge,) = arch.edge_at(np.array([middle]))
    along = np.array([normal[1], -normal[0]])  # towards the subject's left
    rings = []
    levels = (1.08, 0.72, 0.42, 0.14, 0.0)
    for level, width, depth in zip(levels, kind.widths, kind.depths):
        half_depth = 0.0005 * kind.thickness * depth
        # the facial side stays on the arch, with a slight belly; thickness grows inwards
        belly = 0.0005 * np.sin(np.pi * np.clip(level, 0, 1)) - 0.0004 * (level > 1)
        tuck = 0.0006 * (1 - level) ** 4
        inward = half_depth * (1 - w) - belly + tuck
        x_z = point + np.outer(u * width * 0.000485 * kind.width, along) - np.outer(inward, normal)
        y = edge + up * 0.001 * level * kind.height
        rings.append(np.stack([x_z[:, 0], np.full(TOOTH_CORNERS, y), x_z[:, 1]], 1))
    tip_lift = 0.0006 if kind.widths[-1] < 0.6 else 0.0
    tip = rings[-1].mean(0) - [0, up * tip_lift, 0]
    points = np.concatenate([*rings, tip[None]])
    k = np.arange(TOOTH_CORNERS)
    after = (k + 1) % TOOTH_CORNERS
    faces = []
    for ring in range(len(levels) - 1):
        a, b = ring * TOOTH_CORNERS, (ring + 1) * TOOTH_CORNERS
        faces += [np.stack([a + k, a + after, b + after], 1), np.stack([a + k, b + after, b + k], 1)]
    last = (len(levels) - 1) * TOOTH_CORNERS
    faces.append(np.stack([last + k, last + after, np.full_like(k, len(points) - 1)], 1))
    return points, _outward(points, np.concatenate(faces))


def _gum(kinds: tuple[Tooth, ...], arch: Arch, up: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A ribbon over the tooth necks, scalloped: papillae reach down between the teeth."""
    lengths, height, thickness, papilla = [], [], [], []
    start = 0.0
    for kind in kinds:
        for place, lower in ((0.0, 1.0), (0.5, 0.0)):
            lengths.append(start + place * kind.width * 0.001)
            height.append(kind.height)
            thickness.append(kind.thickness)
            papilla.append(lower)
        start += kind.width * 0.001
    lengths.append(start)
    height.append(kinds[-1].height)
    thickness.append(kinds[-1].thickness)
    papilla.append(0.5)
    mirror = slice(None, 0, -1)
    lengths = np.concatenate([-np.array(lengths)[mirror], lengths])
    height, thickness, papilla = (np.concatenate([np.array(a)[mirror], a]) for a in (height, thickness, papilla))
    (point, normal), edge = arch.at(lengths), arch.edge_at(lengths)
    margin = (0.93 - 0.22 * papilla) * height  # mm above the biting edge
    profile = (  # (outward from the facial side, above the biting edge), millimetres
        (0.2 - 1.5 * np.ones_like(margin), height + 8.0),
        (1.0 * np.ones_like(margin), height + 3.0),
        (0.9 - 0.35 * papilla, margin + 0.9),
        (0.25 - 0.6 * papilla, margin),
        (-thickness - 0.2 + 0.6 * papilla, margin),
        (-thickness - 1.2, height + 2.0),
        (-thickness - 2.5, height + 6.0),
    )
    rows = []
    for outward, above in profile:
        x_z = point + 0.001 * outward[:, None] * normal
        rows.append(np.stack([x_z[:, 0], edge + up * 0.001 * above, x_z[:, 1]], 1))
    points = np.stack(rows, 1).reshape(-1, 3)
    columns, across = len(lengths), len(profile)
    i, j = (a.ravel() for a in np.meshgrid(np.arange(columns - 1), np.arange(across - 1), indexing="ij"))
    a, b = i * across + j, (i + 1) * across + j
    faces = np.concatenate([np.stack([a, b, b + 1], 1), np.stack([a, b + 1, a + 1], 1)])
    uv = np.stack([np.repeat(np.linspace(0, 1, columns), across), np.tile(np.linspace(0, 1, across), columns)], 1)
    # seen from outside the ribbon's facial side must face outwards
    return points, faces if up < 0 else faces[:, ::-1], uv


def _outward(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """``faces`` of a closed, roughly convex solid, turned so that their normals point away from its middle."""
    corner = points[faces]
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    inward = ((corner.mean(1) - points.mean(0)) * normal).sum(1) < 0
    return np.where(inward[:, None], faces[:, ::-1], faces)


def tongue(source: Source) -> Piece:
    """MakeHuman's tongue as it is."""
    of_tongue = source.quad_group == "helper-tongue"
    quads, quad_uvs = source.quads[of_tongue], source.quad_uvs[of_tongue]
    used, uv_used = np.unique(quads), np.unique(quad_uvs)
    lookup, uv_lookup = np.zeros(len(source.vertices), int), np.zeros(len(source.uv), int)
    lookup[used], uv_lookup[uv_used] = np.arange(len(used)), np.arange(len(uv_used))
    carry = sp.coo_array((np.ones(len(used)), (np.arange(len(used)), used)), (len(used), len(source.vertices)))

    def triangles(q: np.ndarray) -> np.ndarray:
        return np.concatenate([q[:, [0, 1, 2]], q[:, [0, 2, 3]]])

    return Piece("tongue", carry.tocsr(), triangles(lookup[quads]), source.uv[uv_used], triangles(uv_lookup[quad_uvs]))
