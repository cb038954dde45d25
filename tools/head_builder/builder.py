"""From MakeHuman's data to the arrays of the head file, step by step."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp
from scipy.spatial import cKDTree

from cameo.backend.head.lids import ROW_SHARE, closing, opening, swing

from . import identities, inner_parts, regions, rig, surface, units
from .lid_grid import lid_grid
from .source import Source

SIDES = ("left", "right")
EYES_APART = 0.40
"""Share of MakeHuman's eye-trans-out in the mean face: 62 mm between the pupils instead of 58."""
LID_HEIGHTS = (0.0044, -0.0058)
"""Middle of the upper and the lower margin over the eye's centre, metres: the mean of awake adults."""
BUST_WEIGHT = 0.35
"""How much the bust counts in the principal components."""
SCALP_FROM = 0.60
"""Quads above this height of MakeHuman's frame are divided where they are large."""
SKULL_FROM = 0.66
"""Vertices above this height carry the head's frame: identities are aligned on them."""


@dataclass
class Head:
    """The head while it is built. V vertices; frames: metres, y up, +z forward, origin between the ears."""

    carry: sp.csr_matrix  # [V,N] from MakeHuman's base vertices
    pieces: list[surface.Piece]
    parts: dict[str, np.ndarray]  # vertex indices by piece
    faces: np.ndarray
    face_island: np.ndarray  # UV island of each skin face
    island_kinds: dict[str, int]
    skin_uv: np.ndarray  # MakeHuman's UV of each skin vertex
    lids: np.ndarray  # [2,R,C]
    eye_angle: dict[str, np.ndarray]
    mirror: np.ndarray
    template: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))
    shift: np.ndarray = field(default_factory=lambda: np.zeros(3))  # MakeHuman's frame -> head frame

    def part_mask(self, *names: str) -> np.ndarray:
        """bool [V]: vertices of these pieces."""
        mask = np.zeros(self.carry.shape[0], bool)
        for name in names:
            mask[self.parts[name]] = True
        return mask

    def eye(self, side: int) -> tuple[np.ndarray, float]:
        """Centre [3] and radius of a ball."""
        ball = self.template[self.parts[f"{SIDES[side]}_eyeball"]]
        sclera = ball[self.eye_angle[SIDES[side]] > 36]
        A = np.concatenate([2 * sclera, np.ones((len(sclera), 1))], 1)
        center = np.linalg.lstsq(A, (sclera**2).sum(1), rcond=None)[0][:3]
        return center, float(np.median(np.linalg.norm(ball - center, axis=1)))


def mirror_map(points: np.ndarray) -> np.ndarray:
    """int [V]: the vertex on the other side; an involution, or the build fails."""
    mirror = cKDTree(points * [-1, 1, 1]).query(points)[1]
    if not (mirror[mirror] == np.arange(len(mirror))).all():
        raise SystemExit("The head is not symmetric: the mirror map is no involution.")
    return mirror


def assemble(source: Source, mean: np.ndarray) -> Head:
    """The pieces of the head as one linear map of base vertices; template still empty."""
    skin, base = surface.cut_bust(source, mean)
    kinds = regions.island_kinds(skin.uv, skin.quad_uvs, skin.island)
    points = skin.carry @ mean
    corners = points[skin.quads]
    longest = np.linalg.norm(corners - np.roll(corners, -1, 1), axis=2).max(1)
    large = (longest > surface.LARGE_QUAD) & (corners[..., 1].mean(1) > SCALP_FROM) & (skin.island != kinds["mouth"])
    piece, origin = surface.divide_large(skin, points, large)
    eyes = {side: inner_parts.eyeball(source, mean, side) for side in SIDES}
    rows = [part for row in ("upper", "lower") for part in inner_parts.teeth(source, mean, row)]
    pieces = [piece, *(eyes[side][0] for side in SIDES), *rows, inner_parts.tongue(source)]
    starts = np.cumsum([0, *(part.carry.shape[0] for part in pieces)])
    lookup = np.full(len(mean), -1)
    lookup[base] = np.arange(len(base))
    skin_uv = np.zeros((piece.carry.shape[0], 2))
    skin_uv[piece.faces.ravel()] = piece.uv[piece.uv_faces.ravel()]
    carry = sp.vstack([part.carry for part in pieces]).tocsr()
    return Head(
        carry=carry,
        pieces=pieces,
        parts={part.name: np.arange(a, b) for part, a, b in zip(pieces, starts, starts[1:])},
        faces=np.concatenate([part.faces + start for part, start in zip(pieces, starts)]),
        face_island=skin.island[origin],
        island_kinds=kinds,
        skin_uv=skin_uv,
        lids=np.stack([lookup[lid_grid(source, mean, eyes[side][1], side)] for side in SIDES]),
        eye_angle={side: eyes[side][2] for side in SIDES},
        mirror=mirror_map(carry @ mean),
    )


