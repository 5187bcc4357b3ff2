import asyncio

import pytest
import reactivex as rx
from reactivex import operators as ops

from rxsync.errors import FlowError
from rxsync.flow import flat_map_with_max_concurrent, from_async, from_iterable, run, stage
from rxsync.testing import marbles


def test_at_most_so_many_items_are_in_work_and_the_next_starts_when_one_is_done():
    with marbles() as m:
        fetch = m.effect("----x|")
        line = m.hot("-a-b-c-d-----------------|").pipe(flat_map_with_max_concurrent(fetch, 2))
        m.expect(line, "-----x-x--x-x------------|")
    assert [time for time, _ in fetch.calls] == [1, 3, 6, 8]


def test_with_room_for_all_nobody_waits():
    with marbles() as m:
        fetch = m.effect("----x|")
        line = m.hot("-a-b-c-d-----------------|").pipe(flat_map_with_max_concurrent(fetch, 4))
        m.expect(line, "-----x-x-x-x-------------|")


def answers(m):
    slow, fast = m.cold("------a|"), m.cold("--b|")
    return lambda item: slow if item == "a" else fast


def test_results_come_in_the_order_of_completion():
    with marbles() as m:
        m.expect(m.hot("-a-b--------|").pipe(flat_map_with_max_concurrent(answers(m), 2)), "-----b-a----|")


def test_ordered_results_come_in_the_order_of_the_items():
    with marbles() as m:
        line = m.hot("-a-b--------|").pipe(flat_map_with_max_concurrent(answers(m), 2, ordered=True))
        m.expect(line, "-------ab---|")


def test_ordered_work_that_is_done_keeps_its_place():
    with marbles() as m:
        work = m.effect("-k|")
        slow = m.cold("-----|")
        line = m.hot("abcd--------|").pipe(
            flat_map_with_max_concurrent(lambda x: slow if x == "a" else work(x), 2, ordered=True)
        )
        m.expect(line, "-----kkk----|")
    assert work.calls == [(1, ("b",)), (5, ("c",)), (5, ("d",))]


def test_an_error_cancels_all_other_work_at_the_same_moment():
    with marbles() as m:
        fine, fails = m.cold("---------|"), m.cold("--#", error=ValueError("no"))
        source = m.hot("-abcd----|")
        line = source.pipe(flat_map_with_max_concurrent(lambda x: fails if x == "b" else fine, 4))
        m.expect(line, "----#", error=ValueError)
    assert {s.unsubscribe for s in fine.subscriptions} == {4}
    assert len(fine.subscriptions) == 3
    assert source.subscriptions[0].unsubscribe == 4
    assert m.flow.held == 0


@pytest.mark.parametrize("ordered", [False, True])
def test_what_the_function_itself_raises_fails_the_stream(ordered):
    with marbles() as m:
        line = m.hot("-ab|").pipe(flat_map_with_max_concurrent(lambda x: 1 / 0, 2, ordered=ordered))
        m.expect(line, "-#", error=ZeroDivisionError)


def test_an_error_of_the_source_passes_at_once_and_cancels_work():
    with marbles() as m:
        work = m.cold("---------k|")
        m.expect(m.hot("-a--#").pipe(flat_map_with_max_concurrent(lambda _: work, 1)), "----#")
    assert work.subscriptions[0].unsubscribe == 4


def test_work_starts_at_subscribe_and_never_before():
    calls = []
    line = from_iterable(["a"]).pipe(stage(calls.append))
    assert not calls
    with marbles() as m:
        m.expect(line, "|")
        m.expect(line, "|")
    assert calls == ["a", "a"]


@pytest.mark.parametrize("answer", [None, [], (), iter(())])
def test_work_may_answer_with_nothing(answer):
    with marbles() as m:
        m.expect(m.hot("-a-|").pipe(stage(lambda _: answer)), "---|")


@pytest.mark.parametrize("make", [list, tuple, iter, dict.fromkeys, lambda x: (y for y in x), rx.from_iterable])
def test_work_may_answer_with_anything_that_yields_results(make):
    with marbles() as m:
        m.expect(m.hot("-a------|").pipe(stage(lambda _: make("xy"))), "-(x,y)--|")


@pytest.mark.parametrize("answer", ["text", b"bytes"])
def test_a_text_is_no_list_of_results(answer):
    with marbles() as m:
        m.expect(m.hot("-a|").pipe(stage(lambda _: answer)), "-#", error=FlowError)


def test_an_answer_that_is_no_iterable_fails_the_stream():
    with marbles() as m:
        m.expect(m.hot("-a|").pipe(stage(lambda _: 7)), "-#", error=TypeError)


def test_results_wait_while_the_gate_below_is_closed():
    waiting = []
    with marbles() as m:
        slow = m.effect("----------k|")
        line = from_iterable(range(5)).pipe(
            stage(lambda x: [x] * 100),
            ops.do_action(lambda x: waiting.append(len(waiting) - len(slow.calls))),
            stage(slow, concurrency=2, prefetch=4),
            ops.count(),
        )
        m.expect(line, "-" * (250 * 11) + "(n,|)", n=500)
    assert max(waiting) <= 4


