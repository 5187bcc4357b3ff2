"""Who says nothing for too long is given up; a cancellation is no silence."""

import asyncio

import pytest

from rxsync.download.patience import Patience


async def waiting(patience, event):
    with patience.waiting():
        await event.wait()


async def test_a_wait_that_takes_too_long_ends_in_a_timeout():
    patience = Patience(0.02)
    with pytest.raises(TimeoutError):
        await waiting(patience, asyncio.Event())
    assert asyncio.current_task().cancelling() == 0
    patience.close()


async def test_a_cancellation_from_elsewhere_goes_on_as_what_it_is():
    patience = Patience(3600)
    task = asyncio.create_task(waiting(patience, asyncio.Event()))
    await asyncio.sleep(0)
    task.cancel("enough")
    with pytest.raises(asyncio.CancelledError, match="enough"):
        await task
    patience.close()


async def test_cancelled_and_too_late_at_once_it_is_a_cancellation():
    patience = Patience(3600)
    task = asyncio.create_task(waiting(patience, asyncio.Event()))
    await asyncio.sleep(0)
    for wait in patience._waits:
        wait.since -= 7200
    patience._look()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    patience.close()


async def test_who_is_answered_in_time_is_left_alone_and_nobody_is_looked_after():
    patience, answered = Patience(3600), asyncio.Event()
    task = asyncio.create_task(waiting(patience, answered))
    await asyncio.sleep(0)
    patience._look()
    answered.set()
    await task
    patience._look()
    assert patience._timer is None
