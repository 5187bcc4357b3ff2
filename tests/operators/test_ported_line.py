"""A ported stage as a station of the line: what it waits for, whom it tells of, and that it ends quietly."""

import asyncio

import pytest
import reactivex as rx
from reactivex import operators as ops
from reactivex.scheduler import NewThreadScheduler

from rxsync.errors import DroppedError, FlowError
from rxsync.flow import Gauge, from_async, from_iterable, run, stage
from rxsync.operators import PortedStage, as_stage
from tests.flow.conftest import slow
from tests.operators.conftest import unit


def units(count):
    return [unit(f"{number}") for number in range(count)]


class Pass(PortedStage):
    async def run(self):
        async for each in self.items():
            await self.put(each)


class Pairs(PortedStage):
    async def run(self):
        async for batch in self.batches(2):
            for each in batch:
                await self.put(each)


class Returns(PortedStage):
    async def run(self):
        pass


async def turns(count=20):
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_gauge_says_what_the_class_waits_for(nothing_left):
    flows, readings, go = [], [], asyncio.Event()

    async def source():
        a, b, c, d, e = units(5)
        for these in ((), (a,), (b,), (c, d)):
            for each in these:
                yield each
            await turns()
            readings.append(flows[0].gauges[1])
        go.set()
        await turns()
        yield e

    async def held(item):
        await go.wait()
        return [item]

    await run(from_async(source).pipe(as_stage(Pairs), stage(held, prefetch=0)), watch=flows.append)
    assert readings == [
        Gauge("Pairs", 0, 0, "input"),
        Gauge("Pairs", 1, 0, "company"),
        Gauge("Pairs", 1, 0, "room"),  # the first is below, the second is put and waits
        Gauge("Pairs", 3, 0, "room"),
    ]


async def test_an_urgent_unit_takes_along_what_came_after_it_whatever_else_goes_on(nothing_left):
    urgent, other, sizes, resolved = unit("urgent"), unit("other"), [], asyncio.Event()

    class Late(PortedStage):
        async def run(self):
            await turns()  # both have come by then
            async for batch in self.batches():
                sizes.append(len(batch))
                urgent.resolve()
                resolved.set()

    async def source():
        waiter = asyncio.ensure_future(urgent.resolution())
        await turns(2)
        yield urgent
        yield other
        await waiter

    async def elsewhere(_):
        await resolved.wait()

    line = rx.merge(from_async(source).pipe(as_stage(Late)), from_iterable([1]).pipe(stage(elsewhere)))
    await asyncio.wait_for(run(line), 5)
    assert sizes == [2]


async def test_a_class_that_is_left_behind_is_cancelled_and_the_run_goes_on(nothing_left):
    cleaned, got = [], []

    class Endless(PortedStage):
        async def run(self):
            try:
                async for each in self.items():
                    await self.put(each)
            finally:
                await turns()
                cleaned.append(True)

    left = from_iterable(units(9)).pipe(as_stage(Endless), ops.take(1))
    await run(rx.merge(left, from_iterable(range(200)).pipe(stage(slow))), got.append)
    assert len(got) == 201
    assert cleaned == [True]


@pytest.mark.parametrize("end", [as_stage(Returns), rx.compose(as_stage(Pass), ops.take(1))])
async def test_a_class_that_is_through_keeps_no_run_going_in_which_all_wait(end, nothing_left):
    lost = unit("lost")

    async def waits():
        yield lost
        await turns()
        await lost.resolution()

    line = rx.merge(from_iterable(units(1)).pipe(end), from_async(waits).pipe(ops.filter(lambda _: False)))
    with pytest.raises(DroppedError, match="lost"):
        await asyncio.wait_for(run(line), 5)


async def test_a_unit_that_is_born_on_the_way_and_dropped_below_the_class_fails_who_awaits_it(nothing_left):
    born = []

    async def source():
        yield "needed"
        yield "needs it"
        await asyncio.Event().wait()  # more may come, but never this unit

    def make(name):
        born.append(unit(name))
        return born[-1]

    async def needs(_):
        await born[0].resolution()

    line = from_async(source).pipe(
        ops.map(make), as_stage(Pass), ops.filter(lambda each: each is not born[0]), stage(needs)
    )
    with pytest.raises(DroppedError, match="needed"):
        await asyncio.wait_for(run(line), 5)


async def test_a_class_that_has_waited_for_units_and_is_at_work_now_may_still_resolve_what_was_dropped(nothing_left):
    """Its task is not taken for one that rests, though it rested before."""
    twin, first = unit("twin"), unit("first")

    class Works(PortedStage):
        async def run(self):
            async for each in self.items():
                await turns(50)
                twin.resolve("with the first")
                await self.put(each)

    async def source():
        await turns()  # it rests
        yield twin
        yield first
        assert await twin.resolution() == "with the first"

    await run(from_async(source).pipe(ops.filter(lambda each: each is not twin), as_stage(Works)))


@pytest.mark.parametrize("rests", ["for input", "for room"])
async def test_a_class_that_comes_to_rest_lets_be_found_what_was_dropped_while_it_worked(rests, nothing_left):
    lost, first, second = unit("lost"), unit("first"), unit("second")

    class Works(PortedStage):
        async def run(self):
            async for each in self.items():
                if each is second:
                    await turns(50)
                if each is first or rests == "for room":
                    await self.put(each)

    async def needs(each):
        await lost.resolution()

    async def source():
        for each in (lost, first, second):
            yield each
        await lost.resolution()

    line = from_async(source).pipe(ops.filter(lambda each: each is not lost), as_stage(Works), stage(needs, prefetch=0))
    with pytest.raises(DroppedError, match="lost"):
        await asyncio.wait_for(run(line), 5)


async def test_a_stream_that_another_thread_moves_is_refused(nothing_left):
    line = from_iterable(units(3)).pipe(ops.observe_on(NewThreadScheduler()), as_stage(Pass))
    with pytest.raises(FlowError, match="Pass was called from another thread"):
        await run(line)