def shape_template(source: Source, head: Head, mean: np.ndarray) -> np.ndarray:
    """Set the mean identity as template; returns the principal components [V,3,B]."""
    raw = head.carry @ mean
    skin = head.part_mask("skin")
    skull = skin & (raw[:, 1] > SKULL_FROM)
    middle = (raw[skull].min(0) + raw[skull].max(0)) / 2
    origin = np.array([0, (raw[skin, 1].max() + 0.619) / 2 - 0.002, middle[2] - 0.005])
    sampler = identities.IdentitySampler(source)
    targets = np.stack([(head.carry @ source.target(name)).astype(np.float32) for name in sampler.names])
    rng = np.random.default_rng(identities.SEED)
    drawn = np.stack([sampler.draw(rng) for _ in range(identities.SAMPLES)]).astype(np.float32)
    samples = (drawn @ targets.reshape(len(targets), -1)).reshape(len(drawn), -1, 3)
    samples -= (head.carry @ (mean - source.vertices)).astype(np.float32)
    samples -= samples[:, skull].mean(1, keepdims=True)
    vertex_weight = np.where(skin & (raw[:, 1] < 0.60), BUST_WEIGHT, 1.0)
    typical, directions = identities.principal_components(samples, vertex_weight)
    apart = EYES_APART * sum(source.target(f"eyes/{side}-eye-trans-out") for side in "lr")
    typical = 0.5 * (typical + typical[head.mirror] * [-1, 1, 1])  # the mean of people is symmetric
    head.template = raw - origin + typical + head.carry @ apart
    head.shift = typical[skull].mean(0) - origin
    return directions


def open_lids(head: Head) -> None:
    """Give the template the lid opening of an awake adult."""
    for side in (0, 1):
        center, _ = head.eye(side)
        lids = head.template[head.lids[side]]
        high, low = opening(lids, center)
        gap = np.maximum(high - low, 0)
        middle = int(gap.argmax())
        distance = np.linalg.norm((lids[2, middle] - center)[1:])
        upper = np.arange(len(gap)) < len(gap) // 2
        wanted = np.where(upper, *np.arcsin(np.array(LID_HEIGHTS) / distance))
        reached = np.where(upper, high[middle], low[middle])
        angle = (wanted - reached) * (gap / gap.max()) ** 0.7
        head.template[head.lids[side]] = swing(lids, center, angle)


@dataclass(frozen=True)
class Rig:
    """Everything that makes the head move by joints."""

    weights: np.ndarray
    regressor: np.ndarray
    posedirs: np.ndarray
    jaw: rig.Jaw
    gaze: dict[str, float]


def rig_joints(
    source: Source, head: Head, mean: np.ndarray, artist: dict[str, np.ndarray], average: sp.csr_matrix
) -> Rig:
    """Weights, joints and pose correctives of the template."""
    opened, mirror = artist["jawOpen"], head.mirror
    teeth = head.parts["lower_teeth"]
    jaw = rig.fit_jaw(head.template[teeth], opened[teeth])
    weights = rig.skin_weights(source, head.carry, head.template, jaw, opened, head.parts, average)
    weights = 0.5 * (weights + weights[mirror][:, [0, 1, 2, 4, 3]])
    neck, skull = (mean[source.groups[name]].mean(0) + head.shift for name in ("joint-neck", "joint-head"))
    places = np.stack([neck, 0.45 * neck + 0.55 * skull, jaw.pivot, head.eye(0)[0], head.eye(1)[0]])
    places[:3, 0] = 0
    regressor = rig.joint_regressor(head.template, places, head.parts, mirror, weights[:, 2])
    # the correctives must be exact for the hinge that the regressor finds
    jaw = rig.Jaw(jaw.angle, (regressor @ head.template)[2], jaw.matrix)
    rigid = np.concatenate([head.parts[f"{row}_{kind}"] for row in ("upper", "lower") for kind in ("teeth", "gums")])
    balls = np.concatenate([head.parts[f"{side}_eyeball"] for side in SIDES])
    of_jaw = rig.jaw_correctives(head.template, weights, jaw, opened, rigid)
    of_eyes, gaze = rig.eye_correctives(head.template, head.parts, artist, np.concatenate([balls, rigid]))
    return Rig(weights, regressor, of_jaw + of_eyes, jaw, gaze)


def close_lids(head: Head, cleaned: dict[str, np.ndarray]) -> None:
    """The blink of the template is computed like every person's (``backend/head/lids.py``)."""
    for side, name in enumerate(("eyeBlinkLeft", "eyeBlinkRight")):
        lids, unit, share = head.lids[side], cleaned[name], ROW_SHARE[:, None, None]
        unit[lids] = (1 - share) * unit[lids] + share * closing(head.template[lids], *head.eye(side))


