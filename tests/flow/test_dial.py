"""A bound that is turned while the stream runs holds from that moment on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rxsync.flow import Dial, Gauge, Lanes, flat_map_with_max_concurrent, from_iterable
from rxsync.testing import marbles


def by_letter(dials):
    return Lanes(lambda item: item[0], dials.__getitem__)


def test_turned_up_who_waits_begins_at_once_and_turned_down_what_is_in_work_ends():
    dial = Dial(1)
    with marbles() as m:
        fetch = m.effect("-----x|")
        source = m.hot("(a,b,c,d,e)|")
        m.expect(source.pipe(flat_map_with_max_concurrent(fetch, dial)), "")
        m.at(2, lambda: setattr(dial, "value", 3))
        m.at(4, lambda: setattr(dial, "value", 1))
    assert [(at, item) for at, (item,) in fetch.calls] == [(0, "a"), (2, "b"), (2, "c"), (8, "d"), (14, "e")]


def test_how_many_wait_for_work_goes_with_the_dial():
    dial = Dial(1)
    with marbles() as m:
        m.expect(from_iterable("abcdefghijkl").pipe(flat_map_with_max_concurrent(m.effect("-"), dial, name="work")), "")
        gauges = []
        m.at(1, lambda: gauges.append(m.flow.gauges[-1]))
        m.at(2, lambda: setattr(dial, "value", 3))
        m.at(3, lambda: gauges.append(m.flow.gauges[-1]))
    assert gauges == [Gauge("work", 3, 1, "work"), Gauge("work", 9, 3, "work")]  # one in work, two wait; three, six


def test_a_dial_is_heard_no_more_when_the_line_is_over():
    dials = {"a": Dial(1), "b": Dial(1)}
    total, heard = Dial(5), []
    for end in ("|", "#"):
        with marbles() as m:
            source = m.hot(f"(p,q,r)-----{end}", p="a1", q="a2", r="b1", error=OSError())
            m.expect(
                source.pipe(flat_map_with_max_concurrent(m.effect("-----------x|"), total, lanes=by_letter(dials))), ""
            )
            m.at(3, lambda: heard.append([len(dial._listeners) for dial in (total, *dials.values())]))
        assert heard.pop() == [1, 1, 1]
        assert [dial._listeners for dial in (total, *dials.values())] == [{}, {}, {}]


def test_the_dial_of_one_lane_lets_those_ahead_who_wait_for_it_and_no_others():
    dials = {"a": Dial(1), "b": Dial(1)}
    with marbles() as m:
        fetch = m.effect("------x|")
        source = m.hot("(p,q,r,s,t)|", p="a1", q="a2", r="a3", s="b1", t="b2")
        m.expect(source.pipe(flat_map_with_max_concurrent(fetch, 9, lanes=by_letter(dials))), "")
        m.at(2, lambda: setattr(dials["a"], "value", 2))
    assert [(at, item) for at, (item,) in fetch.calls] == [(0, "a1"), (0, "b1"), (2, "a2"), (7, "a3"), (7, "b2")]


def test_a_lane_that_was_turned_down_hands_on_no_place_until_enough_have_left():
    dials = {"a": Dial(2)}
    with marbles() as m:
        fetch = m.effect("---x|", "-----x|", "x|")
        source = m.hot("(p,q,r)|", p="a1", q="a2", r="a3")
        m.expect(source.pipe(flat_map_with_max_concurrent(fetch, 9, lanes=by_letter(dials))), "")
        m.at(2, lambda: setattr(dials["a"], "value", 1))
    assert [at for at, _ in fetch.calls] == [0, 0, 6]  # not at 4, when the first has left


def test_who_hears_of_a_dial_that_turns_another_way_meanwhile_hears_what_holds():
    dial, heard = Dial(1), []
    dial.on_change(lambda value: setattr(dial, "value", 2) if value > 2 else None)
    dial.on_change(heard.append)
    dial.value = 9
    assert heard == [2, 2]
    dial.value = 2
    assert heard == [2, 2]


def test_a_bound_that_lets_nothing_through_is_refused():
    with pytest.raises(ValueError, match="max_concurrent is 0"):
        flat_map_with_max_concurrent(lambda item: [item], Dial(0))


TURNS = st.lists(st.tuples(st.integers(1, 40), st.sampled_from("tab"), st.integers(1, 6)), max_size=12)


@given(st.lists(st.sampled_from("ab"), max_size=40), TURNS)
def test_whatever_is_turned_and_when_nothing_begins_beyond_a_bound_and_all_comes_through(letters, turns):
    dials = {"t": Dial(3), "a": Dial(2), "b": Dial(2)}
    busy, out = [], []
    with marbles() as m:

        def work(item):
            busy.append(item)
            assert len(busy) <= dials["t"].value
            assert sum(other[0] == item[0] for other in busy) <= max(at_most[item[0]])
            return m.cold("--x|", x=item)

        def done(item):
            busy.remove(item)
            out.append(item)
            return [item]

        # whoever got a place in a lane keeps it when the lane is turned down before it has one in total
        at_most = {letter: {2} | {value for _, name, value in turns if name == letter} for letter in "ab"}
        items = [f"{letter}{number}" for number, letter in enumerate(letters)]
        line = from_iterable(items).pipe(
            flat_map_with_max_concurrent(work, dials["t"], lanes=by_letter(dials)),
            flat_map_with_max_concurrent(done, 50, prefetch=0),
        )
        m.expect(line, "")
        for at, name, value in turns:
            m.at(at, lambda name=name, value=value: setattr(dials[name], "value", value))
    assert sorted(out) == sorted(items)
    assert m.flow.held == 0
