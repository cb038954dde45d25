"""The back view first, then outward from reference and back."""

from itertools import pairwise

from cameo.backend.priors.warp.order import Turn, apart, order_of_views

ORBIT = [15.0 * k for k in range(24)]


def test_the_papers_orbit():
    turns = order_of_views(ORBIT, reference=0)
    assert turns[0] == Turn(12, ())
    assert sorted(turn.view for turn in turns) == list(range(1, 24))
    gaps = [min(apart(ORBIT[turn.view], 0), apart(ORBIT[turn.view], 180)) for turn in turns]
    assert all(earlier <= later for earlier, later in pairwise(gaps))
    assert [turn.view for turn in turns[1:7]] == [1, 23, 11, 13, 2, 22]


def test_sources_are_finished_neighbours_the_nearer_first():
    turns = order_of_views(ORBIT, reference=0)
    finished = {0, 12}
    for turn in turns[1:]:
        assert set(turn.sources) <= finished
        distances = [apart(ORBIT[turn.view], ORBIT[source]) for source in turn.sources]
        assert distances == sorted(distances)
        assert distances[0] == 15
        finished.add(turn.view)
    assert turns[-1].sources in {(17, 19), (19, 17)}
    assert turns[1].sources == (0, 12)


def test_any_reference_and_uneven_azimuths():
    turns = order_of_views([350.0, 170.0, 20.0, -90.0], reference=2)
    assert [turn.view for turn in turns] == [1, 0, 3]
    assert turns[0].sources == ()
    assert turns[2].sources == (1, 0) or turns[2].sources == (0, 1)
    assert order_of_views([0.0], reference=0) == ()
    assert order_of_views([0.0, 90.0], reference=1) == (Turn(0, ()),)
