"""From MakeHuman's data to the arrays of the head file, step by step."""

# pyright cannot follow the editable install of this checkout as `cameo`.
# pyright: reportMissingImports=false
from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import scipy.sparse as sp
from cameo.backend.artifacts import orbit_camera
from cameo.backend.head.lids import ROW_SHARE, closing, opening, swing
from cameo.backend.head.mesh_raster import rasterize_mesh
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import KDTree

from . import eye_seat, identities, inner_parts, mouth_room, regions, rig, surface, units
from .lid_grid import lid_grid
from .source import Source

SIDES = ("left", "right")
MEAN_EYES = {"trans-out": 0.56, "scale-incr": 0.5}
"""Shares of MakeHuman's eye targets in the mean face: 63 mm between the pupils instead of 58, openings of 28 mm."""
LID_HEIGHTS = (0.0044, -0.0058)
"""Middle of the upper and the lower margin over the eye's centre, metres: the mean of awake adults."""
SEAL_STEPS, SEAL_REACH = 6, 0.004
"""How often the lips are moved together at most, and how far the motion reaches, metres."""
TAKEN_BACK = ("eyeWide", "eyeBlink", "mh_eye-left", "mh_eye-right")
"""Units that limits take back in a closing eye (``backend/head/limits.py``); others must respect closing lids."""
LID_SLACK = ((0.5, 0.0001), (1.0, 0.0003))
"""(blink, metres): how much nearer to the ball another unit may push a lid that a blink has closed so far."""
LOOK_UP_LIDS = 0.6
"""Share of the artist's lid motion when the eye looks up: all of it would press lids that are closed into the ball."""
LIP_LIFT, LIP_STILL = 0.0014, 0.004
"""How much an opening mouth lifts its upper lip, and where that fades out: where jawOpen moves skin so far, metres."""
LIP_CORNER, LIP_MIDDLE = 0.45, 0.015
"""Skin with this share of its neighbours in the mouth belongs to the lips, so far from the middle, metres: their
painted corners are too short."""
HAIRLINE = 0.008
"""Half the width of the band where hair begins, metres."""
VESTIBULE, ROUND_LIPS = 0.010, 0.025
"""How far from the lips the inside of the mouth must keep off the teeth, and how far skin moves along, metres."""
BUST_WEIGHT = 0.35
"""How much the bust counts in the principal components."""
SCALP_FROM = 0.60
"""Quads above this height of MakeHuman's frame are divided where they are large."""
SKULL_FROM = 0.66
"""Vertices above this height carry the head's frame: identities are aligned on them."""


@dataclass
class Head:
    """The head while it is built. V vertices; frames: metres, y up, +z forward, origin between the ears."""

    carry: sp.csr_array  # [V,N] from MakeHuman's base vertices
    pieces: list[surface.Piece]
    parts: dict[str, np.ndarray]  # vertex indices by piece
    faces: np.ndarray
    face_island: np.ndarray  # UV island of each skin face
    island_kinds: dict[str, int]
    skin_uv: np.ndarray  # MakeHuman's UV of each skin vertex
    lids: np.ndarray  # [2,R,C]
    eyes: tuple[eye_seat.EyeParts, eye_seat.EyeParts]
    eye_angle: dict[str, np.ndarray]
    mirror: np.ndarray
    template: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))
    shift: np.ndarray = field(default_factory=lambda: np.zeros(3))  # MakeHuman's frame -> head frame

    def part_mask(self, *names: str) -> np.ndarray:
        """bool [V]: vertices of these pieces."""
        mask = np.zeros(len(self.mirror), bool)
        for name in names:
            mask[self.parts[name]] = True
        return mask

    def eye(self, side: int) -> tuple[np.ndarray, float]:
        """Centre [3] and radius of a ball."""
        ball = self.template[self.parts[f"{SIDES[side]}_eyeball"]]
        sclera = ball[self.eye_angle[SIDES[side]] > inner_parts.CORNEA_DEG]
        A = np.concatenate([2 * sclera, np.ones((len(sclera), 1))], 1)
        center = np.linalg.lstsq(A, (sclera**2).sum(1), rcond=None)[0][:3]
        return center, float(np.median(np.linalg.norm(ball - center, axis=1)))


