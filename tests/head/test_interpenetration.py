"""50 people x 30 settings of the controls: no lid in an eyeball, no tooth through a lip, beyond half a millimetre."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from cameo.backend.artifacts import AvatarMesh
from cameo.backend.head.controls import parameters_from_controls
from cameo.backend.head.lbs import pose_vertices
from cameo.backend.head.model import load_head_model, make_avatar_mesh
from scipy.spatial import cKDTree

MODEL = load_head_model()
V = len(MODEL.v_template)
PEOPLE, SETTINGS = 50, 30
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
    """How deep ``points`` [n,3] lie in the eyeball of vertices ``ball`` [m,3], along the ray from its centre, [n]."""
    radius = np.linalg.norm(ball - center, axis=1)
    offset = points - center
    distance = np.linalg.norm(offset, axis=1)
    apart, nearest = cKDTree((ball - center) / radius[:, None]).query(offset / distance[:, None], k=4)
    share = 1 / (apart + 1e-6)
    return (radius[nearest] * share).sum(1) / share.sum(1) - distance


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
    coarse, nearest = cKDTree(corners.mean(1)).query(points, k=min(candidates, len(walls)))
    known = coarse[:, 0] < 2 * NEAR_TEETH
    result = np.full(len(points), -np.inf)
    near, place = nearest[known], points[known][:, None]
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


@lru_cache(maxsize=1)
def measured() -> tuple[np.ndarray, np.ndarray]:
    """Deepest lid in a ball and deepest tooth in a lip, metres, each [PEOPLE,SETTINGS]."""
    rng = np.random.default_rng(11)
    masks, faces = MODEL.masks, MODEL.faces
    skin = masks["skin"][faces].all(1)
    near_eyes = [np.flatnonzero(masks["skin"] & masks[f"{side}_eye_region"]) for side in ("left", "right")]
    lid_faces = [faces[skin & np.isin(faces, rows).all(1)] for rows in MODEL.lid_rows]
    balls = [np.flatnonzero(masks[f"{side}_eyeball"]) for side in ("left", "right")]
    from_lips = cKDTree(MODEL.v_template[masks["lips"]]).query(MODEL.v_template)[0]
    walls = faces[skin & (masks["lips"] | masks["inner_mouth"])[faces].any(1)]
    of_lips = (from_lips < LIPS_INSIDE)[walls].all(1)
    teeth, tooth_faces = np.flatnonzero(masks["teeth"]), faces[masks["teeth"][faces].all(1)]
    used = np.unique(np.concatenate([*near_eyes, *balls, walls.ravel(), teeth, *(f.ravel() for f in lid_faces)]))
    place = np.full(V, -1)
    place[used] = np.arange(len(used))
    lids, mouth = np.zeros((PEOPLE, SETTINGS)), np.zeros((PEOPLE, SETTINGS))
    for person in range(PEOPLE):
        betas = rng.normal(size=MODEL.shapedirs.shape[2])
        whole = make_avatar_mesh(MODEL, MODEL.neutral(betas), np.zeros((V, 3)))
        mesh = only(whole, used)
        for setting in range(SETTINGS):
            parameters = parameters_from_controls(MODEL, random_controls(rng))
            posed = pose_vertices(mesh, parameters)
            for eye in (0, 1):
                points = np.concatenate([posed[place[near_eyes[eye]]], posed[place[lid_faces[eye]]].mean(1)])
                depth = depth_in_ball(points, posed[place[balls[eye]]], mesh.joints[3 + eye].astype(np.float64))
                lids[person, setting] = max(lids[person, setting], depth.max())
            crowns = np.concatenate([posed[place[teeth]], posed[place[tooth_faces]].mean(1)])
            depth = depth_in_flesh(crowns, posed, place[walls], of_lips)
            mouth[person, setting] = max(depth.max(), -NEAR_TEETH)
    return lids, mouth


def report(depth: np.ndarray) -> str:
    """The distribution in words."""
    middle, most, worst = (f"{q * 1e3:.2f}" for q in (np.median(depth), np.percentile(depth, 95), depth.max()))
    return f"depth in mm: median {middle}, 95 % {most}, worst {worst}; beyond 0.5 mm: {(depth > ALLOWED).mean():.1%}"


@pytest.mark.parametrize("which", [0, 1], ids=["lids in eyeballs", "teeth in lips"])
def test_nothing_interpenetrates(which):
    depth = measured()[which]
    print(report(depth))
    assert depth.max() < ALLOWED, report(depth)


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
