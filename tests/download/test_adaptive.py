"""How many requests a host takes at once is found out. Hosts are models, on a clock that leaps over every wait."""

import asyncio
import random
from collections import Counter
from statistics import mean

import pytest

from rxsync.download import Controls, Limits
from rxsync.download.adaptive import FEW, MOST, Adaptive
from rxsync.download.places import Place
from rxsync.flow import Dial
from tests.flow.leaping import LeapingLoop


class Host:
    """Answers in ``seconds``, give or take a fifth and now and then far more.

    Args:
        most: more than so many at once it refuses.
        workers: it works on so many at once, and the others wait.
    """

    def __init__(self, seconds=0.05, most=1000, workers=1000, seed=0):
        self.seconds, self.most, self.workers = seconds, most, asyncio.Semaphore(workers)
        self.open = self.most_open = self.refusals = 0
        self.random = random.Random(seed)

    async def answer(self):
        """Whether it refuses."""
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            if self.open > self.most:
                self.refusals += 1
                await asyncio.sleep(0.001)
                return True
            async with self.workers:
                odd = 10 if self.random.random() < 0.02 else 1
                await asyncio.sleep(self.seconds * self.random.uniform(0.8, 1.2) * odd)
            return False
        finally:
            self.open -= 1


async def download(limits, hosts, files, *, askers=60):
    """Ask hosts for files until all are there; gives the values of the dial of each after each answer."""
    left, values = Counter(dict.fromkeys(hosts, files)), {name: [] for name in hosts}

    async def ask(name):
        while left[name] > 0:
            left[name] -= 1
            place = Place(limits.places)
            await place.move(name)
            tell = limits.ask(name)
            refused = await hosts[name].answer()
            tell(refused)
            left[name] += refused
            place.leave()
            values[name].append(limits.host(name).value)

    await asyncio.gather(*(ask(name) for name in hosts for _ in range(askers)))
    return values


def leaping(main):
    """Run a coroutine function on virtual time."""
    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        return runner.run(main())


@pytest.mark.parametrize("most", [2, 8, 20])
def test_a_host_that_refuses_more_than_so_many_is_asked_for_about_as_many(most):
    async def main():
        host = Host(most=most)
        [values] = (await download(Limits(Controls("auto")), {"a": host}, 4000)).values()
        late = values[1000:]
        assert most / 2 <= mean(late) <= most + 1
        assert host.most_open <= max(most, FEW) + 1
        assert host.refusals <= len(values) * 0.15

    leaping(main)


def test_a_host_that_takes_all_is_asked_for_as_many_as_may_be():
    async def main():
        [values] = (await download(Limits(Controls("auto")), {"a": Host()}, 8000)).values()
        assert values[0] == FEW
        assert values[-1] == MOST
        assert sorted(values) == values, "chance never made it smaller"

    leaping(main)


@pytest.mark.parametrize("seed", range(5))
def test_a_host_at_which_requests_queue_is_not_asked_for_ever_more(seed):
    async def main():
        host = Host(workers=8, seed=seed)
        [values] = (await download(Limits(Controls("auto")), {"a": host}, 8000)).values()
        late = values[2000:]
        assert 8 <= mean(late) <= 26  # at twice its workers it takes twice as long
        assert host.most_open < MOST

    leaping(main)


def test_each_host_is_found_out_by_itself_and_all_stay_below_what_is_allowed_in_total():
    async def main():
        limits = Limits(Controls("auto"))
        hosts = {"poor": Host(most=3), "rich": Host(), "richer": Host()}
        busy = []
        limits.places.take = lambda host, take=limits.places.take: busy.append(limits.places.busy) or take(host)
        values = await download(limits, hosts, 4000)
        assert max(values["poor"]) <= 5
        assert values["rich"][-1] > 20
        assert max(busy) == MOST
        assert limits.found_out == {name: seen[-1] for name, seen in values.items()}

    leaping(main)


def test_who_is_asked_for_little_is_not_found_out_to_take_much():
    async def main():
        [values] = (await download(Limits(Controls("auto")), {"a": Host()}, 500, askers=2)).values()
        assert set(values) == {FEW}

    leaping(main)


def test_many_refusals_of_what_was_asked_at_once_are_one():
    dial = Dial(0)
    adaptive = Adaptive(dial)
    while dial.value < 16:
        adaptive.answered(adaptive.epoch, 0.1, dial.value)
    epoch = adaptive.epoch
    for _ in range(16):
        adaptive.refused(epoch)
    assert dial.value == 8
    adaptive.refused(adaptive.epoch)
    assert dial.value == 4
    for _ in range(9):
        adaptive.refused(adaptive.epoch)
    assert dial.value == 1


def test_one_slow_round_is_chance_and_two_are_a_queue():
    dial = Dial(0)
    adaptive = Adaptive(dial)
    seen = []
    for seconds in (0.1, 0.1, 0.3, 0.1, 0.3, 0.3):
        for _ in range(dial.value):
            adaptive.answered(adaptive.epoch, seconds, dial.value)
        seen.append(dial.value)
    assert seen == [5, 6, 6, 7, 7, 3]


def test_what_is_slower_by_no_more_than_noise_is_not_slow():
    dial = Dial(0)
    adaptive = Adaptive(dial)
    for seconds in (0.001, 0.02, 0.02, 0.02):
        for _ in range(dial.value):
            adaptive.answered(adaptive.epoch, seconds, dial.value)
    assert dial.value == 8


def test_what_was_asked_before_it_went_down_tells_nothing_of_what_holds_now():
    dial = Dial(0)
    adaptive = Adaptive(dial)
    adaptive.refused(adaptive.epoch)
    for _ in range(99):
        adaptive.answered(0, 0.1, 4)
    assert dial.value == 2


def test_a_host_that_became_slower_for_another_reason_grows_again():
    dial = Dial(0)
    adaptive = Adaptive(dial)

    def answers(seconds, count):
        for _ in range(count):
            adaptive.answered(adaptive.epoch, seconds, dial.value)

    answers(0.1, 1500)
    assert dial.value == MOST
    answers(1.0, 200)
    assert dial.value < MOST / 2
    answers(1.0, 3000)
    assert dial.value == MOST


def test_between_a_number_and_auto_one_can_change_meanwhile():
    async def main():
        controls = Controls(7)
        limits = Limits(controls, per_host=5)
        controls.on_change(limits.follow)
        dial = limits.host("a")
        assert (dial.value, limits.total.value, limits.ask("a"), limits.found_out) == (5, 7, None, {})
        controls.max_concurrent = "auto"
        assert (dial.value, limits.total.value, limits.found_out) == (FEW, MOST, {"a": FEW})
        tell = limits.ask("a")
        controls.max_concurrent = 9
        tell(True)  # asked before, and nobody wants to know any more
        assert (dial.value, limits.total.value, limits.ask("a"), limits.found_out) == (5, 9, None, {})

    leaping(main)
