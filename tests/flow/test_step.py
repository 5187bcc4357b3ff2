"""What every step does, whatever its work: no recursion, no place kept by who has left, nobody lost on the way."""

import asyncio

import pytest
import reactivex as rx
from reactivex import operators as ops
from reactivex.subject import Subject

from rxsync.errors import DroppedError
from rxsync.flow import buffer, from_async, from_iterable, run, stage
from rxsync.flow.gate import Gate
from rxsync.testing import marbles

from .conftest import Item, slow

STEPS = {
    "work": stage(lambda item: [item]),
    "a batch": stage(lambda batch: batch, batch=1),
    "a buffer": rx.compose(buffer(1), ops.map(lambda batch: batch[0])),
}


@pytest.mark.parametrize("name", STEPS)
async def test_a_step_that_is_fed_by_what_comes_out_of_it_does_not_recurse(name, nothing_left):
    subject, got = Subject(), []

    def feed(number):
        got.append(number)
        if number < 3000:
            subject.on_next(number + 1)
            assert got[-1] == number  # not before we are done with this one
        else:
            subject.on_completed()

    await run(rx.merge(subject, from_iterable([1])).pipe(STEPS[name]), feed)
    assert got == list(range(1, 3001))


class Counted(Gate):
    """A gate that counts who waits for it."""

    __slots__ = ("asked",)

    def __init__(self):
        super().__init__()
        self.asked = 0

    def on_open(self, callback):
        self.asked += 1
        return super().on_open(callback)


@pytest.mark.parametrize("name", STEPS)
def test_a_step_asks_a_closed_gate_once_however_much_comes_meanwhile(name):
    gate = Counted()

    def behind(source):
        return rx.Observable(
            lambda observer, scheduler=None: source.subscribe(observer, scheduler=scheduler.behind(gate))
        )

    gate.close()
    with marbles() as m:
        m.at(8, gate.open)
        m.expect(m.hot("-abcd|").pipe(STEPS[name], behind), "--------(a,b,c,d,|)")
    assert gate.asked == 1


@pytest.mark.parametrize("name", STEPS)
async def test_an_item_that_is_born_in_the_line_and_dropped_fails_who_awaits_it(name, nothing_left):
    waits = []

    async def source():
        yield "needed"
        yield "needs it"
        await asyncio.Event().wait()  # more may come, but never this item

    def born(name):
        item = Item(name)
        waits.append(item)
        return item

    async def needs(item):
        await waits[0].resolution()

    line = from_async(source).pipe(
        ops.map(born), STEPS[name], ops.filter(lambda item: item is not waits[0]), stage(needs)
    )
    with pytest.raises(DroppedError, match="<needed>"):
        await asyncio.wait_for(run(line), 5)


async def test_work_that_is_left_behind_is_cancelled_and_the_run_goes_on(nothing_left):
    cancelled, got = [], []

    async def endless(item):
        if item:
            return [item]
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(item)

    left = from_iterable([0, 1]).pipe(stage(endless, concurrency=2), ops.take(1))
    await run(rx.merge(left, from_iterable(range(2, 500)).pipe(stage(slow))), got.append)
    assert sorted(got) == list(range(1, 500))
    assert cancelled == [0]
