"""50 people x 30 settings of the controls: no lid in an eyeball, no tooth through a lip, beyond half a millimetre.

Several draws of so many are measured, some with all ARKit controls at random or with a third of all controls.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from cameo.backend.artifacts import AvatarMesh
from cameo.backend.head.controls import ARKIT_NAMES, parameters_from_controls
from cameo.backend.head.lbs import pose_vertices
from cameo.backend.head.model import load_head_model, make_avatar_mesh
from scipy.spatial import cKDTree

MODEL = load_head_model()
V = len(MODEL.v_template)
PEOPLE, SETTINGS = 50, 30
FEWER = 20
"""People of the draws beside the first."""
ALLOWED = 0.0005  # metres
GAZES = ("Up", "Down", "In", "Out")
OPPOSITES = (("jawLeft", "jawRight"), ("mouthLeft", "mouthRight"))
LIPS_INSIDE = 0.008
"""Skin inside the mouth belongs to the lips up to here, metres; further in lie the floor and the roof of the mouth."""
NEAR_TEETH = 0.002
"""Depths beyond this are not told from free space behind folds, metres. Points on teeth lie closer to each other, so a
tooth that goes deeper has shallower points."""


def random_controls(rng: np.random.Generator) -> dict[str, float]:
    """A few controls at random values, every third at its end; both eyes look the same way."""
    names = [c.name for c in MODEL.controls if not c.name.startswith("eyeLook")]
    chosen = rng.choice(names, size=rng.integers(3, 12), replace=False)
    values = {str(name): float(1.0 if rng.random() < 0.35 else rng.random()) for name in chosen}
    for pair in OPPOSITES:
        if set(pair) <= values.keys():
            del values[pair[int(rng.integers(2))]]
    across, height = rng.uniform(-1, 1, 2)
    values |= {f"eyeLook{'Up' if height > 0 else 'Down'}{side}": abs(height) for side in ("Left", "Right")}
    left, right = ("Out", "In") if across > 0 else ("In", "Out")
    return values | {f"eyeLook{left}Left": abs(across), f"eyeLook{right}Right": abs(across)}


def all_of_arkit(rng: np.random.Generator) -> dict[str, float]:
    """Every ARKit control at a random value."""
    return {name: float(rng.random()) for name in ARKIT_NAMES}


def a_third(rng: np.random.Generator) -> dict[str, float]:
    """A third of all controls at random values."""
    names = [control.name for control in MODEL.controls]
    return {str(name): float(rng.random()) for name in rng.choice(names, len(names) // 3, replace=False)}


def only(mesh: AvatarMesh, vertices: np.ndarray) -> AvatarMesh:
    """``mesh`` with some of its vertices; the faces stay behind."""
    return replace(
        mesh,
        vertices=mesh.vertices[vertices],
        unit_dirs=np.ascontiguousarray(mesh.unit_dirs[:, vertices]),
        posedirs=np.ascontiguousarray(mesh.posedirs[:, vertices]),
        weights=mesh.weights[vertices],
    )


def depth_in_ball(points: np.ndarray, ball: np.ndarray, center: np.ndarray) -> np.ndarray:
    """How deep ``points`` [n,3] lie in the eyeball of vertices ``ball`` [m,3], along the ray from its centre, [n].

    For points beyond the ball's greatest radius it is the depth below that, which is negative, too.
    """
    radius = np.linalg.norm(ball - center, axis=1)
    offset = points - center
    distance = np.linalg.norm(offset, axis=1)
    depth = radius.max() - distance
    near = depth > 0
    if near.any():
        directions = offset[near] / distance[near, None]
        apart, nearest = cKDTree((ball - center) / radius[:, None]).query(directions, k=4)
        share = 1 / (apart + 1e-6)
        depth[near] = (radius[nearest] * share).sum(1) / share.sum(1) - distance[near]
    return depth


def closest_on_triangles(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """The closest point [...,3] of each triangle [...,3,3] to each of ``points`` [...,3]."""
    a, b, c = np.moveaxis(corners, -2, 0)
    ab, ac, ap = b - a, c - a, points - a

    def dot(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        return (u * v).sum(-1)

    uu, vv, uv, pu, pv = dot(ab, ab), dot(ac, ac), dot(ab, ac), dot(ap, ab), dot(ap, ac)
    determinant = uu * vv - uv * uv + 1e-24
    v, w = (vv * pu - uv * pv) / determinant, (uu * pv - uv * pu) / determinant
    inside = (v >= 0) & (w >= 0) & (v + w <= 1)
    candidates = [a + v[..., None] * ab + w[..., None] * ac]
    for start, edge in ((a, ab), (a, ac), (b, c - b)):
        along = np.clip(dot(points - start, edge) / (dot(edge, edge) + 1e-24), 0, 1)
        candidates.append(start + along[..., None] * edge)
    stacked = np.stack(candidates)
    distance = ((stacked - points) ** 2).sum(-1)
    distance[0] = np.where(inside, distance[0], np.inf)
    return np.take_along_axis(stacked, distance.argmin(0)[None, ..., None], 0)[0]


def depth_in_flesh(
    points: np.ndarray, vertices: np.ndarray, walls: np.ndarray, counted: np.ndarray, candidates: int = 24
) -> np.ndarray:
    """Signed depth [n] of ``points`` [n,3] behind the surface ``walls`` [f,3] of ``vertices``.

    Points that are far from it, or whose nearest triangle is not ``counted`` (bool [f]), give -inf.

    The sign comes from the mean normal of the triangles that are equally near, which is right at edges, too.
    """
    corners = vertices[walls]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-12
    middles = cKDTree(corners.mean(1))
    known = np.isfinite(middles.query(points, distance_upper_bound=2 * NEAR_TEETH)[0])
    result = np.full(len(points), -np.inf)
    if not known.any():
        return result
    near, place = middles.query(points[known], k=min(candidates, len(walls)))[1], points[known][:, None]
    closest = closest_on_triangles(np.broadcast_to(place, (*near.shape, 3)), corners[near])
    distance = np.linalg.norm(place - closest, axis=2)
    least = distance.min(1)
    shares = (distance < least[:, None] + 1e-6)[..., None]
    outward = (normal[near] * shares).sum(1)
    first = distance.argmin(1)
    best = closest[np.arange(len(near)), first]
    free = (least > NEAR_TEETH) | ~counted[near[np.arange(len(near)), first]]
    side = ((points[known] - best) * outward).sum(1)
    result[known] = np.where(free, -np.inf, np.where(side < 0, least, -least))
    return result


class Regions:
    """What is measured against what, as vertex indices of the head."""

    def __init__(self) -> None:
        masks, faces = MODEL.masks, MODEL.faces
        skin = masks["skin"][faces].all(1)
        sides = ("left", "right")
        self.near_eyes = [np.flatnonzero(masks["skin"] & masks[f"{side}_eye_region"]) for side in sides]
        self.lid_faces = [faces[skin & np.isin(faces, rows).all(1)] for rows in MODEL.lid_rows]
        self.balls = [np.flatnonzero(masks[f"{side}_eyeball"]) for side in sides]
        self.walls = faces[skin & (masks["lips"] | masks["inner_mouth"])[faces].any(1)]
        from_lips = cKDTree(MODEL.v_template[masks["lips"]]).query(MODEL.v_template)[0]
        self.of_lips = (from_lips < LIPS_INSIDE)[self.walls].all(1)
        self.teeth, self.tooth_faces = np.flatnonzero(masks["teeth"]), faces[masks["teeth"][faces].all(1)]
        parts = [*self.near_eyes, *self.balls, self.walls, self.teeth, *self.lid_faces]
        self.used = np.unique(np.concatenate([part.ravel() for part in parts]))
        self.place = np.full(V, -1)
        self.place[self.used] = np.arange(len(self.used))

    def depths(self, posed: np.ndarray, eyes: np.ndarray) -> tuple[float, float]:
        """Deepest lid in a ball and deepest tooth in a lip, metres; of ``posed`` [used,3] and the centres [2,3]."""
        place, lids = self.place, 0.0
        for near, faces, ball, center in zip(self.near_eyes, self.lid_faces, self.balls, eyes):
            points = np.concatenate([posed[place[near]], posed[place[faces]].mean(1)])
            lids = max(lids, float(depth_in_ball(points, posed[place[ball]], center).max()))
        crowns = np.concatenate([posed[place[self.teeth]], posed[place[self.tooth_faces]].mean(1)])
        depth = depth_in_flesh(crowns, posed, place[self.walls], self.of_lips)
        return lids, max(float(depth.max()), -NEAR_TEETH)


REGIONS = Regions()


@cache
def measured(draw: Callable, seed: int, people: int) -> np.ndarray:
    """Depths of lids in balls and of teeth in lips, metres, [2,people,SETTINGS]."""
    rng = np.random.default_rng(seed)
    depths = np.zeros((2, people, SETTINGS))
    for person in range(people):
        betas = rng.normal(size=MODEL.shapedirs.shape[2])
        whole = make_avatar_mesh(MODEL, MODEL.neutral(betas), np.zeros((V, 3)))
        mesh = only(whole, REGIONS.used)
        for setting in range(SETTINGS):
            posed = pose_vertices(mesh, parameters_from_controls(MODEL, draw(rng)))
            depths[:, person, setting] = REGIONS.depths(posed, mesh.joints[3:].astype(np.float64))
    return depths


def report(depth: np.ndarray) -> str:
    """The distribution in words."""
    middle, most, worst = (f"{q * 1e3:.2f}" for q in (np.median(depth), np.percentile(depth, 95), depth.max()))
    return f"depth in mm: median {middle}, 95 % {most}, worst {worst}; beyond 0.5 mm: {(depth > ALLOWED).mean():.1%}"


DRAWS = [
    (random_controls, 11, PEOPLE),
    (random_controls, 15, FEWER),
    (random_controls, 38, FEWER),
    (all_of_arkit, 100, FEWER // 2),
    (a_third, 101, FEWER),
]


@pytest.mark.parametrize("which", [0, 1], ids=["lids in eyeballs", "teeth in lips"])
@pytest.mark.parametrize("draw", DRAWS, ids=lambda draw: f"{draw[0].__name__}-{draw[1]}")
def test_nothing_interpenetrates(draw, which):
    depth = measured(*draw)[which]
    print(report(depth))
    assert depth.max() < ALLOWED, report(depth)


def test_a_planted_fault_is_found():
    """A tooth that stands a little too far forward, and a lid a little too low, in the mean head at rest."""
    eyes = MODEL.joints(MODEL.v_template)[3:].astype(np.float64)
    head = MODEL.v_template.astype(np.float64)
    assert max(REGIONS.depths(head[REGIONS.used], eyes)) < ALLOWED
    lid, tooth = MODEL.lid_rows[1, 3, 7], REGIONS.teeth[head[REGIONS.teeth, 2].argmax()]
    faulty = head.copy()
    faulty[lid] = eyes[1] + (head[lid] - eyes[1]) * 0.0115 / np.linalg.norm(head[lid] - eyes[1])
    lids, teeth = REGIONS.depths(faulty[REGIONS.used], eyes)
    assert ALLOWED < lids < 0.0015 and teeth < 0
    deepest = []
    for forward in np.arange(0, 0.01, 0.0005):
        faulty = head.copy()
        faulty[tooth, 2] += forward
        lids, teeth = REGIONS.depths(faulty[REGIONS.used], eyes)
        assert lids < ALLOWED
        deepest.append(teeth)
    assert deepest[0] < 0 and max(deepest) > ALLOWED


def test_the_measure_finds_what_it_looks_for():
    ball = np.random.default_rng(0).normal(size=(4000, 3))
    ball *= 0.012 / np.linalg.norm(ball, axis=1, keepdims=True)
    depth = depth_in_ball(np.array([[0, 0, 0.011], [0.013, 0, 0]]), ball, np.zeros(3))
    np.testing.assert_allclose(depth, [0.001, -0.001], atol=1e-6)
    grid = np.stack(np.meshgrid(np.arange(5) * 0.002, np.arange(5) * 0.002, [0.0]), -1).reshape(-1, 3)
    k = (np.arange(4)[:, None] * 5 + np.arange(4)).ravel()
    sheet = np.concatenate([np.stack([k, k + 1, k + 6], 1), np.stack([k, k + 6, k + 5], 1)])
    points = np.array([[0.003, 0.0041, -0.001], [0.003, 0.0041, 0.002], [0.004, 0.004, -0.0005]])
    np.testing.assert_allclose(
        depth_in_flesh(points, grid, sheet, np.ones(len(sheet), bool)), [0.001, -0.002, 0.0005], atol=1e-9
    )
