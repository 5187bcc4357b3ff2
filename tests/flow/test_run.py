import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import reactivex as rx
from reactivex import operators as ops
from reactivex.scheduler import NewThreadScheduler
from reactivex.subject import Subject

from rxsync.errors import DroppedError, FlowError
from rxsync.flow import from_async, from_iterable, run, stage
from rxsync.resolution import Resolvable
from rxsync.testing import marbles
from rxsync.threads import in_thread


async def numbers():
    i = 0
    while True:
        yield i
        i += 1


async def one():
    yield 1


async def turn_by_turn(x):
    await asyncio.sleep(0)
    return (x,)


async def until(condition):
    while not condition():  # noqa: ASYNC110 - whatever the condition is about cannot set an event
        await asyncio.sleep(0)


async def test_run_gives_the_flow_back(nothing_left):
    got = []
    flow = await run(from_iterable("abc").pipe(stage(turn_by_turn, concurrency=2)), got.append)
    assert sorted(got) == ["a", "b", "c"]
    assert flow.held == flow.timers == 0
    assert flow.peak > 0
    assert not flow.tasks


async def test_an_exception_in_the_sink_fails_the_run(nothing_left):
    def bad(x):
        raise KeyError(x)

    with pytest.raises(KeyError):
        await run(from_async(numbers).pipe(stage(turn_by_turn, concurrency=20)), bad)


async def test_no_catch_or_retry_in_the_line_swallows_an_exception_of_the_sink(nothing_left):
    calls = []

    def bad(x):
        calls.append(x)
        raise KeyError(x)

    line = from_iterable(range(9)).pipe(stage(turn_by_turn), ops.catch(rx.just("caught")))
    with pytest.raises(KeyError, match="0"):
        await run(line, bad)
    assert calls[0] == 0


async def test_the_sink_is_not_called_again_after_it_raised(nothing_left):
    calls = []

    def bad(x):
        calls.append(x)
        raise KeyError(x)

    with pytest.raises(KeyError):
        await run(from_iterable(range(9)), bad)
    assert calls == [0]


class Careless(Exception):
    pass


def careless(when):
    """A custom operator whose on_next, or on_completed, raises."""

    def operator(source):
        def subscribe(observer, scheduler=None):
            def raise_it(*_):
                raise Careless

            handlers = [observer.on_next, observer.on_error, observer.on_completed]
            handlers[0 if when == "on_next" else 2] = raise_it
            return source.subscribe(*handlers, scheduler=scheduler)

        return rx.Observable(subscribe)

    return operator


@pytest.mark.parametrize("when", ["on_next", "on_completed"])
@pytest.mark.parametrize(
    "source",
    [
        lambda: from_iterable([1]),
        lambda: from_async(one),
        lambda: from_iterable([1]).pipe(stage(turn_by_turn)),
    ],
)
async def test_an_exception_anywhere_below_fails_the_run(when, source, nothing_left):
    with pytest.raises(Careless):
        await run(source().pipe(careless(when)))


async def test_an_exception_below_a_timer_fails_the_run(nothing_left):
    with pytest.raises(Careless):
        await run(from_iterable([1]).pipe(ops.delay(0), careless("on_next")))


@pytest.mark.parametrize("where", ["fn", "source", "sink"])
async def test_even_a_stop_iteration_fails_the_run(where, nothing_left):
    def stop(*_):
        raise StopIteration("stray")

    async def stray():
        yield 1
        stop()

    source = from_async(stray) if where == "source" else from_iterable([1])
    line = source.pipe(stage(stop)) if where == "fn" else source
    with pytest.raises(RuntimeError):
        await run(line, stop if where == "sink" else None)


async def test_take_ends_the_run_and_the_source_has_cleaned_up(nothing_left):
    closed, got = [], []

    async def source():
        try:
            async for i in numbers():
                yield i
        finally:
            await asyncio.sleep(0)  # its clean-up may await
            closed.append(1)

    await run(from_async(source).pipe(stage(turn_by_turn, concurrency=20), ops.take(100)), got.append)
    assert len(got) == 100
    assert closed == [1]
    closed.clear()
    await run(from_async(source).pipe(ops.take(3)))
    assert closed == [1]