def mirror_map(points: np.ndarray) -> np.ndarray:
    """int [V]: the vertex on the other side; an involution, or the build fails."""
    mirror = np.asarray(KDTree(points * [-1, 1, 1]).query(points)[1])
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
    pieces = [piece, *(eyes[side].piece for side in SIDES), *rows, inner_parts.tongue(source)]
    starts = np.cumsum([0, *(surface.row_count(part.carry) for part in pieces)])
    lookup = np.full(len(mean), -1)
    lookup[base] = np.arange(len(base))
    skin_uv = np.zeros((surface.row_count(piece.carry), 2))
    skin_uv[piece.faces.ravel()] = piece.uv[piece.uv_faces.ravel()]
    carry = sp.csr_array(sp.vstack([part.carry for part in pieces]))
    parts = {part.name: np.arange(a, b) for part, a, b in zip(pieces, starts, starts[1:])}
    lids = np.stack([lookup[lid_grid(source, mean, eyes[side].center, side)] for side in SIDES])
    seats = [
        eye_seat.EyeParts(
            grid, eye_seat.socket_vertices(piece.faces, grid), parts[f"{side}_eyeball"], eyes[side].profile
        )
        for grid, side in zip(lids, SIDES)
    ]
    return Head(
        carry=carry,
        pieces=pieces,
        parts=parts,
        faces=np.concatenate([part.faces + start for part, start in zip(pieces, starts)]),
        face_island=skin.island[origin],
        island_kinds=kinds,
        skin_uv=skin_uv,
        lids=lids,
        eyes=(seats[0], seats[1]),
        eye_angle={side: eyes[side].angle for side in SIDES},
        mirror=mirror_map(carry @ mean),
    )


def shape_template(source: Source, head: Head, mean: np.ndarray) -> np.ndarray:
    """Set the mean identity as template; returns the principal components [V,3,B]."""
    raw = head.carry @ mean
    skin = head.part_mask("skin")
    skull = skin & (raw[:, 1] > SKULL_FROM)
    middle = (raw[skull].min(0) + raw[skull].max(0)) / 2
    origin = np.array([0, (raw[skin, 1].max() + 0.619) / 2 - 0.002, middle[2] - 0.005])
    eyes = np.zeros_like(mean)
    for name, share in MEAN_EYES.items():
        eyes += share * sum(source.target(f"eyes/{side}-eye-{name}") for side in "lr")
    middle_person = raw - origin + head.carry @ eyes
    samples = sample_people(source, head, mean, skull) + middle_person.astype(np.float32)
    for eye in head.eyes:
        eye_seat.seat(samples, eye)
    samples -= middle_person.astype(np.float32)
    vertex_weight = np.where(skin & (raw[:, 1] < 0.60), BUST_WEIGHT, 1.0)
    typical, directions = identities.principal_components(samples, vertex_weight)
    typical = 0.5 * (typical + typical[head.mirror] * [-1, 1, 1])  # the mean of people is symmetric
    head.template = middle_person + typical
    head.shift = typical[skull].mean(0) - origin
    return directions


def sample_people(source: Source, head: Head, mean: np.ndarray, skull: np.ndarray) -> np.ndarray:
    """Random people, float32 [S,V,3]: how they differ from the mean, aligned at the ``skull`` [V]."""
    sampler = identities.IdentitySampler(source)
    targets = np.stack([(head.carry @ source.target(name)).astype(np.float32) for name in sampler.names])
    rng = np.random.default_rng(identities.SEED)
    drawn = np.stack([sampler.draw(rng) for _ in range(identities.SAMPLES)]).astype(np.float32)
    samples = (drawn @ targets.reshape(len(targets), -1)).reshape(len(drawn), -1, 3)
    samples -= (head.carry @ (mean - source.vertices)).astype(np.float32)
    return samples - samples[:, skull].mean(1, keepdims=True)


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
        eye_seat.seat(head.template[None], head.eyes[side])


