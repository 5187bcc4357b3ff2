"""Nobody waits for ever: a dropped item, or a circle of waiting, is an error that names the item."""

import asyncio
import gc
import weakref

import pytest
import reactivex as rx
from reactivex import operators as ops
from reactivex.subject import Subject

from rxsync.errors import DroppedError
from rxsync.flow import from_async, from_hot, from_iterable, run, stage

from .conftest import Item


async def later(item):
    await asyncio.sleep(0)
    return [item]


async def resolved_later(item):
    await asyncio.sleep(0)
    item.resolve(item.name)


DROPPERS = {
    "filter above every stage": [ops.filter(lambda _: False), stage(later)],
    "filter below a stage": [stage(later), ops.filter(lambda _: False), stage(later)],
    "filter between batches": [
        stage(lambda batch: batch, batch=50, linger=None),
        ops.filter(lambda _: False),
        stage(resolved_later),
    ],
    "work that forgets it": [stage(lambda item: None), stage(resolved_later)],
    "work that forgets it later": [stage(lambda item: asyncio.sleep(0)), stage(resolved_later)],
    "no stage at all": [],
    "filter after a while": [ops.delay(0.001), ops.filter(lambda _: False)],
}


@pytest.mark.parametrize("name", DROPPERS)
async def test_awaiting_an_item_that_was_dropped_is_an_error_that_names_it(name, nothing_left):
    item, told = Item("lost"), []

    async def source():
        yield item
        try:
            await item.resolution()
        except DroppedError as error:
            told.append(error.item)
            raise

    with pytest.raises(DroppedError, match="<lost>"):
        await run(from_async(source).pipe(*DROPPERS[name]))
    assert told == [item]


async def test_a_source_may_go_on_after_it_lost_an_item(nothing_left):
    got = []

    async def source():
        lost = Item("lost")
        yield lost
        with pytest.raises(DroppedError):
            await lost.resolution()
        yield Item("kept")

    await run(from_async(source).pipe(ops.filter(lambda item: item.name != "lost"), stage(later)), got.append)
    assert [item.name for item in got] == ["kept"]


async def test_an_item_that_is_only_slow_is_not_lost(nothing_left):
    async def slowly(item):
        for _ in range(100):
            await asyncio.sleep(0)
        return [item]

    async def source():
        item = Item("slow")
        yield item
        assert await item.resolution() == "slow"

    line = from_async(source).pipe(
        stage(slowly),
        ops.flat_map(lambda item: from_iterable([item])),
        ops.delay(0.01),
        stage(slowly, batch=None, ordered=True),
        stage(lambda item: rx.timer(0.01).pipe(ops.map(lambda _: item)), name="timer"),
        stage(resolved_later),
    )
    await run(line)


async def test_work_that_awaits_a_dropped_item_is_told(nothing_left):
    """The needs of a unit: its work waits for another one, which a filter has dropped."""
    lost = Item("lost")

    async def needs(item):
        await lost.resolution()
        return [item]

    async def source():
        yield lost
        yield Item("a")
        await asyncio.Event().wait()  # a source that has more to say, some day

    line = from_async(source).pipe(ops.filter(lambda item: item is not lost), stage(needs, concurrency=3))
    with pytest.raises(DroppedError, match="<lost>"):
        await run(line)


async def test_only_what_was_dropped_fails_not_who_waits_for_it(nothing_left):
    """The source awaits a, whose work awaits the lost one: a is not lost."""
    lost, a, blamed = Item("lost"), Item("a"), []

    async def needs(item):
        await lost.resolution()

    def spare(item, error):
        blamed.append((item, error.item))
        item.resolve("without")

    async def source():
        yield lost
        yield a
        assert await a.resolution() == "without"

    line = from_async(source).pipe(ops.filter(lambda item: item is not lost), stage(needs, on_error=spare))
    await run(line)
    assert blamed == [(a, lost)]


async def test_only_what_was_dropped_fails_not_what_stands_behind_who_waits_for_it(nothing_left):
    lost, a, b, c = (Item(name) for name in ("lost", "a", "b", "c"))

    async def needs(item):
        if item is a:
            with pytest.raises(DroppedError, match="<lost>"):
                await lost.resolution()
        item.resolve("without")

    async def source():
        for item in (lost, a, b, c):
            yield item
        assert await c.resolution() == "without"

    await run(from_async(source).pipe(ops.filter(lambda item: item is not lost), stage(needs)))


async def test_a_circle_of_waiting_is_an_error(nothing_left):
    """One place to work, and who holds it waits for who stands behind it."""
    a, b = Item("a"), Item("b")

    async def needs(item):
        if item is a:
            await b.resolution()
        item.resolve()

    async def source():
        yield a
        yield b
        await asyncio.Event().wait()  # what else it may bring does not help

    with pytest.raises(DroppedError, match="<b>"):
        await run(from_async(source).pipe(stage(needs, concurrency=1)))


