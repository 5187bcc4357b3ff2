"""An engine that calls back is paused by the line, and ends with it."""

import asyncio
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
import reactivex as rx
from reactivex import operators as ops

from rxsync.errors import DroppedError, FlowError
from rxsync.flow import from_async, from_callback, from_iterable, run, stage
from rxsync.flow.source import CHUNK
from rxsync.testing import marbles
from rxsync.threads import in_thread

from .conftest import Item, slow, soon


class Held:
    """A stage that works on one item at a time, each only when it is let go."""

    def __init__(self):
        self.arrived, self.go = asyncio.Event(), asyncio.Event()

    async def __call__(self, item):
        self.arrived.set()
        await self.go.wait()
        return [item]


# -- on the loop


async def test_what_an_engine_calls_back_with_comes_in_order_and_its_end_is_the_end(nothing_left):
    async def engine(emit):
        for item in range(3000):
            await emit(item)

    got = []
    await run(from_callback(engine).pipe(stage(slow, ordered=True)), got.append)
    assert got == list(range(3000))


async def test_workers_of_an_engine_wait_while_the_line_wants_nothing_first_come_first_served(nothing_left):
    held, called, got = Held(), [], []

    async def worker(emit, name):
        for number in range(5):
            called.append((name, number))
            await emit((name, number))

    async def engine(emit):
        await asyncio.gather(*[worker(emit, name) for name in range(3)])

    async def check():
        await held.arrived.wait()
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(called) == 1 + 3  # one in work, and one that each worker waits with
        held.go.set()

    checker = asyncio.create_task(check())
    await run(from_callback(engine).pipe(stage(held, prefetch=0)), got.append)
    await checker
    assert len(got) == 15
    assert [name for name, _ in got[4:10]] == [0, 1, 2, 0, 1, 2]


async def test_an_engine_lets_others_run_between_chunks(nothing_left):
    turns = 0

    async def others():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def engine(emit):
        for item in range(CHUNK * 20):
            await emit(item)

    other = asyncio.create_task(others())
    await run(from_callback(engine))
    other.cancel()
    await asyncio.wait([other])
    assert 20 <= turns < 100


@pytest.mark.parametrize("report", [False, True], ids=["raised", "reported"])
async def test_an_error_that_an_engine_raises_or_reports_fails_the_run_and_cancels_the_engine(report, nothing_left):
    ended = []

    async def engine(emit):
        try:
            await emit(1)
            if not report:
                raise KeyError("engine")
            emit.error(KeyError("engine"))
            await asyncio.Event().wait()  # it only reports, and goes on
        finally:
            await asyncio.sleep(0)
            ended.append(True)

    got = []
    with pytest.raises(KeyError, match="engine"):
        await run(from_callback(engine), got.append)
    assert (got, ended) == ([1], [True])


async def test_an_error_reported_after_the_end_of_the_stream_is_nobodys(nothing_left):
    async def engine(emit):
        try:
            await emit(1)
            await asyncio.Event().wait()
        finally:
            emit.error(KeyError())

    got = []
    line = rx.merge(from_callback(engine).pipe(ops.take(1)), from_async(lambda: numbers(50)).pipe(stage(slow)))
    await run(line, got.append)
    assert len(got) == 51


async def numbers(count):
    for number in range(count):
        yield number


async def test_an_engine_whose_items_nobody_wants_any_more_is_cancelled_in_emit_and_may_clean_up(nothing_left):
    ended = []

    async def worker(emit, name):
        try:
            await asyncio.sleep(0)
            for number in itertools.count():
                await emit(number)
        finally:
            await asyncio.sleep(0)
            ended.append(name)

    async def engine(emit):
        try:
            async with asyncio.TaskGroup() as group:
                for name in "ab":
                    group.create_task(worker(emit, name))
        finally:
            await asyncio.sleep(0)
            ended.append("engine")

    async def alone(emit):
        await worker(emit, "alone")

    got = []
    sources = [from_callback(start).pipe(ops.take(3)) for start in (engine, alone)]
    await run(rx.merge(*sources, from_iterable(range(5))), got.append)
    assert len(got) == 3 + 3 + 5
    assert sorted(ended) == ["a", "alone", "b", "engine"]
    assert ended.index("engine") == max(map(ended.index, ("a", "b", "engine")))


async def test_a_cancelled_run_cancels_the_engine_and_every_worker_of_a_foreign_pool_that_waits(nothing_left):
    held, ended, workers = Held(), [], []

    async def worker(emit, name):
        try:
            while True:
                await emit(name)
        finally:
            ended.append(name)

    async def engine(emit):
        workers.extend(asyncio.create_task(worker(emit, name)) for name in "abc")  # of a pool: nobody joins them
        await asyncio.Event().wait()

    running = asyncio.create_task(run(from_callback(engine).pipe(stage(held, prefetch=0))))
    await held.arrived.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await asyncio.wait(workers)
    assert sorted(ended) == ["a", "b", "c"]