class Endless:
    """Work that ends only when cancelled, and then takes its time."""

    def __init__(self, turns=50):
        self.at_work, self.cancelled, self.turns = set(), set(), turns

    async def __call__(self, item):
        self.at_work.add(item)
        try:
            await asyncio.Event().wait()
        finally:
            self.cancelled.add(item)
            for _ in range(self.turns):
                await asyncio.sleep(0)
            self.at_work.discard(item)


async def test_work_whose_very_call_ends_the_run_is_cancelled_too(nothing_left):
    work, subject = Endless(), Subject()

    def call_and_end(item):
        subject.on_next("enough")
        return work(item)

    await run(from_iterable([1]).pipe(stage(call_and_end), ops.take_until(subject)))
    assert not work.at_work


@pytest.mark.parametrize("cancels", [1, 2, 3])
async def test_however_often_it_is_cancelled_no_task_is_left_when_run_returns(cancels, nothing_left):
    work = Endless()
    running = asyncio.create_task(run(from_async(numbers).pipe(stage(work, concurrency=50))))
    await until(lambda: len(work.at_work) == 50)
    for _ in range(cancels):
        running.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not work.at_work
    assert len(work.cancelled) == 50


async def test_no_task_is_left_when_a_clean_up_raises_at_a_cancel(nothing_left):
    work = Endless()
    line = from_async(numbers).pipe(stage(work, concurrency=5), ops.finally_action(lambda: 1 / 0))
    running = asyncio.create_task(run(line))
    await until(lambda: len(work.at_work) == 5)
    running.cancel()
    with pytest.raises(ZeroDivisionError):
        await running
    assert not work.at_work


async def test_nothing_is_drawn_once_an_error_is_on_its_way_down(nothing_left):
    drawn, failed_at = [], []

    async def fails(item):
        await until(lambda: len(drawn) == 3)
        if item == 1:
            failed_at.append(len(drawn))
            raise Careless
        await asyncio.Event().wait()

    def source():
        for i in range(9):
            drawn.append(i)
            yield i

    line = from_iterable(source()).pipe(
        ops.group_by(lambda x: x), ops.flat_map(lambda group: group.pipe(stage(fails, prefetch=0)))
    )
    with pytest.raises(Careless):
        await run(line, window=3)
    assert failed_at == [len(drawn)]


@pytest.mark.parametrize("turns", [0, 10])
async def test_a_cancel_while_a_failed_run_cleans_up_is_a_cancel(turns, nothing_left):
    work = Endless()

    async def fails(item):
        await until(lambda: len(work.at_work) == 2)
        raise ValueError

    line = from_iterable(range(3)).pipe(stage(lambda x: work(x) if x else fails(x), concurrency=3))
    running = asyncio.create_task(run(line))
    await until(lambda: work.cancelled)
    for _ in range(turns):
        await asyncio.sleep(0)
    assert work.at_work
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not work.at_work


async def test_a_thread_at_work_is_waited_for_also_after_a_second_cancel(nothing_left):
    entered, may_end, ended = threading.Event(), threading.Event(), []

    def block():
        entered.set()
        may_end.wait()
        ended.append(1)

    with ThreadPoolExecutor(1) as executor:
        line = from_iterable([1]).pipe(stage(lambda _: in_thread(executor, block)))
        running = asyncio.create_task(run(line))
        await until(entered.is_set)
        for _ in range(2):
            running.cancel()
            for _ in range(5):
                await asyncio.sleep(0)
            assert not running.done()
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert ended == [1]


class Fatal(BaseException):
    pass


@pytest.mark.parametrize("where", ["task", "fn", "sink", "source", "iterable"])
async def test_what_is_no_exception_is_not_swallowed(where, nothing_left):
    def fatal(*_):
        raise Fatal

    async def task(_):
        await asyncio.sleep(0)
        raise Fatal

    async def source():
        yield 1
        raise Fatal

    top = {"source": from_async(source), "iterable": from_iterable(map(fatal, [1]))}.get(where, from_iterable([1]))
    fn = {"task": task, "fn": fatal}.get(where, turn_by_turn)
    line = top.pipe(stage(fn, on_error=lambda item, error: None), ops.catch(rx.just(0)))
    with pytest.raises(Fatal):
        await run(line, fatal if where == "sink" else None)


