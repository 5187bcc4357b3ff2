"""What leads to more is followed, deep before wide, and closed when nobody wants more."""

import asyncio

import pytest

from rxsync.operators import closure, prioritize
from tests.operators.conftest import unit
from tests.pipeline.author import Learner, Part


def part(name):
    return unit(name, content=Part(name=name))


def names(units):
    return [unit.content.name for unit in units]


async def drawn(units):
    return names([unit async for unit in units])


def leading(leads, asked):
    def further(unit):
        asked.append(unit.content.name)
        return [part(name) for name in leads.get(unit.content.name, "")]

    return further


async def test_deep_goes_before_wide_and_each_unit_once():
    asked = []
    further = leading({"a": "bc", "b": "de", "c": "ab"}, asked)
    assert sorted(await drawn(closure([part("a")], further, max_concurrent=1))) == [*"abcde"]
    assert asked == [*"acbed"]


async def test_roots_are_drawn_while_as_many_as_may_be_are_followed():
    followed = asyncio.Event()

    async def roots():
        yield part("a")
        await followed.wait()
        yield part("b")

    async def further(unit):
        followed.set()
        return ()

    assert await asyncio.wait_for(drawn(closure(roots(), further, max_concurrent=1)), 5) == ["a", "b"]


async def test_roots_are_drawn_only_while_few_wait_to_be_followed():
    came, go = [], asyncio.Event()

    def roots():
        for number in range(100):
            came.append(number)
            yield part(f"{number}")

    async def further(unit):
        await go.wait()
        return ()

    units = closure(roots(), further, max_concurrent=2)
    got = [await anext(units) for _ in range(4)]
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(came) <= 4 + 2 + 2  # those that came out, those in the queue, those in hand
    go.set()
    assert len(got) + len(await drawn(units)) == 100


async def test_units_whose_key_is_yet_to_be_learnt_are_like_no_others():
    twins = [unit("a", content=Learner(name="a")) for _ in range(2)]
    assert await drawn(closure(twins, lambda unit: ())) == ["a", "a"]


@pytest.mark.parametrize("end", ["failed", "left"])
async def test_generators_have_cleaned_up_when_the_search_is_over(end):
    closed = []

    async def many(name):
        try:
            for number in range(100):
                yield part(f"{name}{number}")
        finally:
            await asyncio.sleep(0)
            closed.append(name)

    def further(unit):
        if end == "failed" and unit.content.name == "a9":
            raise KeyError("mine")
        return many("b") if unit.content.name == "a0" else ()

    units = closure(many("a"), further, max_concurrent=2)
    if end == "failed":
        with pytest.raises(KeyError, match="mine"):
            await drawn(units)
    else:
        for _ in range(5):
            await anext(units)
        await units.aclose()
    assert sorted(closed) == ["a", "b"]


async def given(*units):
    for each in units:
        yield each


class Given:
    """An async iterable that is no generator, and has nothing to close."""

    def __init__(self, *units):
        self.units = units

    async def __aiter__(self):
        for each in self.units:
            yield each


class Drawn:
    def __init__(self, *units):
        self.units = iter(units)

    def __aiter__(self):
        return self

    async def __anext__(self):
        for each in self.units:
            return each
        raise StopAsyncIteration


@pytest.mark.parametrize("kind", [Given, Drawn])
async def test_a_source_need_not_be_a_generator(kind):
    assert await drawn(prioritize(kind(part("a")), kind(part("a"), part("b")))) == ["a", "b"]
    assert await drawn(closure(kind(part("a"), part("a"), part("b")), lambda unit: kind())) == ["a", "b"]


async def test_the_first_word_counts_where_keys_are_known_and_where_only_paths_are():
    first = given(unit("x", content=Learner(name="x")), part("b"))
    second = given(unit("x", content=Learner(name="y")), unit("z", content=Learner(name="x")), part("b"), part("c"))
    assert await drawn(prioritize(first, second)) == ["x", "b", "x", "c"]