async def test_a_list_that_may_not_leave_hides_no_item_that_was_dropped(nothing_left):
    lost = Item("lost")

    async def needs(batch):
        await lost.resolution()

    async def source():
        for item in (lost, Item("a"), Item("b"), Item("c")):
            yield item
        await asyncio.Event().wait()

    line = from_async(source).pipe(ops.filter(lambda item: item is not lost), stage(needs, batch=2, linger=None))
    with pytest.raises(DroppedError, match="<lost>"):
        await asyncio.wait_for(run(line), 5)


async def test_to_await_an_item_before_it_is_yielded_is_an_error(nothing_left):
    async def source():
        item = Item("early")
        await item.resolution()
        yield item

    with pytest.raises(DroppedError, match="<early>"):
        await run(from_async(source).pipe(stage(resolved_later)))


async def test_an_item_that_another_source_may_still_bring_is_waited_for(nothing_left):
    item, hot, got = Item("to come"), Subject(), []

    async def source():
        yield Item("first")
        got.append(await item.resolution())

    async def bring():
        for _ in range(20):
            await asyncio.sleep(0)
        assert not item.resolved
        hot.on_next(item)
        hot.on_completed()

    bringer = asyncio.create_task(bring())
    await run(rx.merge(from_async(source), from_hot(hot)).pipe(stage(resolved_later)))
    await bringer
    assert got == ["to come"]


async def test_half_full_lists_leave_before_anything_is_called_lost(nothing_left):
    """The twin was merged into the first, whose list waits for company that cannot come."""
    first, twin = Item("first"), Item("twin")

    def save(batch):
        for item in (*batch, twin):
            item.resolve("saved")

    async def source():
        yield first
        yield twin
        assert await twin.resolution() == "saved"

    line = from_async(source).pipe(ops.filter(lambda item: item is not twin), stage(save, batch=50, linger=None))
    await run(line)
    assert first.resolved


async def test_an_item_that_was_awaited_is_not_kept_alive(nothing_left):
    async def source():
        item = Item("once")
        ref = weakref.ref(item)
        yield item
        await item.resolution()
        yield Item("another")
        del item
        await asyncio.sleep(0)
        gc.collect()
        assert ref() is None

    await run(from_async(source).pipe(stage(resolved_later)))


@pytest.mark.parametrize("ordered", [False, True])
async def test_a_circle_that_closes_when_work_is_done_is_found(ordered, nothing_left):
    first, second, waiting = Item("first"), Item("second"), asyncio.Event()

    async def above(item):
        if item is second:
            await waiting.wait()
            await asyncio.sleep(0)
        return [item]

    async def below(item):
        waiting.set()
        await second.resolution()

    work = stage(above, concurrency=2, ordered=ordered), stage(below, prefetch=0)
    with pytest.raises(DroppedError, match="second"):
        await asyncio.wait_for(run(from_iterable([first, second]).pipe(*work)), 5)


@pytest.mark.parametrize("turns", [0, 1, 5])
async def test_whoever_awaits_what_never_came_learns_of_it_when_the_source_has_ended(turns, nothing_left):
    never = Item("never")

    async def source():
        yield 1
        for _ in range(turns):
            await asyncio.sleep(0)

    async def waits(_):
        await never.resolution()

    with pytest.raises(DroppedError, match="never"):
        await asyncio.wait_for(run(from_async(source).pipe(stage(waits))), 5)


ANSWERS = {
    "a source": lambda item: from_iterable([item]),
    "stages of its own": lambda item: from_iterable([item]).pipe(stage(later), stage(later)),
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_a_stream_that_waits_for_room_closes_a_circle_too(name, nothing_left):
    first, second = Item("first"), Item("second")

    async def below(item):
        await second.resolution()

    line = from_iterable([first, second]).pipe(stage(ANSWERS[name], concurrency=2), stage(below, prefetch=0))
    with pytest.raises(DroppedError, match="second"):
        await asyncio.wait_for(run(line), 5)


def with_a_stage_at_work(item, resolve):
    async def work(_):
        await asyncio.sleep(0.01)
        resolve()
        return (item,)

    return from_iterable([item] * 3).pipe(stage(work, prefetch=0))


def that_nobody_can_look_into(item, resolve):
    subject = Subject()
    asyncio.get_running_loop().call_later(0.01, lambda: resolve() or subject.on_completed())
    return subject


def whose_stage_waits_for_input(item, resolve):
    return that_nobody_can_look_into(item, resolve).pipe(stage(later))


@pytest.mark.parametrize("stream", [with_a_stage_at_work, that_nobody_can_look_into, whose_stage_waits_for_input])
async def test_a_stream_that_may_still_go_on_is_no_circle(stream, nothing_left):
    first, second = Item("first"), Item("second")

    def above(item):
        return stream(item, second.resolve) if item is second else [item]

    async def below(item):
        await second.resolution()

    await run(from_iterable([first, second]).pipe(stage(above, concurrency=2), stage(below, prefetch=0)))