def painted(source: Source, head: Head, name: str) -> np.ndarray:
    """bool [V]: skin that MakeHuman's texture ``name`` marks."""
    mask = np.zeros(len(head.mirror), bool)
    mask[: len(head.skin_uv)] = regions.painted(source, name, head.skin_uv)
    return mask


def on_islands(head: Head, *kinds: str) -> np.ndarray:
    """bool [V]: skin on these UV islands."""
    mask = np.zeros(len(head.mirror), bool)
    mask[head.pieces[0].faces[np.isin(head.face_island, [head.island_kinds[kind] for kind in kinds])]] = True
    return mask


def seal_lips(source: Source, head: Head) -> None:
    """Close the mean mouth: where its inside shows between the lips, they move together."""
    lips, inside = painted(source, head, "lips"), on_islands(head, "mouth")
    for _ in range(SEAL_STEPS):
        middle, gap, columns = _visible_gap(head, inside)
        if gap.max() < 1e-5:
            return
        x, y, z = head.template.T
        line, width = np.interp(x, columns, middle), np.interp(x, columns, gap)
        near = (lips | inside) & (z > 0.06)
        falloff = np.exp(-(((y - line) / SEAL_REACH) ** 2)) * near
        head.template[:, 1] -= np.sign(y - line) * (0.6 * width + 0.00005 * (width > 0)) * falloff


