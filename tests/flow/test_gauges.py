import asyncio

import reactivex as rx
from reactivex import operators as ops

from rxsync.flow import Gauge, buffer, fan_out, from_async, from_iterable, run, stage
from rxsync.testing import marbles


def readings(m, source, *operators, until):
    """What the gauges say at each of the seconds ``until``, by name."""
    seen = {}

    def look(second):
        return lambda *_: seen.setdefault(second, {gauge.name: gauge for gauge in m.flow.gauges})

    for second in until:
        m.cold("-" * second + "k").subscribe(look(second))
    m.expect(source.pipe(*operators), "")
    return seen


def test_a_gauge_says_what_a_stage_holds_and_waits_for():
    with marbles() as m:
        slow = m.effect("-----k|")
        seen = readings(
            m,
            m.hot("--a-bcde---------------------|"),
            stage(lambda batch: batch, batch=3, linger=None, name="gather"),
            stage(slow, concurrency=2, prefetch=1, name="slow"),
            until=[1, 3, 5, 8, 29],
        )
    assert seen[1]["gather"] == Gauge("gather", 0, 0, "input")
    assert seen[3]["gather"] == Gauge("gather", 1, 0, "company")
    assert seen[3]["slow"] == Gauge("slow", 0, 0, "input")
    assert seen[5]["slow"] == Gauge("slow", 3, 2, "work")
    assert seen[8]["gather"] == Gauge("gather", 2, 0, "company")
    assert seen[29]["gather"] == Gauge("gather", 0, 0, "done")


def test_a_stage_that_may_not_emit_waits_for_room():
    with marbles() as m:
        seen = readings(
            m,
            m.hot("-(a,b,c,d,e)|"),
            stage(lambda x: [x], name="fast"),
            stage(m.effect("-----k|"), prefetch=0, name="slow"),
            until=[3],
        )
    assert seen[3]["fast"].waits_for == "room"
    assert seen[3]["fast"].held == 4
    assert seen[3]["slow"] == Gauge("slow", 1, 1, "work")


def test_a_list_that_may_not_leave_waits_for_room():
    with marbles() as m:
        seen = readings(
            m,
            m.hot("-(a,b,c)----|"),
            buffer(2, linger=None),
            stage(m.effect("-----k|"), prefetch=0, name="slow"),
            ops.map(lambda x: x),
            until=[3],
        )
    assert seen[3]["slow"] == Gauge("slow", 3, 2, "work")
    with marbles() as m:
        slow = stage(m.effect("-----k|"), prefetch=1, name="slow")
        seen = readings(m, m.hot("-(a,b,c,d,e)----|"), buffer(2, linger=None), slow, until=[3])
    assert seen[3] == {"buffer": Gauge("buffer", 1, 0, "room"), "slow": Gauge("slow", 4, 2, "work")}


def test_batched_work_is_one_gauge():
    with marbles() as m:
        seen = readings(
            m,
            m.hot("-abcdefgh---|"),
            stage(m.effect("----------k|"), batch=3, linger=None, name="save"),
            until=[5],
        )
    assert list(seen[5].values()) == [Gauge("save", 5, 3, "work")]


async def test_gauges_stand_in_the_order_of_the_line_source_first(nothing_left):
    async def four(x):
        await asyncio.sleep(0)
        return [x]

    async def declare():
        for x in range(3):
            yield x

    line = rx.merge(from_async(declare), from_iterable([7])).pipe(
        buffer(2),
        ops.flat_map(from_iterable),
        stage(four, name="first"),
        ops.map(lambda x: x),
        stage(four, batch=2, name="second"),
        fan_out(stage(four, name="left"), stage(four, batch=2, name="right")),
        stage(four),
    )
    flow = await run(line)
    names = [gauge.name for gauge in flow.gauges]
    assert names == ["declare", "from_iterable", "buffer", "first", "second", "left", "right", "four"]
    assert {gauge.waits_for for gauge in flow.gauges} == {"done"}


def test_subscriptions_of_one_stage_are_read_together_and_those_that_are_over_are_forgotten():
    with marbles() as m:
        slow = stage(m.effect("---|"), name="slow")
        seen = readings(
            m,
            m.hot("-abc-------|"),
            ops.flat_map(lambda item: from_iterable([item]).pipe(slow)),
            until=[3, 9],
        )
    assert seen[3] == {
        "from_iterable": Gauge("from_iterable", 0, 0, "input"),
        "slow": Gauge("slow", 2, 2, "work"),
    }
    assert seen[9] == {}
