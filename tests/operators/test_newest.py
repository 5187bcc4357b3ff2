"""The newest of each group pass, at the end; all others are filtered out as soon as that is clear."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rxsync.errors import DroppedError, UsageError
from rxsync.flow import from_async, from_iterable, run, stage
from rxsync.operators import newest
from rxsync.testing import marbles, unit


def by_name(one):
    """``nginx-3``: version 3 of nginx; what has no number stands in no group."""
    name, _, version = one.name.partition("-")
    return (name, int(version)) if version else None


def test_the_newest_of_a_group_leave_at_the_end_in_the_order_in_which_they_came():
    a, b, c, x = unit("p-1"), unit("p-3"), unit("p-2"), unit("x")
    with marbles() as m:
        source = m.hot("-a-b-c-x-|", a=a, b=b, c=c, x=x)
        m.expect(source.pipe(newest(2, by_name)), "-------x-(b,c,|)", b=b, c=c, x=x)
    assert (a.filtered, a.skipped.reason, a.skipped.step) == (True, "there are 2 newer ones", "newest")


def test_an_old_one_is_filtered_out_as_soon_as_that_is_clear():
    a, b, c = unit("p-2"), unit("p-3"), unit("p-1")
    with marbles() as m:
        source = m.hot("-a-b-c-", a=a, b=b, c=c)
        m.expect(source.pipe(newest(1, by_name)), "-------")
    assert [one.filtered for one in (a, b, c)] == [True, False, True]


def test_each_group_has_its_own_newest():
    a, b, c, d = unit("p-1"), unit("q-7"), unit("p-2"), unit("q-6")
    with marbles() as m:
        source = m.hot("-abcd-|", a=a, b=b, c=c, d=d)
        m.expect(source.pipe(newest(1, by_name)), "------(b,c,|)", b=b, c=c)


def test_units_of_one_rank_stay_or_go_together():
    wheel, source, old, older = unit("p-2"), unit("p-2", b"source"), unit("p-1"), unit("p-1", b"source")
    with marbles() as m:
        line = m.hot("-abcd-|", a=wheel, b=old, c=source, d=older).pipe(newest(1, by_name))
        m.expect(line, "------(w,s,|)", w=wheel, s=source)
    assert old.filtered
    assert older.filtered


def test_what_is_skipped_while_it_is_held_stays_away():
    a, b = unit("p-1"), unit("q-1")

    def by(one):
        if one is b:
            a.skip("odd")
        return by_name(one)

    with marbles() as m:
        m.expect(m.hot("-ab--|", a=a, b=b).pipe(newest(1, by)), "-----(b,|)", b=b)


def test_each_run_begins_with_nothing_held():
    a, b = unit("p-2"), unit("p-1")
    with marbles() as m:
        step = newest(1, by_name)
        m.expect(m.hot("-a#", a=a).pipe(step), "--#")
        m.expect(m.hot("----b-|", b=b).pipe(step), "------(b,|)", b=b)
    assert not b.filtered


def test_ranks_that_cannot_be_compared_fail_the_run_and_name_the_unit():
    with marbles() as m:
        ranks = {"a": 1, "b": "one"}
        source = m.hot("-ab-|", a=unit("a"), b=unit("b"))
        m.expect(source.pipe(newest(1, lambda one: ("p", ranks[one.name]))), "--#", error=TypeError)


def test_less_than_one_is_refused():
    with pytest.raises(UsageError, match="newest 0: expected at least 1"):
        newest(0, by_name)


@given(st.lists(st.tuples(st.sampled_from("pq"), st.integers(0, 5)), max_size=30), st.integers(1, 4))
def test_it_keeps_what_a_look_at_the_whole_keeps(versions, n):
    units = [unit(f"{name}-{version}", bytes([place])) for place, (name, version) in enumerate(versions)]
    kept = {name: sorted({v for other, v in versions if other == name})[-n:] for name in "pq"}
    expected = [one for one, (name, version) in zip(units, versions, strict=True) if version in kept[name]]
    with marbles() as m:
        values = {chr(0x100 + place): one for place, one in enumerate(expected)}
        end = f"({','.join([*values, '|'])})"
        m.expect(from_iterable(units).pipe(newest(n, by_name)), end, **values)
    assert [one for one in units if not one.filtered] == expected


async def test_over_asyncio_a_slow_line_draws_what_is_held_as_it_can_take_it():
    units, came = [unit(f"{place % 3000}-{place}") for place in range(6000)], []

    async def slowly(batch):
        return batch

    await run(from_iterable(units).pipe(newest(1, by_name), stage(slowly, batch=100)), came.append, window=500)
    assert came == units[3000:]


async def test_a_source_that_awaits_what_is_held_is_told_which_unit_it_is():
    told = []

    async def declare():
        yield (a := unit("p-1"))
        try:
            await a.resolution()
        except DroppedError as error:
            told.append(str(error))

    await run(from_async(declare).pipe(newest(1, by_name)))
    assert told == [
        "<unit p-1> is awaited, but nothing in the line holds it any more: a step dropped it, or waits for it"
    ]
