"""The skin: cut from the body, its large quads divided, everything a linear map of base-mesh vertices.

Because every new vertex is a fixed combination of base vertices, any target transfers by one matrix product.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from .source import Source

LARGE_QUAD = 0.0115  # metres; quads of scalp and neck with a longer side are divided


@dataclass(frozen=True)
class Piece:
    """A part of the head: ``carry`` CSR [n,N] makes its vertices from base vertices; ``faces`` [f,3] with ``uv``."""

    name: str
    carry: sp.csr_array
    faces: np.ndarray
    uv: np.ndarray
    uv_faces: np.ndarray


@dataclass(frozen=True)
class QuadSurface:
    """Quads [q,4] over vertices ``carry @ base``, with UVs and the UV island of each quad."""

    carry: sp.csr_array
    quads: np.ndarray
    uv: np.ndarray
    quad_uvs: np.ndarray
    island: np.ndarray


def row_count(matrix: sp.csr_array) -> int:
    """Rows of a CSR matrix."""
    return len(matrix.indptr) - 1


def above_cut(points: np.ndarray) -> np.ndarray:
    """Positive where the head and bust are kept: everything above the neck, an ellipsoid below."""
    x, y, z = (points / 0.1).T
    ellipsoid = 1 - ((x / 1.42) ** 2 + ((y - 6.4) / 1.55) ** 2 + ((z - 0.1) / 1.5) ** 2)
    return np.where(y > 6.2, 1.0, ellipsoid)


def _crossing(inside: np.ndarray, outside: np.ndarray) -> float:
    """Where along the edge the cut passes, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(30):
        middle = (low + high) / 2
        if above_cut(((1 - middle) * inside + middle * outside)[None])[0] > 0:
            low = middle
        else:
            high = middle
    return low


def cut_bust(source: Source, mean: np.ndarray) -> tuple[QuadSurface, np.ndarray]:
    """Head and bust of the body, with a smooth lower border. Also returns the base index [n] of each vertex."""
    body = np.zeros(len(mean), bool)
    body[source.groups["body"]] = True
    inside = body & (mean[:, 1] > 0.4) & (np.abs(mean[:, 0]) < 0.24) & (above_cut(mean) > 0)
    kept = (source.quad_group == "body") & inside[source.quads].any(1) & (mean[source.quads, 1].min(1) > 0.38)
    kept &= _with_the_head(source.quads, kept, len(mean))
    quads, quad_uvs = source.quads[kept], source.quad_uvs[kept]
    base = np.unique(quads)
    slides = _slides(quads, quad_uvs, inside, mean)
    carry = sp.lil_array((len(base), len(mean)))
    for row, vertex in enumerate(base):
        anchor, share = slides.get(vertex, (vertex, 1.0, 0, 0))[:2]
        carry[row, anchor] = 1 - share
        carry[row, vertex] += share
    uv = source.uv.copy()
    for _, share, anchor_uv, own_uv in slides.values():
        uv[own_uv] = (1 - share) * uv[anchor_uv] + share * uv[own_uv]
    lookup = np.full(len(mean), -1)
    lookup[base] = np.arange(len(base))
    return QuadSurface(carry.tocsr(), lookup[quads], uv, quad_uvs, _islands(quad_uvs, len(uv))), base


def _with_the_head(quads: np.ndarray, kept: np.ndarray, count: int) -> np.ndarray:
    """Quads of the largest connected piece among ``kept``."""
    chosen = quads[kept]
    edges = np.concatenate([chosen[:, [0, 1]], chosen[:, [1, 2]], chosen[:, [2, 3]]])
    graph = sp.coo_array((np.ones(len(edges)), edges.T), (count, count))
    label = sp.csgraph.connected_components(graph, False)[1]
    return label[quads[:, 0]] == np.bincount(label[chosen[:, 0]]).argmax()


def _slides(quads, quad_uvs, inside, mean) -> dict[int, tuple[int, float, int, int]]:  # noqa: ANN001 (arrays as above)
    """Outer vertices of border quads: vertex -> (inner neighbour, share of the own place, UVs of both).

    They slide along an edge (if there is none, a diagonal) onto the cut.
    """
    best: dict[int, tuple[tuple[int, float], tuple[int, float, int, int]]] = {}
    for quad, uvs in zip(quads, quad_uvs):
        for k in range(4):
            outer = int(quad[k])
            if inside[outer]:
                continue
            for other, diagonal in (((k - 1) % 4, 0), ((k + 1) % 4, 0), ((k + 2) % 4, 1)):
                inner = int(quad[other])
                if not inside[inner]:
                    continue
                share = _crossing(mean[inner], mean[outer])
                rank = (diagonal, share)
                if outer not in best or rank < best[outer][0]:
                    best[outer] = (rank, (inner, share, int(uvs[other]), int(uvs[k])))
    return {vertex: slide for vertex, (_, slide) in best.items()}


def _islands(quad_uvs: np.ndarray, count: int) -> np.ndarray:
    links = (quad_uvs.ravel(), np.roll(quad_uvs, 1, 1).ravel())
    label = sp.csgraph.connected_components(sp.coo_array((np.ones(quad_uvs.size), links), (count, count)), False)[1]
    return label[quad_uvs[:, 0]]


