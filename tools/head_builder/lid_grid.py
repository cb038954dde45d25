"""Finds the regular grid of lid vertices in MakeHuman's mesh: edge loops round the opening of each eye."""

from __future__ import annotations

import numpy as np

from .source import Source

COLUMNS = 28
ROWS = 11


class EdgeFlow:
    """Walks straight along the edges of quads."""

    def __init__(self, quads: np.ndarray) -> None:
        self.neighbours: dict[int, set[int]] = {}
        self.around: dict[int, list[set[int]]] = {}
        for quad in quads.tolist():
            for k, vertex in enumerate(quad):
                self.neighbours.setdefault(vertex, set()).update((quad[k - 1], quad[(k + 1) % 4]))
                self.around.setdefault(vertex, []).append(set(quad))

    def straight(self, a: int, b: int) -> int | None:
        """The vertex after a -> b, or None where b is not four-valent."""
        if len(self.neighbours[b]) != 4:
            return None
        touched = set().union(*(quad for quad in self.around[b] if a in quad))
        ahead = self.neighbours[b] - touched - {a}
        return ahead.pop() if len(ahead) == 1 else None

    def loop(self, a: int, b: int, limit: int = 60) -> list[int] | None:
        """The closed edge loop through a -> b."""
        found = [a, b]
        while len(found) <= limit:
            ahead = self.straight(found[-2], found[-1])
            if ahead is None:
                return None
            if ahead == found[0]:
                return found
            found.append(ahead)
        return None


def lid_grid(source: Source, mean: np.ndarray, center: np.ndarray, side: str) -> np.ndarray:
    """Base vertices int [ROWS, COLUMNS] of one eye's lids: rows inside out, columns from the inner corner over the top.

    ``MARGIN_ROW`` of ``backend/head/lids.py`` is the inner edge of the lids' margins.
    """
    flow = EdgeFlow(source.quads[source.quad_group == "body"])
    outward = 1.0 if side == "left" else -1.0
    # the top of the upper lid's margin: the lowest loop vertex above the eye's middle, near the ball
    candidates = [
        v
        for v in flow.neighbours
        if abs(mean[v, 0] - center[0]) < 0.003 and 0 < mean[v, 1] - center[1] < 0.016 and mean[v, 2] > center[2] + 0.002
    ]
    loops = {}
    for vertex in candidates:
        ahead = max(flow.neighbours[vertex], key=lambda n: outward * (mean[n, 0] - mean[vertex, 0]))
        loop = flow.loop(vertex, ahead)
        if loop is not None and len(loop) == COLUMNS:
            loops[vertex] = loop

    # the margin is the loop with the smallest opening that lies outside the ball
    def height(loop: list[int]) -> float:
        p = mean[loop]
        middle = np.abs(p[:, 0] - center[0]) < 0.004
        return float(np.ptp(p[middle, 1]))

    outside = {v: loop for v, loop in loops.items() if np.linalg.norm(mean[loop] - center, axis=1).min() > 0.0144}
    start = min((v for v in outside if mean[v, 2] > center[2] + 0.0125), key=lambda v: height(loops[v]))
    chain = _meridian(flow, mean, start)
    begin = chain.index(start)
    rows = [flow.loop(v, max(flow.neighbours[v], key=lambda n: outward * (mean[n, 0] - mean[v, 0]))) for v in chain]
    grid = np.array([row for row in rows[begin - 2 : begin - 2 + ROWS] if row is not None])
    corner = int(np.argmin(outward * mean[grid[2], 0]))
    return np.roll(grid, -corner, axis=1)


def _meridian(flow: EdgeFlow, mean: np.ndarray, start: int) -> list[int]:
    """Vertices from two loops inside ``start`` outwards, across the loops."""
    up = max(flow.neighbours[start], key=lambda n: mean[n, 2] + mean[n, 1])
    inwards = [up, start]
    for _ in range(2):
        ahead = flow.straight(inwards[-2], inwards[-1])
        if ahead is None:
            raise SystemExit("The lid's loops are not where MakeHuman's mesh has them.")
        inwards.append(ahead)
    outwards = [start, up]
    for _ in range(ROWS):
        ahead = flow.straight(outwards[-2], outwards[-1])
        if ahead is None:
            break
        outwards.append(ahead)
    return inwards[:1:-1] + outwards
