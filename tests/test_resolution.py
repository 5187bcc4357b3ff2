import asyncio
import copy
from dataclasses import dataclass

import pytest

from rxsync.resolution import Resolvable, is_waiting


class Holder:
    def __init__(self):
        self.asked = []

    def awaited(self, item):
        self.asked.append(item)


@dataclass(slots=True, eq=False)
class Unit(Resolvable):
    name: str


async def waits(item):
    task = asyncio.create_task(item.resolution())
    while not is_waiting(task):  # noqa: ASYNC110 - what is tested has no event to set
        await asyncio.sleep(0)
    return task


async def test_everybody_who_waits_gets_the_value():
    item = Resolvable()
    tasks = [await waits(item) for _ in range(3)]
    item.resolve(7)
    assert await asyncio.gather(*tasks) == [7, 7, 7]
    assert await item.resolution() == 7


async def test_a_failure_is_raised_in_everybody_who_waits():
    item = Resolvable()
    task = await waits(item)
    item.fail(ValueError("no"))
    for waiter in (task, item.resolution()):
        with pytest.raises(ValueError, match="no"):
            await waiter


@pytest.mark.parametrize("second", [lambda item: item.resolve(2), lambda item: item.fail(ValueError())])
async def test_the_first_outcome_counts(second):
    resolved, failed = Resolvable(), Resolvable()
    resolved.resolve(1)
    failed.fail(KeyError())
    second(resolved)
    second(failed)
    assert await resolved.resolution() == 1
    with pytest.raises(KeyError):
        await failed.resolution()


async def test_a_failure_that_nobody_fetches_is_nobodys_complaint():
    complaints = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    item = Resolvable()
    task = await waits(item)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    item.fail(ValueError())
    del item
    await asyncio.sleep(0)
    assert not complaints


async def test_one_waiter_who_gives_up_takes_the_value_from_nobody():
    item = Resolvable()
    gives_up, stays = await waits(item), await waits(item)
    gives_up.cancel()
    await asyncio.wait([gives_up])
    assert not is_waiting(gives_up)
    assert is_waiting(stays)
    item.resolve(1)
    assert await stays == 1
    assert gives_up.cancelled()


async def test_awaiting_is_urgent_and_asks_every_holder_to_let_go():
    item, one, two = Resolvable(), Holder(), Holder()
    assert not item.urgent
    item.holders = (one, two)
    task = await waits(item)
    assert item.urgent
    assert one.asked == two.asked == [item]
    item.leave(one)
    assert item.holders == (two,)
    item.leave(two)
    assert item.holders == ()
    item.resolve()
    await task


def test_nothing_is_made_for_an_item_that_nobody_awaits():
    item = Resolvable()  # without an event loop
    item.resolve(1)
    assert item.resolved
    assert not hasattr(item, "__dict__")


async def test_a_slotted_dataclass_need_not_call_our_init():
    unit = Unit("a")
    task = await waits(unit)
    unit.resolve(unit.name)
    assert await task == "a"
    assert not hasattr(unit, "__dict__")


def test_an_item_can_be_copied():
    item = Unit("a")
    item.resolve(1)
    twin = copy.copy(item)
    assert twin.name == "a"
    assert twin.resolved