def divide_large(surface: QuadSurface, points: np.ndarray, marked: np.ndarray) -> tuple[Piece, np.ndarray]:
    """Divide the ``marked`` [q] quads into four on an interpolated smooth surface; triangulate everything.

    New points follow the four-point rule along the quads' own edge flow, so that the scalp becomes round and no old
    vertex moves. Unmarked neighbours get triangles that meet the new edge points. Also returns the quad of each face.
    """
    middles, edge_of = _edge_middles(surface.quads, row_count(surface.carry))
    centers = _quad_centers(surface.quads, edge_of, middles)
    split = np.zeros(row_count(middles), bool)
    split[edge_of[marked].ravel()] = True
    count = row_count(surface.carry)
    edge_index = count + np.cumsum(split) - 1
    center_index = count + split.sum() + np.cumsum(marked) - 1
    operator = sp.vstack([sp.eye_array(count), middles[split], centers[marked]]).tocsr()

    uv, uv_rows = list(surface.uv), {}

    def uv_of(*corners: int) -> int:
        key = tuple(sorted(corners))
        if key not in uv_rows:
            uv_rows[key] = len(uv)
            uv.append(surface.uv[list(corners)].mean(0))
        return uv_rows[key]

    faces, uv_faces, origin = [], [], []
    positions = operator @ points
    for index, (quad, uvs) in enumerate(zip(surface.quads, surface.quad_uvs)):
        ring, uv_ring, middles_at = [], [], []
        for k in range(4):
            ring.append(quad[k])
            uv_ring.append(uvs[k])
            if split[edge_of[index, k]]:
                middles_at.append(len(ring))
                ring.append(edge_index[edge_of[index, k]])
                uv_ring.append(uv_of(uvs[k], uvs[(k + 1) % 4]))
        if marked[index]:
            ring, uv_ring = np.array(ring), np.array(uv_ring)
            hub, uv_hub = center_index[index], uv_of(*uvs)
            for k in range(8):
                faces.append((ring[k], ring[(k + 1) % 8], hub))
                uv_faces.append((uv_ring[k], uv_ring[(k + 1) % 8], uv_hub))
                origin.append(index)
            continue
        if middles_at:
            start = middles_at[0]
        else:  # the shorter diagonal, so that both halves of the face are divided alike
            p = positions[quad]
            start = 0 if np.linalg.norm(p[0] - p[2]) <= np.linalg.norm(p[1] - p[3]) + 1e-7 else 1
        ring, uv_ring = ring[start:] + ring[:start], uv_ring[start:] + uv_ring[:start]
        for k in range(1, len(ring) - 1):
            faces.append((ring[0], ring[k], ring[k + 1]))
            uv_faces.append((uv_ring[0], uv_ring[k], uv_ring[k + 1]))
            origin.append(index)
    carry = sp.csr_array(operator @ surface.carry)
    return Piece("skin", carry, np.array(faces), np.array(uv), np.array(uv_faces)), np.array(origin)


def _edge_middles(quads: np.ndarray, count: int) -> tuple[sp.csr_array, np.ndarray]:
    """Four-point midpoints [E,n] of all edges, and the edge [q,4] behind each quad's corner k -> k+1."""
    ends = np.sort(np.stack([quads, np.roll(quads, -1, 1)], 2), 2)
    edges, edge_of = np.unique(ends.reshape(-1, 2), axis=0, return_inverse=True)
    edge_of = edge_of.reshape(-1, 4)
    beyond = _straight_on(quads, edges)
    rows = sp.lil_array((len(edges), count))
    for index, (a, b) in enumerate(edges):
        before, after = beyond.get((b, a)), beyond.get((a, b))
        if before is None or after is None:
            rows[index, a] = rows[index, b] = 0.5
        else:
            for vertex, share in ((a, 9 / 16), (b, 9 / 16), (before, -1 / 16), (after, -1 / 16)):
                rows[index, vertex] += share
    return rows.tocsr(), edge_of


def _straight_on(quads: np.ndarray, edges: np.ndarray) -> dict[tuple[int, int], int]:
    """(a, b) -> the vertex after a -> b, straight across the four-valent vertex b."""
    neighbours: dict[int, set[int]] = {}
    for a, b in edges:
        neighbours.setdefault(a, set()).add(b)
        neighbours.setdefault(b, set()).add(a)
    around: dict[int, list[np.ndarray]] = {}
    for quad in quads:
        for vertex in quad:
            around.setdefault(vertex, []).append(quad)
    found = {}
    for b, others in neighbours.items():
        if len(others) != 4 or len(around[b]) != 4:
            continue
        for a in others:
            touched = {v for quad in around[b] if a in quad for v in quad}
            ahead = others - touched - {a}
            if len(ahead) == 1:
                found[a, b] = ahead.pop()
    return found


def _quad_centers(quads: np.ndarray, edge_of: np.ndarray, middles: sp.csr_array) -> sp.csr_array:
    """Smooth centres [q,n]: the four-point rule across the quad in both directions, where its neighbours allow."""
    across: dict[int, list[int]] = {}
    for index, edges in enumerate(edge_of):
        for edge in edges:
            across.setdefault(edge, []).append(index)

    def next_middle(index: int, side: int) -> int | None:
        edge = edge_of[index, side]
        others = [q for q in across[edge] if q != index]
        if len(others) != 1:
            return None
        there = edge_of[others[0]]
        return int(there[(list(there).index(edge) + 2) % 4])

    rows = []
    for index, edges in enumerate(edge_of):
        weights: dict[int, float] = {}
        for side in (0, 1):
            first, last = next_middle(index, side), next_middle(index, side + 2)
            inner = 0.25 if first is None or last is None else 9 / 32
            for edge in (edges[side], edges[side + 2]):
                weights[edge] = weights.get(edge, 0.0) + inner
            if first is not None and last is not None:
                for edge in (first, last):
                    weights[edge] = weights.get(edge, 0.0) - 1 / 32
        rows.append(weights)
    entries = [(i, e, w) for i, weights in enumerate(rows) for e, w in weights.items()]
    i, e, w = zip(*entries)
    return sp.csr_array(sp.coo_array((w, (i, e)), (len(quads), row_count(middles))).tocsr() @ middles)
