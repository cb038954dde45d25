"""The back view first, then outward from reference and back."""

from itertools import pairwise

from cameo.backend.priors.warp.order import Turn, apart, order_of_views, rounds

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


def test_a_round_waits_only_for_earlier_rounds():
    turns = order_of_views([*ORBIT, 3.0], reference=24)
    made = {24}
    for together in rounds(turns):
        assert all(set(turn.sources) <= made for turn in together)
        made |= {turn.view for turn in together}
    assert made == set(range(25))
    assert 8 < len(rounds(turns)) < 16
    assert rounds(turns[1:2]) == (turns[1:2],)
    assert rounds(()) == ()


def test_an_orbit_view_may_stand_where_the_reference_stands():
    turns = {turn.view: turn.sources for turn in order_of_views([*ORBIT, 0.0], reference=24)}
    assert turns[0] == (24,)
    assert turns[12] == ()
    assert 24 in turns[1] and 24 in turns[23]