def _visible_gap(head: Head, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Height of the middle of the open mouth and its width at columns x, seen from far in front; each [n] metres."""
    camera = orbit_camera(0, 0, distance=10.0, fov_deg=0.35, size=600, center=(0, -0.06, 0))
    cell = 2 * 10.0 * np.tan(np.deg2rad(0.35 / 2)) / 600
    raster = rasterize_mesh(head.template, head.faces, camera)
    within = np.logical_or(~head.part_mask("skin"), inside)
    shown = np.all(within[head.faces], axis=1)[np.maximum(raster.face, 0)] & (raster.face >= 0)
    columns = (np.arange(600) + 0.5 - 300) * cell
    heights = -0.06 - (np.arange(600) + 0.5 - 300) * cell
    count = shown.sum(0)
    middle = (shown * heights[:, None]).sum(0) / np.maximum(count, 1)
    return np.where(count > 0, middle, -1.0), gaussian_filter1d(count * cell, 15.0), columns


@dataclass(frozen=True)
class Rig:
    """Everything that makes the head move by joints."""

    weights: np.ndarray
    regressor: np.ndarray
    posedirs: np.ndarray
    jaw: rig.Jaw
    gaze: dict[str, float]


def rig_joints(
    source: Source, head: Head, mean: np.ndarray, artist: dict[str, np.ndarray], average: sp.csr_array
) -> Rig:
    """Weights, joints and pose correctives of the template."""
    mirror = head.mirror
    teeth = head.parts["lower_teeth"]
    jaw = rig.fit_jaw(head.template[teeth], artist["jawOpen"][teeth])
    lift, room = lips_of_open_mouth(source, head, artist["jawOpen"], jaw)
    opened = artist["jawOpen"] + lift + room
    artist["mouthClose"] -= lift
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
    for side in (0, 1):
        for look in rig.EYE_LOOKS:
            unit = artist[f"eyeLook{look}{SIDES[side].capitalize()}"]
            if look == "Up":
                unit[head.lids[side]] *= LOOK_UP_LIDS
            center, radius = head.eye(side)
            blink = np.zeros_like(head.template)
            blink[head.lids[side]] = closing(head.template[head.lids[side]], center, radius)
            for share, slack in ((0.0, 0.0), *LID_SLACK):
                eye_seat.keep_off(head.template + share * blink, unit, head.eyes[side], center, slack)
    of_eyes, gaze = rig.eye_correctives(head.template, head.parts, artist, np.concatenate([balls, rigid]))
    return Rig(weights, regressor, of_jaw + of_eyes, jaw, gaze)


def teeth_walls(head: Head, points: np.ndarray) -> tuple[mouth_room.TeethWall, mouth_room.TeethWall]:
    """The facial sides of the upper and the lower teeth of a pose ``points`` [V,3]."""
    upper, lower = (np.concatenate([head.parts[f"{r}_{k}"] for k in ("teeth", "gums")]) for r in ("upper", "lower"))
    return mouth_room.facial_wall(points[upper]), mouth_room.facial_wall(points[lower])


def open_walls(head: Head, jaw: rig.Jaw) -> tuple[mouth_room.TeethWall, mouth_room.TeethWall]:
    """The same in an open mouth."""
    upper, lower = teeth_walls(head, head.template)
    turned = (lower.points - jaw.pivot) @ jaw.matrix.T + jaw.pivot
    return upper, mouth_room.TeethWall(turned, lower.normals @ jaw.matrix.T)


def lips_of_open_mouth(source: Source, head: Head, opened: np.ndarray, jaw: rig.Jaw) -> tuple[np.ndarray, np.ndarray]:
    """What the artist's ``opened`` [V,3] lacks, each [V,3]: an upper lip that shows the teeth, and lips off them."""
    lips, skin = mouth_vertices(source, head)
    moved = head.template + opened
    lift = np.zeros_like(moved)
    aside, depth = head.template[skin, 0], np.linalg.norm(opened[skin], axis=1)
    upper = np.clip(1 - depth / LIP_STILL, 0, 1) * (np.abs(aside) < ROUND_LIPS)
    from_lips = np.asarray(KDTree(head.template[lips]).query(head.template[skin])[0])
    lift[skin, 1] = LIP_LIFT * upper * np.cos(np.clip(aside / ROUND_LIPS, -1, 1) * np.pi / 2) ** 2
    lift[skin, 1] *= np.exp(-((from_lips / mouth_room.SPREAD) ** 2))
    walls = open_walls(head, jaw)
    everywhere = tuple(np.full(len(lips), mouth_room.CLEAR) for _ in walls)
    return lift, mouth_room.push_out(moved + lift, mouth_room.Mouth(lips, skin, walls, everywhere))


def close_lids(head: Head, cleaned: dict[str, np.ndarray]) -> None:
    """The template's blink is computed like every person's (``backend/head/lids.py``); other units respect the ball."""
    of_ball = ROW_SHARE[:, None, None]
    for side, name in enumerate(("Left", "Right")):
        lids, (center, radius) = head.lids[side], head.eye(side)
        blink = cleaned[f"eyeBlink{name}"]
        blink[lids] = (1 - of_ball) * blink[lids] + of_ball * closing(head.template[lids], center, radius)
        for other, unit in cleaned.items():
            eye_seat.keep_off(head.template, unit, head.eyes[side], center)
            if not other.startswith(TAKEN_BACK):
                for share, slack in LID_SLACK:
                    eye_seat.keep_off(head.template + share * blink, unit, head.eyes[side], center, slack)


def keep_lips_off_teeth(source: Source, head: Head, made: Rig, cleaned: dict[str, np.ndarray]) -> None:
    """Change units in place where they push the lips of the template into its teeth, closed or open."""
    lips, skin = mouth_vertices(source, head)
    share = made.weights[:, 2, None, None]
    turn = (1 - share) * np.eye(3) + share * made.jaw.matrix
    correctives = np.zeros(36)
    correctives[9:18] = (made.jaw.matrix - np.eye(3)).ravel()
    opened = head.template + np.tensordot(correctives, made.posedirs, 1)
    opened = np.einsum("vab,vb->va", turn, opened - made.jaw.pivot) + made.jaw.pivot
    closed_mouth = mouth_room.mouth_at(head.template, lips, skin, teeth_walls(head, head.template))
    open_mouth = mouth_room.mouth_at(opened, lips, skin, open_walls(head, made.jaw))
    for name, unit in cleaned.items():
        if np.abs(unit[lips]).max() < 1e-5:
            continue
        if name in units.JAW_SLIDES:  # the teeth go with the lips
            moved = head.template + unit
            unit += mouth_room.push_out(moved, replace(closed_mouth, walls=teeth_walls(head, moved)))
            continue
        if name != "mouthClose":  # it only acts on an open jaw
            unit += mouth_room.push_out(head.template + unit, closed_mouth)
        out = mouth_room.push_out(opened + np.einsum("vab,vb->va", turn, unit), open_mouth)
        unit += np.linalg.solve(turn, out[..., None])[..., 0]


def mouth_vertices(source: Source, head: Head) -> tuple[np.ndarray, np.ndarray]:
    """Lips with the inside of the mouth next to them, and the skin round them that moves along; vertex indices."""
    red = painted(source, head, "lips")
    from_lips = np.asarray(KDTree(head.template[red]).query(head.template)[0])
    inside = on_islands(head, "mouth")
    skin = head.part_mask("skin")
    return np.flatnonzero(red | (inside & (from_lips < VESTIBULE))), np.flatnonzero(skin & (from_lips < ROUND_LIPS))


def find_masks(
    source: Source, head: Head, artist: dict[str, np.ndarray], made: Rig, average: sp.csr_array
) -> dict[str, np.ndarray]:
    """bool [V] by region name."""
    t, jaw_share = head.template, made.weights[:, 2]
    joints = made.regressor @ t
    skin = head.part_mask("skin")
    size = {name: np.linalg.norm(unit, axis=1) for name, unit in artist.items()}
    eye_height = (joints[3, 1] + joints[4, 1]) / 2
    masks = {name: head.part_mask(name) for name in head.parts}
    masks["teeth"] = masks["upper_teeth"] | masks["lower_teeth"]
    masks["gums"] = masks["upper_gums"] | masks["lower_gums"]
    masks["inner_mouth"] = on_islands(head, "mouth")
    masks["lips"] = painted(source, head, "lips")
    masks["ears"] = painted(source, head, "ears") | on_islands(head, "left_ear", "right_ear")
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
    masks["lips"] |= (
        skin
        & ~masks["inner_mouth"]
        & (average @ (masks["lips"] | masks["inner_mouth"]) > LIP_CORNER)
        & (np.abs(t[:, 0]) > LIP_MIDDLE)
    )
    masks["lips"] |= masks["lips"][head.mirror]
    for index, side in enumerate(SIDES):
        masks[f"{side}_brow"] = masks["face"] & regions.brow(t, joints[3 + index])
    from_scalp, from_face = (np.asarray(KDTree(t[masks[name]]).query(t)[0]) for name in ("scalp", "face"))
    masks["hairline"] = (masks["scalp"] | masks["face"]) & (from_scalp < HAIRLINE) & (from_face < HAIRLINE)
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
    seal_lips(source, head)
    head.template = 0.5 * (head.template + head.template[head.mirror] * [-1, 1, 1])
    average = rig.graph_average(head.faces, len(head.template))
    artist = units.artist_units(source, head.carry, head.mirror)
    made = rig_joints(source, head, mean, artist, average)
    masks = find_masks(source, head, artist, made, average)
    fixed = (
        ~masks["skin"]
        | painted(source, head, "lips")
        | masks["inner_mouth"]
        | masks["left_eyelids"]
        | masks["right_eyelids"]
    )
    cleaned = units.clean_units(artist, made.weights, made.jaw, head.parts, average, fixed)
    close_lids(head, cleaned)
    keep_lips_off_teeth(source, head, made, cleaned)
    uv, uv_faces = regions.pack_uv(head.pieces, head.face_island, head.island_kinds)
    return BuiltHead(head, shapedirs, cleaned, made, masks, uv, uv_faces)
