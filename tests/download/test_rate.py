"""So many requests a second, evenly. On a clock that leaps over every wait."""

import asyncio
import subprocess
import sys

import pytest

from rxsync.download.rate import Rate
from tests.flow.leaping import LeapingLoop


class Ticking(LeapingLoop):
    """Time moves a little whenever somebody looks, as it does: a limiter that is woken a hair too early looks again."""

    late = 0.0

    def time(self):
        self.now += 1e-7
        return self.now

    def call_at(self, when, *args, **further):
        return super().call_at(when + self.late, *args, **further)


def leaping(main):
    """Run a coroutine function on virtual time."""
    with asyncio.Runner(loop_factory=Ticking) as runner:
        return runner.run(main())


async def asked(rate, count, late=0.0):
    """When each of so many had its turn, if timers are so late."""
    loop, times = asyncio.get_running_loop(), []
    loop.late = late

    async def ask():
        await rate.over()
        times.append(loop.time())

    await asyncio.gather(*(ask() for _ in range(count)))
    return times


@pytest.mark.parametrize("a_second", [0.5, 1, 20, 333.3, 1000])
def test_turns_are_even_from_the_beginning(a_second):
    times = leaping(lambda: asked(Rate(a_second), 200))
    for seconds in (1, 5, 20):
        most = a_second * seconds
        assert sum(time < seconds for time in times) <= most * 1.04 + 1.0001
    steady = times[len(times) // 2 :]
    assert (len(steady) - 1) / (steady[-1] - steady[0]) == pytest.approx(a_second, rel=0.01)


def test_timers_that_are_late_cost_no_turns():
    times = leaping(lambda: asked(Rate(20), 400, late=0.01))
    assert times[-1] - times[0] == pytest.approx(20, rel=0.02)


def test_another_rate_wakes_who_waits_in_the_same_order():
    async def main(to):
        loop, rate, done = asyncio.get_running_loop(), Rate(1 / 3600), []

        async def ask(name):
            await rate.over()
            done.append((name, round(loop.time(), 1)))

        tasks = [asyncio.create_task(ask(name)) for name in "abcd"]
        await asyncio.sleep(5)
        rate.turn(2)
        await asyncio.sleep(0)  # they have been told of that one, and have not gone on yet
        rate.turn(to)
        await asyncio.gather(*tasks)
        assert all(task.cancelling() == 0 for task in tasks)
        return done

    assert leaping(lambda: main(1)) == [("a", 0.0), ("b", 5.0), ("c", 6.0), ("d", 7.0)]
    assert leaping(lambda: main(None)) == [("a", 0.0), ("b", 5.0), ("c", 5.0), ("d", 5.0)]


def test_who_is_cancelled_while_it_waits_takes_no_turn():
    async def main():
        rate = Rate(1)
        await rate.over()
        tasks = [asyncio.create_task(rate.over()) for _ in range(3)]
        await asyncio.sleep(0.1)
        tasks[0].cancel()
        await asyncio.wait(tasks)
        assert tasks[0].cancelled()
        return asyncio.get_running_loop().time()

    assert leaping(main) == pytest.approx(1.96, abs=0.1)


def test_without_a_rate_there_is_no_limiter_to_import():
    code = "import rxsync.download, sys; rxsync.download.Controls(); print('aiolimiter' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
