"""Whoever waits for what the line holds hurries those below, and goes on where nothing moves; what is over is let go."""

import asyncio
import gc
import weakref

import pytest
from reactivex import operators as ops

from rxsync.flow import buffer, flat_map_with_max_concurrent, from_async, from_iterable, run, stage
from rxsync.testing import marbles

from .conftest import Item


class Patient:
    """Waits until it is told to wait no longer."""

    def __init__(self, work=None):
        self.work, self.relented = work, asyncio.Event()

    def concerns(self, work):
        return work is self.work

    def relent(self):
        self.flow.patients.dismiss(self)
        self.relented.set()

    def wait(self, flow, depth=1):
        self.flow = flow
        flow.press(self, depth)


@pytest.mark.parametrize(
    ("depth", "diagram", "lists"),
    [(1, "-------(x,|)", {"x": ("a", "b")}), (2, "---x-y-|", {"x": ("a",), "y": ("b",)})],
)
def test_a_list_below_who_waits_leaves_at_once_and_one_as_high_does_not(depth, diagram, lists):
    patient = Patient()
    with marbles() as m:
        m.cold("---k").subscribe(lambda _: patient.wait(m.flow, depth))
        busy = m.hot("-k----------------|").pipe(stage(lambda _: m.cold("-----------|")))  # lest it come to rest
        m.expect(busy, "------------------|")
        below = stage(lambda batch: [tuple(batch)])
        m.expect(m.hot("-a---b-|").pipe(buffer(10, linger=None), below), diagram, **lists)


def test_lists_wait_for_company_again_once_nobody_waits():
    patient = Patient()
    with marbles() as m:
        m.cold("---k").subscribe(lambda _: patient.wait(m.flow))
        m.cold("-----k").subscribe(lambda _: patient.relent())
        busy = m.hot("-k----------------|").pipe(stage(lambda _: m.cold("-----------|")))
        m.expect(busy, "------------------|")
        lists = m.hot("-a--b-c--|").pipe(buffer(10, linger=None), ops.map(tuple))
        m.expect(lists, "---xy----(z,|)", x=("a",), y=("b",), z=("c",))


async def test_it_goes_on_once_nothing_moves_and_not_before(nothing_left):
    patient, seen, flows = Patient(), [], []

    async def source():
        yield Item("a")
        await patient.relented.wait()
        seen.append("relented")

    async def work(item):
        patient.wait(flows[0])
        for turn in range(20):
            await asyncio.sleep(0)
            seen.append(turn)
        return [item]

    async with asyncio.timeout(10):
        await run(from_async(source).pipe(stage(work)), watch=flows.append)
    assert seen == [*range(20), "relented"]


async def test_a_task_that_cleans_up_is_not_at_rest_though_no_stage_has_it(nothing_left):
    patient, seen, begun = Patient(), [], asyncio.Event()
    flows = []

    async def slow(_):
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            for turn in range(20):
                await asyncio.sleep(0)
                seen.append(turn)

    async def fails(_):
        await begun.wait()
        patient.wait(flows[0])
        raise OSError

    def both(item):
        return from_iterable([slow, fails]).pipe(flat_map_with_max_concurrent(lambda one: one(item), 2))

    async def source():
        yield Item("a")
        await patient.relented.wait()
        seen.append("relented")

    async with asyncio.timeout(10):
        await run(from_async(source).pipe(stage(both, on_error=lambda *_: None)), watch=flows.append)
    assert seen == [*range(20), "relented"]


async def test_what_is_over_is_let_go_without_anybody_collecting_it(nothing_left):
    gone = []

    def made(name):
        item = Item(name)
        weakref.finalize(item, gone.append, name)
        return item

    async def later(item):
        await asyncio.sleep(0)
        return [item]

    def stream(item):
        return from_iterable([None]).pipe(flat_map_with_max_concurrent(lambda _: later(item), 1))

    def look(item):
        seen.append([*gone])
        return False

    seen = []
    gc.collect()
    gc.disable()
    try:
        await run(from_iterable(map(made, "abc")).pipe(stage(stream), ops.filter(look)))
    finally:
        gc.enable()
    assert (seen, gone) == ([[], ["a"], ["a", "b"]], ["a", "b", "c"])


async def test_a_list_lets_go_of_those_that_have_gone_down(nothing_left):
    gone = []

    def made(name):
        item = Item(name)
        weakref.finalize(item, gone.append, name)
        return item

    async def work(batch):
        await asyncio.sleep(0)
        return batch

    seen = []

    async def one_by_one(item):
        for _ in range(3):
            await asyncio.sleep(0)
        seen.append([*gone])
        return ()

    gc.collect()
    gc.disable()
    try:
        await run(from_iterable(map(made, "abc")).pipe(stage(work, batch=3), stage(one_by_one, prefetch=0)))
    finally:
        gc.enable()
    assert seen == [[], ["a"], ["a", "b"]]
