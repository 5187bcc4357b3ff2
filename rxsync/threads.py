"""Work in a thread that is always waited for.

Floor 0. A thread cannot be cancelled: whoever is cancelled while one works for it must wait until it is done,
or files and transactions would change behind the back of a run that is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from typing import TypeVar

T = TypeVar("T")


async def in_thread(executor: Executor | None, work: Callable[[], T]) -> T:
    """Run ``work`` in a thread of ``executor`` and return its result.

    A cancellation is held back until the thread is done (or has been kept from starting), then raised.

    Args:
        executor: whose thread; None for the loop's own.
        work: a blocking function.

    Raises:
        Exception: whatever ``work`` raises.
        asyncio.CancelledError: the caller was cancelled, however often; the thread is done.
    """
    return await to_the_end(asyncio.get_running_loop().run_in_executor(executor, work))


async def to_the_end(work: Awaitable[T]) -> T:
    """Await ``work``, done by a thread, and return its result; a cancellation is held back until it is done.

    Raises:
        Exception: whatever ``work`` raises.
        asyncio.CancelledError: the caller was cancelled, however often; ``work`` is done.
    """
    future = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        while not future.done():
            try:
                await asyncio.wait([future])
            except asyncio.CancelledError:  # a second Ctrl-C does not stop the thread either
                continue
        if not future.cancelled():
            future.exception()  # retrieved, so that asyncio does not report it as lost
        raise
