import asyncio

import pytest
import reactivex as rx
from reactivex import operators as ops

from rxsync.flow import from_async, from_iterable, run, stage
from rxsync.flow.source import CHUNK


async def four(x):
    await asyncio.sleep(0)
    return (x,)


def inner():
    return stage(four, concurrency=4, prefetch=8)


SHAPES = {
    "plain": inner(),
    "group_by": rx.compose(ops.group_by(lambda x: x % 3), ops.flat_map(lambda group: group.pipe(inner()))),
    "batches in group_by": rx.compose(
        ops.group_by(lambda x: x % 50),
        ops.flat_map(lambda group: group.pipe(stage(lambda batch: batch, batch=90, linger=None))),
    ),
    "window": rx.compose(ops.window_with_count(100), ops.flat_map(lambda window: window.pipe(inner()))),
    "flat_map": ops.flat_map(lambda x: from_iterable([x]).pipe(inner())),
    "filter": rx.compose(inner(), ops.filter(lambda x: x % 50 == 0), inner()),
    "buffer": rx.compose(inner(), ops.buffer_with_count(50), ops.flat_map(from_iterable), inner()),
    "merge": rx.compose(lambda source: rx.merge(source.pipe(inner()), rx.empty()), inner()),
    "share": rx.compose(ops.share(), inner()),
}


@pytest.mark.parametrize("name", SHAPES)
async def test_what_a_run_holds_is_bounded_whatever_the_composition(name, nothing_left):
    made, got, ahead = [], [], []

    async def source():
        for i in range(4000):
            made.append(i)
            ahead.append(len(made) - len(got))
            yield i

    flow = await run(from_async(source).pipe(SHAPES[name]), got.append, window=200)
    assert sorted(got) == (list(range(0, 4000, 50)) if name == "filter" else list(range(4000)))
    assert flow.held == 0
    assert flow.peak <= 200 + CHUNK
    if name != "filter":
        assert max(ahead) <= 200 + CHUNK + 1


async def test_a_window_that_is_full_does_not_stop_the_sources_inside_work(nothing_left):
    def work(x):
        return from_iterable([x, x]).pipe(ops.flat_map(lambda y: from_iterable([y])), stage(four))

    got = []
    line = from_iterable(range(30)).pipe(ops.group_by(lambda x: x), ops.flat_map(lambda group: group.pipe(stage(work))))
    flow = await run(line, got.append, window=5)
    assert sorted(got) == sorted([*range(30), *range(30)])
    assert flow.held == 0


@pytest.mark.parametrize("ordered", [False, True])
async def test_error_and_cancel_leave_nothing_held(ordered, nothing_left):
    async def boom(x):
        await asyncio.sleep(0)
        if x == 300:
            seen.append(flows[0].held)
            raise KeyError
        return (x,)

    flows, seen = [], []

    def spy(source):
        def subscribe(observer, scheduler=None):
            flows.append(scheduler.flow)
            return source.subscribe(observer, scheduler=scheduler)

        return rx.Observable(subscribe)

    line = from_iterable(range(5000)).pipe(
        spy,
        stage(lambda batch: batch, batch=50),
        stage(boom, concurrency=7, ordered=ordered),
        stage(lambda batch: batch, batch=90),
    )
    with pytest.raises(KeyError):
        await run(line, window=400)
    assert seen[0] > 0
    assert flows[0].held == flows[0].timers == 0
    assert not flows[0].tasks