async def test_a_late_failure_of_a_source_that_was_left_is_not_lost(nothing_left):
    async def source():
        try:
            async for i in numbers():
                yield i
        finally:
            raise Careless

    def leave_early(line):
        return rx.merge(line.pipe(ops.take(1)), from_iterable(range(5)).pipe(stage(turn_by_turn)))

    with pytest.raises(Careless):
        await run(leave_early(from_async(source)))


async def test_whoever_awaits_an_item_is_told_the_error_of_the_run(nothing_left):
    item, heard = Resolvable(), []

    async def listen():
        try:
            await item.resolution()
        except Exception as error:
            heard.append(error)

    async def source():
        yield item
        yield 2

    async def fails(given):
        if given == 2:
            await until(lambda: item.urgent)
            raise Careless
        await asyncio.Event().wait()

    listener = asyncio.create_task(listen())
    with pytest.raises(Careless):
        await run(from_async(source).pipe(stage(fails, concurrency=2)))
    await listener
    assert [type(error) for error in heard] == [Careless]


async def test_whoever_awaits_an_item_learns_that_the_run_is_over(nothing_left):
    item = Resolvable()
    listener = asyncio.create_task(item.resolution())
    await asyncio.sleep(0)
    await run(from_iterable([item]))
    with pytest.raises(DroppedError) as caught:
        await listener
    assert caught.value.item is item


async def test_an_item_that_is_awaited_after_its_run_fails_at_once(nothing_left):
    item = Resolvable()
    await run(from_iterable([item]))
    with pytest.raises(DroppedError):
        await item.resolution()


async def test_an_item_may_travel_again_in_another_run(nothing_left):
    item = Resolvable()
    await run(from_iterable([item]))
    await run(from_iterable([item]).pipe(stage(lambda item: item.resolve("done"))))
    assert await item.resolution() == "done"


@pytest.mark.parametrize(
    "line",
    [
        from_iterable([1]),
        from_async(numbers),
        rx.just(1).pipe(stage(list)),
        rx.just(1).pipe(stage(list, batch=2)),
    ],
)
@pytest.mark.parametrize("scheduler", [None, NewThreadScheduler()])
async def test_without_a_flow_scheduler_nothing_runs(line, scheduler, nothing_left):
    errors = []
    line.subscribe(on_error=errors.append, scheduler=scheduler)
    assert len(errors) == 1
    assert isinstance(errors[0], FlowError)
    assert "run()" in str(errors[0])
    assert ("without a scheduler" if scheduler is None else "on a NewThreadScheduler") in str(errors[0])
    with pytest.raises(FlowError):
        line.subscribe(scheduler=scheduler)


async def test_a_run_that_failed_has_no_say_about_items_that_were_never_in_it(nothing_left):
    item = Resolvable()
    with pytest.raises(Careless):
        await run(from_iterable([1]).pipe(careless("on_next")))
    asyncio.get_running_loop().call_soon(item.resolve, "done")
    assert await item.resolution() == "done"


@pytest.mark.parametrize("turns", range(6))
async def test_work_may_end_at_the_very_moment_when_the_run_does(turns, nothing_left):
    async def work(item):
        try:
            if item:
                await asyncio.Event().wait()
        finally:
            for _ in range(turns if item else 0):
                await asyncio.sleep(0)
        return [item]

    await run(from_iterable([1, 0]).pipe(stage(work, concurrency=2), ops.take(1)))


async def test_what_is_no_stream_is_told(nothing_left):
    with pytest.raises(AttributeError, match="subscribe"):
        await run([1, 2])


async def test_several_runs_go_on_at_once_and_do_not_know_of_each_other(nothing_left):
    flows = await asyncio.gather(
        *(run(from_iterable(range(n)).pipe(stage(turn_by_turn, concurrency=3))) for n in (50, 500))
    )
    assert flows[0] is not flows[1]
    assert [flow.held for flow in flows] == [0, 0]


def test_from_async_needs_an_event_loop_and_says_so():
    with marbles() as m:
        m.expect(from_async(numbers), "#", error=FlowError)


def test_a_keyboard_interrupt_ends_the_program_and_leaves_no_task():
    work = Endless(turns=3)

    async def interrupt(item):
        await until(lambda: len(work.at_work) == 2)
        raise KeyboardInterrupt

    async def main():
        await run(from_iterable(range(3)).pipe(stage(lambda x: work(x) if x else interrupt(x), concurrency=3)))

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(main())
    assert not work.at_work
    assert work.cancelled == {1, 2}
