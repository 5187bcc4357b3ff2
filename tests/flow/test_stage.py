import asyncio

import pytest
from reactivex import operators as ops

from rxsync.errors import FlowError
from rxsync.flow import expand, from_iterable, run, stage, then
from rxsync.testing import marbles


def test_units_wait_for_their_batch_then_for_the_answer():
    with marbles() as m:
        find = m.effect("--k|", k={"a": 1})
        line = m.hot("-a-b------|").pipe(
            stage(lambda batch: then(find(frozenset(batch)), lambda known: batch), batch=2, linger=5)
        )
        m.expect(line, "-----(a,b)|")
    assert find.calls == [(3, (frozenset("ab"),))]


def test_a_lone_unit_waits_no_longer_than_linger():
    with marbles() as m:
        answer = m.effect("k|")
        line = m.hot("-a--------|").pipe(stage(lambda batch: then(answer(), lambda _: batch), batch=2, linger=3))
        m.expect(line, "----a-----|")


def test_lists_are_large_where_work_is_slow():
    with marbles() as m:
        work = m.effect("----|")
        m.expect(from_iterable(range(20)).pipe(stage(work, batch=5, concurrency=2, linger=None)), "--------|")
    assert [(time, len(args[0])) for time, args in work.calls] == [(0, 5), (0, 5), (4, 5), (4, 5)]


def test_what_then_goes_on_with_may_be_more_work():
    with marbles() as m:
        look_up, fetch = m.effect("--k|"), m.effect("-x-y|")
        line = m.hot("-a------------|").pipe(stage(lambda item: then(look_up(item), fetch)))
        m.expect(line, "----x-y-------|")


async def test_then_goes_on_with_awaitables(nothing_left):
    async def double(x):
        await asyncio.sleep(0)
        return x * 2

    async def listed(x):
        await asyncio.sleep(0)
        return [x, "!"]

    got = []
    line = from_iterable([1, 2]).pipe(
        stage(lambda x: then(double(x), lambda y: [y])), stage(lambda x: then(double(x), listed))
    )
    await run(line, got.append)
    assert got == [4, "!", 8, "!"]


def test_then_goes_on_with_a_plain_value():
    assert then(2, lambda x: [x + 1]) == [3]


def test_then_draws_what_the_line_wants_also_from_what_is_endless():
    with marbles() as m:
        line = m.hot("-a").pipe(stage(lambda _: then(m.cold("k|"), lambda _: iter(int, 1))), ops.take(3))
        m.expect(line, "-(z,z,z,|)", z=0)


def test_then_may_give_nothing():
    with marbles() as m:
        m.expect(m.hot("-a----|").pipe(stage(lambda _: then(m.cold("-k|"), lambda _: None))), "------|")


async def test_streams_and_awaitables_are_not_mixed(nothing_left):
    async def answer(x=None):
        return x

    awaiting = answer()
    for work in (
        lambda _: then(from_iterable([1]), lambda _: awaiting),
        lambda _: then(answer(), lambda _: from_iterable([1])),
    ):
        with pytest.raises(FlowError, match="goes on with"):
            await run(from_iterable([1]).pipe(stage(work)))
    await awaiting


def test_an_error_in_the_continuation_fails_the_stream():
    with marbles() as m:
        m.expect(
            m.hot("-a|").pipe(stage(lambda _: then(m.cold("-k|"), lambda _: 1 / 0))),
            "--#",
            error=ZeroDivisionError,
        )


def test_expand_makes_many_of_one_in_order():
    with marbles() as m:
        m.expect(m.hot("-a-----b--|").pipe(expand(lambda x: "xy"[: 2 if x == "a" else 1])), "-#", error=FlowError)
        line = m.hot("-a-----b--|").pipe(expand(lambda x: iter("xy" if x == "a" else "x")))
        m.expect(line, "-(x,y)-x--|")


def test_expand_draws_only_what_the_line_below_wants():
    drawn = []

    def endless(item):
        while True:
            drawn.append(item)
            yield item

    with marbles() as m:
        slow = m.effect("-k|")
        line = m.hot("ab").pipe(expand(endless), ops.map(str), stage(slow, prefetch=2), ops.take(3))
        m.expect(line, "-k-k-(k,|)")
    assert drawn == ["a"] * 5


def test_expand_takes_no_item_in_advance():
    drawn = []
    with marbles() as m:
        source = from_iterable(map(drawn.append, range(9)))
        m.expect(source.pipe(expand(lambda _: iter("xy")), stage(m.effect("----|"), prefetch=0)), "")
        m.at(2, lambda: drawn.append("now"))
    assert drawn.index("now") == 1


def test_an_error_of_the_iterator_fails_the_stream():
    def fails(item):
        yield item
        raise ValueError

    with marbles() as m:
        m.expect(m.hot("-a---|").pipe(expand(fails)), "-(a,#)", error=ValueError)
