"""In which order views are made: the back first, then outward from reference and back (FaceCraft4D section 3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Turn:
    """View number ``view`` is made next; its texture comes from the views ``sources``, the nearest first."""

    view: int
    sources: tuple[int, ...]


def apart(first_deg: float, second_deg: float) -> float:
    """Degrees between two azimuths, 0..180."""
    return abs((first_deg - second_deg + 180) % 360 - 180)


def order_of_views(azimuths_deg: Sequence[float], reference: int) -> tuple[Turn, ...]:
    """Order the views of an orbit.

    The view opposite the reference comes first and has no source: attention alone makes it. Every other view comes the
    earlier the nearer it is to one of these two anchors, and takes texture from the nearest finished view on each side.

    Args:
        azimuths_deg: of V views, all different.
        reference: index of the view that is given.

    Returns:
        V - 1 turns: every view but the reference.
    """
    front = azimuths_deg[reference]
    others = [view for view in range(len(azimuths_deg)) if view != reference]
    if not others:
        return ()
    back = max(others, key=lambda view: apart(azimuths_deg[view], front))
    anchors = (front, azimuths_deg[back])

    def eagerness(view: int) -> tuple[float, ...]:
        gaps = [round(apart(azimuths_deg[view], anchor), 6) for anchor in anchors]
        return min(gaps), gaps[0], (azimuths_deg[view] - front) % 360

    turns, finished = [Turn(back, ())], [reference, back]
    for view in sorted((view for view in others if view != back), key=eagerness):
        turns.append(Turn(view, _beside(azimuths_deg, view, finished)))
        finished.append(view)
    return tuple(turns)


def _beside(azimuths_deg: Sequence[float], view: int, finished: Sequence[int]) -> tuple[int, ...]:
    """The nearest finished view on either side, the nearer first."""
    here = azimuths_deg[view]
    sides = (
        min(finished, key=lambda other: (azimuths_deg[other] - here) % 360),
        min(finished, key=lambda other: (here - azimuths_deg[other]) % 360),
    )
    return tuple(sorted(dict.fromkeys(sides), key=lambda other: apart(azimuths_deg[other], here)))


def rounds(turns: Sequence[Turn]) -> tuple[tuple[Turn, ...], ...]:
    """Put turns that do not wait for each other into rounds, in order.

    A round needs only the rounds before it, and views that are in none of ``turns``.
    """
    number: dict[int, int] = {}
    for turn in turns:
        number[turn.view] = 1 + max((number.get(source, -1) for source in turn.sources), default=-1)
    last = max(number.values(), default=-1)
    return tuple(tuple(turn for turn in turns if number[turn.view] == k) for k in range(last + 1))
