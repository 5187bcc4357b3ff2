"""First come first served, in total and at each host, and no host holds up another."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rxsync.download.places import Place, Places
from rxsync.flow import Dial


class Kit:
    """Places, and downloads that have them until they are told to leave."""

    def __init__(self, total, most):
        self.total, self.hosts = Dial(total), {}
        self.places = Places(self.total, lambda host: self.hosts.setdefault(host, Dial(most)))
        self.here, self.tasks = [], []

    def come(self, *names):
        for name in names:
            self.tasks.append(asyncio.create_task(self._stay(name), name=name))

    async def _stay(self, name):
        place = Place(self.places)
        await place.move(name[0])
        self.here.append(name)
        try:
            await asyncio.Event().wait()
        finally:
            self.here.remove(name)
            place.leave()
            place.leave()  # once is enough

    async def leave(self, *names):
        for task in self.tasks:
            if task.get_name() in names:
                task.cancel()
        await self.settle()

    async def do(self, what, which):
        if what == "come":
            self.come(f"{which}{len(self.tasks)}")
        elif what == "cancel":
            for task in self.tasks[which : which + 1]:
                task.cancel()
        elif what == "settle":
            await self.settle()
        else:
            (self.total if what == "t" else self.hosts[what]).value = which

    async def settle(self):
        for _ in range(5):
            await asyncio.sleep(0)

    async def end(self):
        while alive := [task for task in self.tasks if not task.done()]:
            for task in alive:
                task.cancel()
            await asyncio.wait(alive)
        assert self.places.busy == 0


@pytest.fixture
async def kit():
    kits = []

    def make(total, most):
        kits.append(Kit(total, most))
        return kits[-1]

    yield make
    for one in kits:
        await one.end()


async def test_who_finds_its_host_full_waits_and_holds_up_no_other_host(kit):
    kit = kit(3, 1)
    kit.come("a1", "a2", "b1", "b2", "c1", "d1")
    await kit.settle()
    assert kit.here == ["a1", "b1", "c1"]
    await kit.leave("b1")
    assert kit.here == ["a1", "c1", "b2"]  # a2 came before, but its host is full; d1 came after
    await kit.leave("a1")
    assert kit.here == ["c1", "b2", "a2"]
    await kit.leave("c1")
    assert kit.here == ["b2", "a2", "d1"]


async def test_turned_up_who_waits_goes_ahead_and_turned_down_nobody_is_driven_out(kit):
    kit = kit(2, 9)
    kit.come("a1", "b1", "a2", "b2", "a3", "a4")
    await kit.settle()
    assert kit.here == ["a1", "b1"]
    kit.total.value = 4
    await kit.settle()
    assert kit.here == ["a1", "b1", "a2", "b2"]
    kit.total.value = 1
    await kit.leave("a1", "b1", "a2")
    assert kit.here == ["b2"]
    kit.total.value = 9
    kit.hosts["a"].value = 1
    await kit.settle()
    kit.come("a5")
    await kit.settle()
    assert kit.here == ["b2", "a3", "a4"]  # before the host was turned down
    await kit.leave("a3")
    assert kit.here == ["b2", "a4"]
    kit.hosts["a"].value = 2
    await kit.settle()
    assert kit.here == ["b2", "a4", "a5"]


async def test_who_comes_does_not_overtake_who_waits(kit):
    kit = kit(9, 1)
    kit.come("a1", "a2")
    await kit.settle()
    kit.tasks[0].cancel()
    await asyncio.sleep(0)
    kit.come("a3")
    await kit.settle()
    assert kit.here == ["a2"]


async def test_a_place_that_is_given_to_who_is_cancelled_goes_to_the_next(kit):
    kit = kit(1, 1)
    kit.come("a1", "a2", "a3", "a4")
    await kit.settle()
    kit.tasks[2].cancel()
    await kit.settle()
    kit.tasks[0].cancel()
    await asyncio.sleep(0)  # a2 has been given the place, and does not know yet
    kit.tasks[1].cancel()
    await kit.settle()
    assert kit.here == ["a4"]


async def test_what_is_on_no_host_is_bound_in_total_alone():
    places = Places(Dial(20), lambda host: Dial(1))
    assert [places.take(None) for _ in range(21)] == [True] * 20 + [False]


async def test_a_place_is_kept_at_the_same_host_and_moves_to_another():
    places = Places(Dial(1), lambda host: Dial(1))
    place = Place(places)
    await place.move("a")
    other = asyncio.create_task(Place(places).move("c"))
    await asyncio.sleep(0)
    await asyncio.wait_for(place.move("a"), 1)  # which the other would get if it were given up
    assert (places.busy, places.at("a")) == (1, 1)
    other.cancel()
    await asyncio.wait([other])
    await place.move("b")
    assert (places.busy, places.at("a"), places.at("b")) == (1, 0, 1)
    place.leave()
    place.leave()
    assert places.busy == 0


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("come"), st.sampled_from("abc")),
        st.tuples(st.just("cancel"), st.integers(0, 30)),
        st.tuples(st.sampled_from("abct"), st.integers(1, 4)),
        st.just(("settle", 0)),
    ),
    max_size=60,
)


@given(STEPS)
def test_whatever_happens_no_place_is_lost_and_nobody_waits_beside_a_free_one(steps):
    async def main():
        kit = Kit(3, 2)
        kit.hosts |= {host: Dial(2) for host in "abc"}
        for what, which in steps:
            await kit.do(what, which)
        await kit.do("settle", 0)
        await kit.do("settle", 0)
        assert kit.places.busy == len(kit.here)
        for host in {task.get_name()[0] for task in kit.tasks if not task.done() and task.get_name() not in kit.here}:
            there = sum(name[0] == host for name in kit.here)
            assert len(kit.here) >= kit.total.value or there >= kit.hosts[host].value
        await kit.end()
        assert kit.places._waiting == {}

    asyncio.run(main())
