import asyncio
import gc

import pytest

from rxsync.resolution import Resolvable


class Item(Resolvable):
    """Something that may be awaited."""

    __slots__ = ("__weakref__", "name")

    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return f"<{self.name}>"


async def slow(item):
    """Work that takes a turn of the loop."""
    await asyncio.sleep(0)
    return [item]


async def soon(condition):
    """Let others run until something is so."""
    while not condition():  # noqa: ASYNC110 - what is waited for happens in a thread, which sets no event
        await asyncio.sleep(0)


@pytest.fixture
async def nothing_left():
    """No task outlives the test, and asyncio found nothing to complain about."""
    problems = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: problems.append(context))
    yield
    gc.collect()
    await asyncio.sleep(0)
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left
    assert not problems
