import asyncio
import threading

import pytest
import reactivex as rx
from reactivex import operators as ops
from reactivex.subject import Subject

from rxsync.errors import FlowError
from rxsync.flow import from_async, from_hot, from_iterable, run, stage
from rxsync.flow.source import CHUNK
from rxsync.testing import marbles


class Pulled:
    """An iterator, with a count of what was drawn."""

    def __init__(self, n):
        self.n, self.drawn = n, 0

    def __iter__(self):
        while self.drawn < self.n:
            self.drawn += 1
            yield self.drawn

    async def __aiter__(self):
        for item in self:
            yield item


def test_an_iterable_is_drawn_only_while_the_line_wants_more_also_through_plain_operators():
    source, drawn = Pulled(1000), []
    with marbles() as m:
        slow = m.effect("---------k|")
        line = from_iterable(source).pipe(
            ops.filter(lambda x: x % 2 == 0),
            ops.map(lambda x: x),
            stage(slow, prefetch=4),
            ops.do_action(lambda _: drawn.append(source.drawn)),
        )
        m.expect(line, "-" * 9 + "k" + "-" * 9 + "k" + "-" * 9 + "k")
    assert drawn[0] == 2 * (4 + 1)
    assert drawn[2] <= 2 * (4 + 3)


def test_an_iterable_is_drawn_once_a_subscription_and_its_end_is_the_end():
    with marbles() as m:
        m.expect(from_iterable("ab"), "(a,b,|)")
        m.expect(from_iterable([]), "|")


def test_an_error_of_the_iterable_is_an_error_of_the_stream():
    def fails():
        yield "a"
        raise ValueError

    with marbles() as m:
        m.expect(from_iterable(fails()), "(a,#)", error=ValueError)


def test_a_generator_that_is_left_is_closed_at_once():
    closed = []

    def forever():
        try:
            while True:
                yield 1
        finally:
            closed.append(m.now)

    with marbles() as m:
        slow = m.effect("--k|")
        m.expect(from_iterable(forever()).pipe(stage(slow), ops.take(2)), "--k--(k,|)")
    assert closed == [5]


@pytest.mark.parametrize("error", [ValueError, StopIteration])
def test_what_is_raised_below_a_generator_closes_it_and_is_no_end_of_it(error):
    closed = []

    def source():
        try:
            yield from range(3)
        finally:
            closed.append(m.now)

    def below(source):
        def subscribe(observer, scheduler=None):
            def raise_it(item):
                raise error

            return source.subscribe(raise_it, observer.on_error, observer.on_completed, scheduler=scheduler)

        return rx.Observable(subscribe)

    with marbles() as m:
        generator = source()
        m.expect(from_iterable(generator).pipe(below), "#", error=error)
    assert closed == [0]


async def test_a_generator_that_brings_about_its_own_end_is_closed_and_what_its_clean_up_raises_is_told(nothing_left):
    enough = Subject()

    def source():
        try:
            enough.on_next(1)
            yield 1
        finally:
            raise KeyError

    generator = source()
    line = rx.merge(from_iterable(generator).pipe(ops.take_until(enough)), from_iterable(range(CHUNK * 2)))
    with pytest.raises(KeyError):
        await run(line)


async def test_an_async_generator_is_paused_by_the_line(nothing_left):
    source, drawn = Pulled(2000), []

    async def slow(batch):
        await asyncio.sleep(0)
        return batch

    line = from_async(lambda: source).pipe(
        ops.map(lambda x: x), stage(slow, batch=100, prefetch=200), ops.filter(lambda x: True)
    )
    await run(line, lambda x: drawn.append(source.drawn - len(drawn)))
    assert len(drawn) == 2000
    assert max(drawn) <= 200 + 100 + 1