def find_masks(source: Source, head: Head, artist: dict[str, np.ndarray], made: Rig) -> dict[str, np.ndarray]:
    """bool [V] by region name."""
    t, jaw_share = head.template, made.weights[:, 2]
    joints = made.regressor @ t
    skin = head.part_mask("skin")
    size = {name: np.linalg.norm(unit, axis=1) for name, unit in artist.items()}
    island = np.full(len(t), -1)
    island[head.pieces[0].faces.ravel()] = np.repeat(head.face_island, 3)

    def painted(name: str) -> np.ndarray:
        mask = np.zeros(len(t), bool)
        mask[: len(head.skin_uv)] = regions.painted(source, name, head.skin_uv)
        return mask

    eye_height = (joints[3, 1] + joints[4, 1]) / 2
    masks = {name: head.part_mask(name) for name in head.parts}
    masks["teeth"] = masks["upper_teeth"] | masks["lower_teeth"]
    masks["gums"] = masks["upper_gums"] | masks["lower_gums"]
    masks["inner_mouth"] = skin & (island == head.island_kinds["mouth"])
    masks["lips"] = painted("lips")
    masks["ears"] = painted("ears") | np.isin(island, [head.island_kinds["left_ear"], head.island_kinds["right_ear"]])
    for index, (side, name) in enumerate(zip(SIDES, ("Left", "Right"))):
        masks[f"{side}_eye_region"] = skin & (size[f"eyeBlink{name}"] > 0.0004)
        masks[f"{side}_eyelids"] = np.isin(np.arange(len(t)), head.lids[index, 1:8])
        for region, limit in (("pupil", inner_parts.PUPIL_DEG), ("iris", inner_parts.IRIS_DEG)):
            masks[f"{side}_{region}"] = np.zeros(len(t), bool)
            masks[f"{side}_{region}"][head.parts[f"{side}_eyeball"]] = head.eye_angle[side] < limit + 0.1
    half = head.lids.shape[2] // 2
    masks["upper_lash_line"] = np.isin(np.arange(len(t)), head.lids[:, 3:5, 1:half])
    masks["lower_lash_line"] = np.isin(np.arange(len(t)), head.lids[:, 4, half + 1 :])
    inner = masks["inner_mouth"]
    neck_top = joints[2, 1] - 0.035 + 0.6 * np.minimum(0, t[:, 2] - joints[2, 2])
    masks["neck"] = skin & (t[:, 1] < neck_top) & ~inner & (jaw_share < 0.05)
    brows = size["browInnerUp"] + size["browOuterUpLeft"] + size["browOuterUpRight"]
    masks["forehead"] = skin & (brows > 0.0004) & (t[:, 1] > eye_height + 0.012)
    behind = (t[:, 2] < joints[2, 2]) & (t[:, 1] > eye_height - 0.06) & (jaw_share < 0.02)
    masks["scalp"] = skin & ~masks["neck"] & ~masks["ears"] & ~inner & ((t[:, 1] > eye_height + 0.065) | behind)
    front = t[:, 2] > joints[2, 2] - 0.005
    masks["face"] = skin & front & ~(masks["scalp"] | masks["neck"] | masks["ears"] | inner)
    nose = np.linalg.norm(head.carry @ source.target("nose/nose-scale-depth-incr"), axis=1)
    masks["nose"] = masks["face"] & (nose > 0.0006)
    masks["bust"] = skin & (t[:, 1] < joints[0, 1])
    masks["boundary"] = skin & regions.border(head.faces, len(t))
    return masks


@dataclass(frozen=True)
class BuiltHead:
    """The finished head: what ``tools/build_head.py`` writes."""

    head: Head
    shapedirs: np.ndarray
    units: dict[str, np.ndarray]
    rig: Rig
    masks: dict[str, np.ndarray]
    uv: np.ndarray
    uv_faces: np.ndarray


def build(source: Source) -> BuiltHead:
    """The whole recipe."""
    mean = identities.mean_adult(source)
    head = assemble(source, mean)
    shapedirs = shape_template(source, head, mean)
    open_lids(head)
    average = rig.graph_average(head.faces, len(head.template))
    artist = units.artist_units(source, head.carry)
    made = rig_joints(source, head, mean, artist, average)
    masks = find_masks(source, head, artist, made)
    fixed = ~masks["skin"] | masks["lips"] | masks["inner_mouth"] | masks["left_eyelids"] | masks["right_eyelids"]
    cleaned = units.clean_units(artist, made.weights, made.jaw, head.parts, average, fixed)
    close_lids(head, cleaned)
    uv, uv_faces = regions.pack_uv(head.pieces, head.face_island, head.island_kinds)
    return BuiltHead(head, shapedirs, cleaned, made, masks, uv, uv_faces)
