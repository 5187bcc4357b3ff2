import asyncio

import pytest
from reactivex import operators as ops

from rxsync.flow import Gauge, buffer, fan_out, flat_map_with_max_concurrent, from_async, from_iterable, run, stage
from rxsync.resolution import Resolvable
from rxsync.testing import marbles


def test_a_list_leaves_when_it_is_full_or_the_stream_ends():
    with marbles() as m:
        source = m.hot("-a-b-c----d---e-|")
        m.expect(
            source.pipe(buffer(2, linger=None)),
            "---x------y-----(z,|)",
            x=["a", "b"],
            y=["c", "d"],
            z=["e"],
        )


def test_a_list_leaves_when_its_first_item_has_lingered():
    with marbles() as m:
        source = m.hot("-a-b-c----d---e-|")
        m.expect(
            source.pipe(buffer(2, linger=2)),
            "---x---y----z---(u,|)",
            x=["a", "b"],
            y=["c"],
            z=["d"],
            u=["e"],
        )


def test_each_list_lingers_anew():
    with marbles() as m:
        m.expect(
            m.hot("-a--b-c---d-----|").pipe(buffer(2, linger=4)),
            "----x-----y-----|",
            x=["a", "b"],
            y=["c", "d"],
        )


def test_no_empty_list_is_ever_emitted():
    with marbles() as m:
        m.expect(m.hot("------a------|").pipe(buffer(3, linger=1)), "-------x-----|", x=["a"])
        m.expect(m.hot("------|").pipe(buffer(3, linger=1)), "------|")


def test_an_error_passes_at_once_and_what_waits_is_dropped():
    with marbles() as m:
        m.expect(m.hot("-a-b#", error=ValueError("no")).pipe(buffer(9, linger=5)), "----#", error=ValueError)
    assert m.flow.held == m.flow.timers == 0
    assert m.flow.gauges == [Gauge("buffer", 0, 0, "done")]


def test_a_list_is_formed_as_late_and_as_large_as_possible():
    with marbles() as m:
        work = m.effect("-----|")
        source = m.hot("-a-bcd-e-----------|")
        m.expect(source.pipe(stage(work, batch=3, linger=1)), "-------------------|")
    assert work.calls == [(2, (["a"],)), (7, (["b", "c", "d"],)), (13, (["e"],))]


def test_a_timer_does_not_run_for_what_has_left():
    with marbles() as m:
        m.expect(m.hot("-ab-c-----|").pipe(buffer(2, linger=3)), "--x----y--|", x=["a", "b"], y=["c"])
    assert m.flow.timers == 0


@pytest.mark.parametrize("count", [0, -1])
def test_a_count_below_one_is_refused(count):
    with pytest.raises(ValueError, match="count is"):
        buffer(count)


class Item(Resolvable):
    __slots__ = ("n",)

    def __init__(self, n):
        self.n = n


def save_into(sizes):
    async def save(batch):
        sizes.append(len(batch))
        await asyncio.sleep(0)
        for item in batch:
            item.resolve(item.n * 10)
        return batch

    return save


async def test_awaiting_an_item_lets_every_half_full_list_that_holds_it_leave(nothing_left):
    sizes, answers, out = [], [], []

    async def source():
        items = [Item(n) for n in range(3)]
        for item in items:
            yield item
        answers.append(await items[2].resolution())
        yield Item(3)

    line = from_async(source).pipe(
        ops.map(lambda x: x),
        stage(lambda batch: batch, batch=500, linger=None),
        ops.filter(lambda x: True),
        stage(save_into(sizes), batch=500, linger=None),
    )
    await run(line, out.append)
    assert answers == [20]
    assert sizes == [3, 1]
    assert len(out) == 4


async def test_an_item_that_was_awaited_before_it_came_does_not_wait_for_company(nothing_left):
    sizes, answers = [], []

    async def source():
        item = Item(7)
        waiter = asyncio.ensure_future(item.resolution())
        await asyncio.sleep(0)
        assert item.urgent
        yield Item(1)
        yield item
        answers.append(await waiter)

    await run(from_async(source).pipe(stage(save_into(sizes), batch=500, linger=None)))
    assert answers == [70]
    assert sizes == [2]


async def test_several_lists_that_hold_the_item_leave_at_once(nothing_left):
    left = {"a": 0, "b": 0}

    def note(name):
        def leave(batch):
            left[name] += 1
            if all(left.values()):
                for item in batch:
                    item.resolve()

        return leave

    async def source():
        item = Item(1)
        yield item
        await item.resolution()
        assert left == {"a": 1, "b": 1}
        assert not item.holders

    branches = [stage(note(name), batch=50, linger=None) for name in left]
    await run(from_async(source).pipe(fan_out(*branches)))
    assert left == {"a": 1, "b": 1}


async def test_awaiting_one_item_lets_no_other_list_leave(nothing_left):
    sizes = []

    async def source():
        for n in range(3):
            yield Item(n)
        last = Item(3)
        yield last
        await last.resolution()
        yield Item(5)

    line = from_async(source).pipe(
        ops.group_by(lambda item: item.n % 2),
        ops.flat_map(lambda group: group.pipe(stage(save_into(sizes), batch=50, linger=30))),
    )
    await run(line)
    assert sizes == [2, 2, 1]  # 1 and 3 leave when 3 is awaited; 0 and 2 at the end, and so does 5


async def test_a_list_that_holds_up_a_full_window_leaves(nothing_left):
    sizes = []
    line = from_iterable(range(25)).pipe(stage(lambda batch: sizes.append(len(batch)), batch=500, linger=None))
    await run(line, window=10)
    assert sizes == [10, 10, 5]


def test_what_buffer_emits_is_a_list_and_work_below_takes_it_as_one_item():
    with marbles() as m:
        work = m.effect("k|")
        line = m.hot("-ab-|").pipe(buffer(2, linger=None), flat_map_with_max_concurrent(work, 1))
        m.expect(line, "--k-|")
    assert work.calls == [(2, (["a", "b"],))]


def test_an_urgent_item_takes_its_list_along_at_once_whatever_else_goes_on():
    urgent, other = Item(1), Item(2)
    urgent.urgent = True
    with marbles() as m:
        elsewhere = m.hot("-k|").pipe(stage(m.effect("--------|")))
        line = m.hot("-a-b-----|", a=other, b=urgent).pipe(buffer(50, linger=None), ops.merge(elsewhere))
        m.expect(line, "---x-----|", x=[other, urgent])


@pytest.mark.parametrize(("prefetch", "waiting"), [(None, 6), (4, 4), (0, 0), (1, 1)])
def test_as_many_items_as_prefetch_wait_while_the_gate_below_is_closed(prefetch, waiting):
    drawn, seen = [], []
    with marbles() as m:
        source = from_iterable(map(drawn.append, range(20)))
        line = source.pipe(buffer(3, linger=None, prefetch=prefetch), stage(m.effect("----|"), prefetch=0))
        m.expect(line, "-" * 28 + "|")
        m.at(2, lambda: seen.append(len(drawn)))
    assert seen == [3 + waiting]


def test_no_list_is_formed_for_work_whose_results_nobody_takes_yet():
    lists = []
    with marbles() as m:
        line = m.hot("-(a,b)--c--d---------|").pipe(
            stage(lambda batch: lists.append((m.now, batch)) or batch, batch=2, concurrency=2, linger=1),
            stage(m.effect("------------k|"), prefetch=0),
        )
        m.expect(line.pipe(ops.ignore_elements()), "")
    assert lists == [(1, ["a", "b"]), (14, ["c", "d"])]