async def test_sources_let_others_run_between_chunks(nothing_left):
    turns = 0

    async def others():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    for line in (from_iterable(Pulled(CHUNK * 20)), from_async(lambda: Pulled(CHUNK * 20))):
        turns, other = 0, asyncio.create_task(others())
        await run(line)
        other.cancel()
        await asyncio.wait([other])
        assert 20 <= turns < 100


async def test_an_error_of_the_generator_is_an_error_of_the_stream(nothing_left):
    async def fails():
        yield 1
        raise KeyError

    got = []
    with pytest.raises(KeyError):
        await run(from_async(fails), got.append)
    assert got == [1]


async def test_a_source_whose_task_is_cancelled_from_outside_is_an_error(nothing_left):
    async def suicide():
        asyncio.current_task().cancel()
        await asyncio.sleep(0)
        yield 1

    with pytest.raises(FlowError, match="suicide was cancelled from outside"):
        await run(from_async(suicide))


async def test_what_is_merged_from_several_sources_comes_in_fair_turns(nothing_left):
    got = []

    async def slow(x):
        await asyncio.sleep(0)
        return [x]

    line = rx.merge(from_iterable([0] * 300), from_iterable([1] * 300)).pipe(stage(slow, prefetch=2))
    await run(line, got.append)
    assert 40 < sum(got[:200]) < 160


def test_a_hot_stream_waits_in_the_open_while_the_line_is_busy():
    with marbles() as m:
        slow = m.effect("---k|")
        m.expect(from_hot(m.hot("-abc----------|")).pipe(stage(slow, prefetch=0)), "----k---k---k-|")
    assert [time for time, _ in slow.calls] == [1, 5, 9]


def test_more_of_a_hot_stream_than_may_wait_is_an_error():
    with marbles() as m:
        source = m.hot("-abcdef|")
        line = from_hot(source, capacity=3).pipe(stage(m.effect("-----|"), prefetch=0))
        m.expect(line, "-----#", error=FlowError)
    assert source.subscriptions[0].unsubscribe == 5
    assert m.flow.held == m.flow.hot == 0


def test_a_hot_stream_may_be_kept_however_much_comes():
    with marbles() as m:
        line = from_hot(m.hot("-abcdef|"), capacity=3, overflow="buffer").pipe(stage(m.effect("k-----|"), prefetch=0))
        m.expect(line.pipe(ops.count()), "-" * 37 + "(n,|)", n=6)


def test_an_error_of_a_hot_stream_passes_at_once():
    with marbles() as m:
        m.expect(from_hot(m.hot("-ab-#")).pipe(stage(m.effect("-----|"))), "----#")


async def test_a_hot_stream_that_another_thread_moves_is_refused_and_its_item_goes_nowhere(nothing_left):
    subject, got = Subject(), []

    async def moves(_):
        thread = threading.Thread(target=subject.on_next, args=("stray",))
        thread.start()
        thread.join()  # the loop stands still: the item had all the time to go down
        await asyncio.Event().wait()

    line = rx.merge(from_hot(subject).pipe(ops.do_action(got.append)), from_iterable([1]).pipe(stage(moves)))
    with pytest.raises(FlowError, match="a hot stream was called from another thread"):
        await run(line)
    assert got == []


def test_a_hot_stream_that_is_left_is_left_at_once():
    with marbles() as m:
        source = m.hot("-abc-----|")
        m.expect(from_hot(source).pipe(ops.take(2)), "-a(b,|)")
    assert source.subscriptions[0].unsubscribe == 2
    assert m.flow.hot == 0


async def test_a_hot_stream_that_is_fed_by_what_comes_out_of_it_does_not_recurse(nothing_left):
    subject, got = Subject(), []

    def feed(x):
        got.append(x)
        if x < 3000:
            subject.on_next(x + 1)
        else:
            subject.on_completed()

    async def first():
        await asyncio.sleep(0)
        subject.on_next(1)

    starter = asyncio.create_task(first())
    await run(from_hot(subject), feed)
    await starter
    assert got == list(range(1, 3001))