async def test_a_worker_of_a_foreign_pool_that_comes_after_the_end_is_cancelled(nothing_left):
    stop, ended, over = asyncio.Event(), [], asyncio.Event()

    async def worker(emit):
        await over.wait()
        try:
            await emit("late")
        finally:
            ended.append("worker")
            stop.set()

    async def engine(emit):
        pool.append(asyncio.create_task(worker(emit)))
        try:
            await emit("first")
        finally:
            over.set()
            await stop.wait()

    pool = []
    await run(from_callback(engine).pipe(ops.take(1)))
    await asyncio.wait(pool)
    assert ended == ["worker"]
    assert pool[0].cancelled()


async def test_an_engine_that_has_given_the_last_item_that_is_wanted_may_await_its_clean_up(nothing_left):
    ended = []

    async def engine(emit):
        try:
            await emit("all there is")
        finally:
            await asyncio.sleep(0)
            ended.append(True)

    await run(from_callback(engine).pipe(ops.take(1)))
    assert ended == [True]


async def test_to_await_a_unit_before_it_is_given_is_an_error(nothing_left):
    async def engine(emit):
        item = Item("early")
        await item.resolution()
        await emit(item)

    with pytest.raises(DroppedError, match="<early>"):
        await run(from_callback(engine).pipe(stage(slow)))


async def test_a_worker_that_is_cancelled_takes_its_item_back(nothing_left):
    held, got = Held(), []

    async def engine(emit):
        first = asyncio.create_task(emit("first"))
        await held.arrived.wait()
        given_up, last = asyncio.create_task(emit("given up")), asyncio.create_task(emit("last"))
        await asyncio.sleep(0)
        given_up.cancel()
        held.go.set()
        await asyncio.wait([first, given_up, last])

    await run(from_callback(engine).pipe(stage(held, prefetch=0)), got.append)
    assert got == ["first", "last"]


async def test_what_workers_still_offer_when_the_engine_returns_goes_down(nothing_left):
    held, got, pool = Held(), [], set()

    async def engine(emit):
        for item in "abc":
            pool.add(asyncio.create_task(emit(item)))
        await held.arrived.wait()
        pool.add(asyncio.create_task(later(emit)))

    async def later(emit):
        for _ in range(5):
            await asyncio.sleep(0)
        held.go.set()
        await emit("d")

    await run(from_callback(engine).pipe(stage(held, prefetch=0)), got.append)
    assert got == ["a", "b", "c", "d"]
    await asyncio.wait(pool)


async def test_an_engine_that_is_cancelled_from_outside_fails_the_run(nothing_left):
    async def engine(emit):
        asyncio.current_task().cancel()
        await asyncio.sleep(0)

    with pytest.raises(FlowError, match="engine was cancelled from outside"):
        await run(from_callback(engine))


async def test_an_error_below_fails_the_run_and_not_the_engine(nothing_left):
    told = []

    async def engine(emit):
        try:
            await emit(1)
        except Exception as error:  # what engines do: log it, and go on
            told.append(error)
        await emit(2)

    def fails(_):
        raise KeyError

    with pytest.raises(KeyError):
        await run(from_callback(engine).pipe(ops.map(fails)))
    assert told == []


async def test_a_unit_of_an_engine_may_be_awaited_and_one_that_was_dropped_is_an_error_that_names_it(nothing_left):
    async def engine(emit):
        for name in ("kept", "lost"):
            item = Item(name)
            await emit(item)
            await item.resolution()

    async def resolve(batch):
        for item in batch:
            item.resolve()

    line = from_callback(engine).pipe(
        ops.filter(lambda item: item.name != "lost"), stage(resolve, batch=10, linger=None)
    )
    with pytest.raises(DroppedError, match="<lost>"):
        await run(line)


async def test_an_item_that_an_engine_may_still_bring_is_waited_for(nothing_left):
    item = Item("to come")

    async def waits(_):
        await item.resolution()

    async def engine(emit):
        for _ in range(20):
            await asyncio.sleep(0)
        assert not item.resolved
        await emit(item)

    def resolve(item):
        if isinstance(item, Item):
            item.resolve()
            return None
        return waits(item)

    await run(rx.merge(from_async(lambda: numbers(1)), from_callback(engine)).pipe(stage(resolve, concurrency=2)))


def test_an_engine_needs_an_event_loop():
    async def engine(emit):
        raise AssertionError

    with marbles() as m:
        m.expect(from_callback(engine), "#", error=FlowError)


# -- in threads