@pytest.mark.parametrize(("prefetch", "waiting"), [(None, 4), (3, 3), (0, 0), (1, 1)])
def test_as_many_items_as_prefetch_wait_for_work(prefetch, waiting):
    drawn, seen = [], []
    with marbles() as m:
        source = from_iterable(map(drawn.append, range(20)))
        m.expect(source.pipe(flat_map_with_max_concurrent(m.effect("----|"), 2, prefetch=prefetch)), "-" * 40 + "|")
        m.at(2, lambda: seen.append(len(drawn)))
    assert seen == [2 + waiting]


def test_a_generator_is_drawn_from_only_while_the_gate_below_is_open():
    drawn = []

    def forever(_):
        while True:
            drawn.append(len(drawn))
            yield len(drawn)

    with marbles() as m:
        slow = m.effect("-k|")
        line = m.hot("a").pipe(stage(forever), stage(slow, prefetch=0), ops.take(5))
        m.expect(line, "-k-k-k-k-(k,|)")
    assert len(drawn) == 5


def test_many_items_at_once_do_not_recurse():
    with marbles() as m:
        line = from_iterable([0]).pipe(stage(lambda _: range(20_000)), stage(lambda x: [x], prefetch=0), ops.count())
        m.expect(line, "(n,|)", n=20_000)


def test_results_of_a_stream_that_wait_count_as_held():
    with marbles() as m:
        work, slow = m.effect("(a,b,c,d,e)|"), m.effect("--|")
        m.expect(m.hot("k|").pipe(stage(work), stage(slow, prefetch=0)), "-" * 11 + "|")
    assert m.flow.peak == 5  # one in the slow stage, four before it
    assert m.flow.held == 0


@pytest.mark.parametrize("concurrent", [0, -1])
def test_less_than_one_at_once_is_refused(concurrent):
    with pytest.raises(ValueError, match="max_concurrent is"):
        flat_map_with_max_concurrent(list, concurrent)


async def numbers(n=10**9):
    for i in range(n):
        yield i


async def test_the_same_operator_runs_over_asyncio(nothing_left):
    at_once = peak = 0

    async def work(x):
        nonlocal at_once, peak
        at_once += 1
        peak = max(peak, at_once)
        await asyncio.sleep(0)
        at_once -= 1
        return [x, -x]

    got = []
    await run(from_async(lambda: numbers(300)).pipe(stage(work, concurrency=7)), got.append)
    assert sorted(got) == sorted([*range(300), *(-x for x in range(300))])
    assert peak == 7


async def test_ordered_results_keep_their_order_over_asyncio(nothing_left):
    async def work(x):
        for _ in range(x % 5):
            await asyncio.sleep(0)
        return [x]

    got = []
    await run(from_async(lambda: numbers(300)).pipe(stage(work, concurrency=9, ordered=True)), got.append)
    assert got == list(range(300))


class Download:
    """Ends at once up to the 100th item; the 120th fails when enough others are under way."""

    def __init__(self):
        self.started, self.cancelled, self.enough = set(), set(), asyncio.Event()

    async def __call__(self, item):
        self.started.add(item)
        if len(self.started) == 140:
            self.enough.set()
        if item == 120:
            await self.enough.wait()
            raise OSError("404")
        try:
            if item > 100:
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            for _ in range(20):  # a slow clean-up
                await asyncio.sleep(0)
            self.cancelled.add(item)
            raise
        return (item,)


async def test_an_error_cancels_all_work_and_its_slow_clean_up_is_waited_for(nothing_left):
    download, closed = Download(), []

    async def source():
        try:
            async for i in numbers():
                yield i
        finally:
            closed.append(1)

    line = from_async(source).pipe(stage(lambda batch: batch, batch=64), stage(download, concurrency=50))
    with pytest.raises(OSError, match="404"):
        await run(line)
    assert download.cancelled == {i for i in download.started if i > 100} - {120}
    assert len(download.cancelled) >= 39
    assert closed == [1]


async def test_work_that_is_cancelled_from_outside_is_an_error(nothing_left):
    async def suicide(_):
        asyncio.current_task().cancel()
        await asyncio.sleep(0)

    with pytest.raises(FlowError, match="cancelled from outside"):
        await run(from_iterable([1]).pipe(stage(suicide)))


async def test_an_awaitable_that_answers_with_a_stream_is_an_error(nothing_left):
    async def wrong(_):
        return rx.of(1)

    with pytest.raises(FlowError, match="expected an iterable"):
        await run(from_iterable([1]).pipe(stage(wrong)))


def test_an_awaitable_on_virtual_time_is_an_error_that_says_so():
    async def work(_):
        return [1]

    with marbles() as m:
        m.expect(m.hot("-a|").pipe(stage(work)), "-#", error=FlowError)
