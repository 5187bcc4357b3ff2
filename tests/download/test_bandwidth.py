"""So many bytes a second over all, first come first served. On a clock that leaps over every wait."""

import asyncio
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rxsync.download.bandwidth import BURST, Bandwidth
from tests.flow.leaping import LeapingLoop


def leaping(main):
    """Run a coroutine function on virtual time."""
    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        return runner.run(main())


def now():
    return asyncio.get_running_loop().time()


async def reads(bandwidth, done, sizes, name=None):
    for size in sizes:
        await bandwidth.pay(size)
        done.append((round(now(), 3), name or size))


@given(
    st.integers(1_000, 10_000_000),
    st.lists(st.lists(st.integers(1, 131_072), min_size=1, max_size=20), min_size=1, max_size=8),
)
def test_at_no_moment_have_more_bytes_passed_than_are_allowed_and_none_fewer(limit, downloads):
    async def main():
        bandwidth, passed, loop = Bandwidth(limit), [], asyncio.get_running_loop()
        loop.now = 1000.0  # whoever rested for long has saved no more than a burst

        async def read(sizes):
            for size in sizes:
                await bandwidth.pay(size)
                passed.append(size)
                assert sum(passed) <= limit * (now() - 1000.0 + BURST) + 1

        await asyncio.gather(*map(read, downloads))
        return now() - 1000.0, sum(passed)

    seconds, size = leaping(main)
    assert seconds == pytest.approx(max(0.0, size / limit - BURST), abs=1e-3)


def test_who_comes_first_is_served_first_and_nobody_overtakes():
    async def main():
        bandwidth, done = Bandwidth(100), []
        first = asyncio.create_task(reads(bandwidth, done, [200], "big"))
        await asyncio.sleep(0)
        await reads(bandwidth, done, [1], "small")
        await first
        return done

    assert leaping(main) == [(1.95, "big"), (1.96, "small")]


def test_raised_or_lifted_who_waits_goes_on_sooner_and_lowered_later():
    async def main(limits):
        bandwidth, done, loop = Bandwidth(100), [], asyncio.get_running_loop()
        for at, limit in limits:
            loop.call_at(at, bandwidth.turn, limit)
        await asyncio.gather(reads(bandwidth, done, [505]), reads(bandwidth, done, [100]))
        return [at for at, _ in done]

    assert leaping(partial(main, [])) == [5.0, 6.0]
    assert leaping(partial(main, [(2.0, 300)])) == [3.0, 3.333]
    assert leaping(partial(main, [(2.0, 50)])) == [8.0, 10.0]
    assert leaping(partial(main, [(2.0, None)])) == [2.0, 2.0]
    assert leaping(partial(main, [(2.0, None), (2.0, 100)])) == [2.0, 2.0]


def test_after_a_time_without_a_limit_nothing_is_saved_and_nothing_is_owed():
    async def main():
        bandwidth, done, loop = Bandwidth(None), [], asyncio.get_running_loop()
        assert not bandwidth.limited
        await bandwidth.pay(10**9)
        loop.now = 50.0
        bandwidth.turn(100)
        assert bandwidth.limited
        await reads(bandwidth, done, [100])
        return done

    assert leaping(main) == [(51.0, 100)]


def test_who_is_cancelled_has_had_its_bytes_and_holds_up_nobody_for_longer():
    async def main():
        bandwidth, done = Bandwidth(100), []
        tasks = [asyncio.create_task(reads(bandwidth, done, [size])) for size in (105, 100, 100)]
        await asyncio.sleep(0.5)
        tasks[0].cancel()
        tasks[1].cancel()
        await tasks[2]
        return done

    assert leaping(main) == [(3.0, 100)]
