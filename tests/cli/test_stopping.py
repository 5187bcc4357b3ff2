"""What a signal does inside of a command. Real signals, to this process."""

import asyncio
import os
import signal

import pytest

from rxsync.cli.stopping import Stop, Stopped


@pytest.fixture
def stop():
    """Listens, and leaves the handlers as they were."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    stop = Stop()
    stop.listen()
    yield stop
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_second_signal_does_not_disturb_the_clean_up(stop):
    cleaned = []

    async def work():
        os.kill(os.getpid(), signal.SIGTERM)
        try:
            await asyncio.Event().wait()
        finally:
            os.kill(os.getpid(), signal.SIGINT)
            for step in range(3):
                await asyncio.sleep(0)
                cleaned.append(step)

    with pytest.raises(Stopped) as stopped:
        stop.complete(work)
    assert cleaned == [0, 1, 2]
    assert stopped.value.exit_code == 143


def test_where_nothing_can_be_cancelled_the_signal_raises(stop):
    with pytest.raises(Stopped) as stopped:
        os.kill(os.getpid(), signal.SIGINT)
    assert stopped.value.exit_code == 130


def test_a_signal_that_was_swallowed_still_stops_what_comes_next(stop):
    with pytest.raises(Stopped):
        os.kill(os.getpid(), signal.SIGINT)

    async def work():
        pytest.fail("it must not begin")

    with pytest.raises(Stopped):
        stop.complete(work)


def test_while_the_result_is_told_no_signal_disturbs(stop):
    async def work():
        return 1

    assert stop.complete(work) == 1
    stop.hold()
    os.kill(os.getpid(), signal.SIGTERM)
    assert stop.number is None


def test_a_cancellation_that_no_signal_asked_for_stays_one(stop):
    async def work():
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        stop.complete(work)