async def test_threads_of_an_engine_block_while_the_line_wants_nothing(nothing_left):
    held, called, got = Held(), [], []

    def worker(emit, name):
        for number in range(100):
            called.append((name, number))
            emit.blocking((name, number))

    async def engine(emit):
        with ThreadPoolExecutor(3) as pool:
            await asyncio.gather(*[in_thread(pool, lambda name=name: worker(emit, name)) for name in range(3)])

    async def check():
        await held.arrived.wait()
        await soon(lambda: len(called) == 1 + 3)
        for _ in range(100):
            await asyncio.sleep(0)
        assert len(called) == 1 + 3
        held.go.set()

    checker = asyncio.create_task(check())
    await run(from_callback(engine).pipe(stage(held, prefetch=0)), got.append)
    await checker
    assert sorted(got) == [(name, number) for name in range(3) for number in range(100)]
    for name in range(3):
        assert [number for who, number in got if who == name] == list(range(100))


@pytest.mark.parametrize("end", ["cancelled", "failed", "left"])
async def test_a_thread_that_is_blocked_in_emit_is_woken_when_the_stream_ends_and_waited_for(end, nothing_left):
    held, told, given, taken = Held(), [], set(), set()

    def worker(emit):
        try:
            for _ in range(1000):
                item = object()
                emit.blocking(item)
                given.add(item)
        except FlowError as error:
            told.append(str(error))
            raise

    async def engine(emit):
        with ThreadPoolExecutor(2) as pool:
            await asyncio.gather(*[in_thread(pool, lambda: worker(emit)) for _ in range(2)])

    async def ends():
        await held.arrived.wait()
        if end == "cancelled":
            running.cancel()
        if end == "failed":
            raise KeyError
        yield "left"

    line = rx.merge(from_callback(engine).pipe(ops.do_action(taken.add), stage(held, prefetch=0)), from_async(ends))
    running = asyncio.create_task(run(line.pipe(ops.take_while(lambda item: item != "left"))))
    await asyncio.wait([running])
    assert running.cancelled() == (end == "cancelled")
    assert end == "cancelled" or isinstance(running.exception(), KeyError) == (end == "failed")
    assert ["source engine" in message for message in told] == [True, True]
    assert given == taken


async def test_a_thread_whose_item_is_still_on_its_way_when_the_stream_ends_is_told(nothing_left, monkeypatch):
    loop, on_its_way, told = asyncio.get_running_loop(), threading.Event(), []
    send = loop.call_soon_threadsafe

    def sent(*args):
        send(*args)
        if threading.get_ident() != here:
            on_its_way.set()

    def give(emit):
        with pytest.raises(FlowError) as caught:
            emit.blocking("late")
        told.append(caught.value)

    async def engine(emit):
        pool = ThreadPoolExecutor(1)
        monkeypatch.setattr(loop, "call_soon_threadsafe", sent)
        giving = pool.submit(give, emit)
        assert on_its_way.wait(10)  # it has sent its item, and the loop, which we hold up, has not seen it
        monkeypatch.undo()
        try:
            await emit("enough")
        finally:
            await soon(giving.done)
            pool.shutdown()

    here = threading.get_ident()
    await run(from_callback(engine).pipe(ops.take(1)))
    assert "nobody takes its items" in str(told[0])


async def test_a_thread_that_comes_after_the_end_is_told_while_the_engine_still_runs(nothing_left):
    over, told = threading.Event(), []

    def worker(emit):
        emit.blocking("first")
        assert over.wait(10)
        with pytest.raises(FlowError) as caught:
            emit.blocking("late")
        told.append(caught.value)

    async def engine(emit):
        await in_thread(None, lambda: worker(emit))

    await run(from_callback(engine).pipe(ops.take(1), ops.finally_action(over.set)))
    assert told


async def test_an_error_that_a_thread_reports_fails_the_run(nothing_left):
    def work(emit):
        emit.blocking(1)
        emit.error(KeyError("thread"))

    async def engine(emit):
        await in_thread(None, lambda: work(emit))
        await asyncio.Event().wait()

    with pytest.raises(KeyError, match="thread"):
        await run(from_callback(engine))


async def test_who_calls_back_on_the_wrong_side_is_told(nothing_left):
    async def blocks_the_loop(emit):
        emit.blocking(1)

    async def awaits_elsewhere(emit):
        with suppress(FlowError):  # engines log what a callback raises, and go on
            await in_thread(None, lambda: asyncio.run(emit(1)))

    with pytest.raises(FlowError, match="expected await emit there"):
        await run(from_callback(blocks_the_loop))
    with pytest.raises(FlowError, match="expected emit.blocking there"):
        await run(from_callback(awaits_elsewhere))


async def test_a_thread_that_calls_back_after_the_run_is_told_too(nothing_left):
    kept = []

    async def engine(emit):
        kept.append(emit)

    await run(from_callback(engine))
    [emit] = kept
    with pytest.raises(FlowError, match="nobody takes its items"):
        await in_thread(None, lambda: emit.blocking(1))
    with pytest.raises(FlowError, match="nobody takes its items"):
        await emit(1)


async def test_it_is_called_by_the_name_of_the_engine(nothing_left):
    async def engine(emit):
        await emit(1)

    assert [gauge.name for gauge in (await run(from_callback(engine))).gauges] == ["engine"]
