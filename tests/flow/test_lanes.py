"""Each kind of item has bounds of its own, within the bound for all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rxsync.flow import Gauge, Lanes, flat_map_with_max_concurrent, from_iterable, stage
from rxsync.testing import marbles

BY_LETTER = Lanes(lambda item: item[0] if item[0] != "f" else None, 1)  # "f" is free: in no lane


def test_an_item_whose_lane_is_full_waits_and_lets_others_pass():
    with marbles() as m:
        fetch = m.effect("-----x|")
        source = m.hot("(p,q,r)|", p="a1", q="a2", r="b1")
        m.expect(source.pipe(flat_map_with_max_concurrent(fetch, 3, lanes=BY_LETTER)), "-----(x,x)-x|")
    assert fetch.calls == [(0, ("a1",)), (0, ("b1",)), (6, ("a2",))]


def test_items_in_no_lane_are_bound_by_the_bound_for_all_only():
    with marbles() as m:
        fetch = m.effect("---x|")
        source = m.hot("(p,q,r)-----|", p="f1", q="f2", r="f3")
        m.expect(source.pipe(flat_map_with_max_concurrent(fetch, 2, lanes=BY_LETTER)), "")
    assert [time for time, _ in fetch.calls] == [0, 0, 4]


def test_who_waits_counts_as_held_and_is_forgotten_with_the_line():
    with marbles() as m:
        never = m.cold("-")
        source = m.hot("(p,q,r)--#", p="a1", q="a2", r="a3", error=OSError())
        m.expect(
            source.pipe(flat_map_with_max_concurrent(lambda item: never, 5, lanes=BY_LETTER, name="work")),
            "---------#",
            error=OSError,
        )
        held = []
        m.at(8, lambda: held.append(m.flow.gauges[-1]))
    assert [*held, m.flow.gauges[-1]] == [Gauge("work", 3, 1, "work"), Gauge("work", 0, 0, "done")]
    assert m.flow.held == 0
    assert m.flow.peak == 3


def test_whoever_waits_behind_an_item_that_must_wait_has_its_turn_at_once():
    with marbles() as m:
        answers = {"a1": m.cold("--------|"), "f1": m.cold("---|"), "a2": m.cold("|"), "b1": m.cold("-x|")}
        source = m.hot("pqrs------|", p="a1", q="f1", r="a2", s="b1")
        line = source.pipe(flat_map_with_max_concurrent(answers.get, 2, lanes=BY_LETTER))
        m.expect(line, "-----x----|")  # f1 is done at 4


def test_who_has_a_place_in_its_lane_and_waits_for_room_below_counts_as_held():
    with marbles() as m:
        answers = {"f1": m.cold("x|"), "a1": m.cold("-x|"), "b1": m.cold("-x|"), "a2": m.cold("x|")}
        source = m.hot("(p,q,r,s)|", p="f1", q="a1", r="b1", s="a2")
        line = source.pipe(
            flat_map_with_max_concurrent(answers.get, 3, lanes=BY_LETTER, name="work"),
            stage(m.effect("----|"), prefetch=0),
        )
        m.expect(line, "----------------|")
        held = []
        m.at(6, lambda: held.extend(gauge for gauge in m.flow.gauges if gauge.name == "work"))
    assert held == [Gauge("work", 2, 0, "room")]  # a2 has the place of a1, which has left; the result of b1 waits
    assert m.flow.held == 0


def test_lanes_cannot_be_ordered():
    with pytest.raises(ValueError, match="ordered"):
        flat_map_with_max_concurrent(lambda item: [item], 2, ordered=True, lanes=BY_LETTER)


@given(st.lists(st.sampled_from("abcf"), max_size=60), st.integers(1, 6), st.integers(1, 3), st.integers(0, 4))
def test_no_bound_is_ever_broken_and_everything_comes_through(letters, total, per_lane, prefetch):
    busy, worst = [], {"all": 0, "lane": 0}
    items = [f"{letter}{number}" for number, letter in enumerate(letters)]
    out = []

    lanes = Lanes(BY_LETTER.of, per_lane)
    with marbles() as m:

        def work(item):
            busy.append(item)
            lane = [other for other in busy if other[0] == item[0] and item[0] != "f"]
            worst["all"], worst["lane"] = max(worst["all"], len(busy)), max(worst["lane"], len(lane))
            return m.cold("--x|", x=item)

        def done(item):
            busy.remove(item)
            out.append(item)
            return [item]

        line = from_iterable(items).pipe(
            flat_map_with_max_concurrent(work, total, prefetch=prefetch, lanes=lanes), stage(done)
        )
        m.expect(line, "")
    assert sorted(out) == sorted(items)
    assert worst["all"] <= total
    assert worst["lane"] <= per_lane
    assert m.flow.held == 0
    assert m.flow.peak <= prefetch + total + 3  # three in the stage that takes note
