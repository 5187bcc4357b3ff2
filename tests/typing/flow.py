"""Streams keep the type of their items. Checked by mypy, never run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator
from typing import assert_type

import reactivex as rx
from reactivex import Observable
from reactivex import operators as ops

from rxsync.flow import (
    Flow,
    Lanes,
    buffer,
    expand,
    fan_out,
    flat_map_with_max_concurrent,
    from_async,
    from_hot,
    from_iterable,
    run,
    stage,
    then,
)


async def fetch(number: int) -> list[str]:
    return [str(number)]


async def fetch_nothing(number: int) -> None: ...


async def fetch_all(numbers: list[int]) -> list[str]:
    return [str(number) for number in numbers]


def watch(number: int) -> Observable[str]:
    return rx.just(str(number))


def spell(number: int) -> tuple[str, ...]:
    return (str(number),)


def spell_lazily(number: int) -> Iterator[str]:
    yield str(number)


def spell_some(number: int) -> list[str] | None:
    return [str(number)] if number else None


async def count() -> AsyncIterator[int]:
    yield 1


numbers = from_iterable([1, 2])

assert_type(numbers, Observable[int])
assert_type(from_async(count), Observable[int])
assert_type(from_hot(numbers, overflow="buffer"), Observable[int])
from_hot(numbers, overflow="drop")  # type: ignore[arg-type]  # must be refused
from_async(numbers)  # type: ignore[arg-type]  # must be refused
from_iterable(1)  # type: ignore[arg-type]  # must be refused

# -- work, whatever it answers with

assert_type(numbers.pipe(stage(fetch)), Observable[str])
assert_type(numbers.pipe(stage(watch)), Observable[str])
assert_type(numbers.pipe(stage(spell)), Observable[str])
assert_type(numbers.pipe(stage(spell_lazily)), Observable[str])
assert_type(numbers.pipe(stage(spell_some)), Observable[str])
assert_type(numbers.pipe(stage(fetch_all, batch=5)), Observable[str])
assert_type(numbers.pipe(flat_map_with_max_concurrent(fetch, 5, ordered=True)), Observable[str])
assert_type(numbers.pipe(flat_map_with_max_concurrent(fetch, 5, lanes=Lanes(lambda n: n % 2, 3))), Observable[str])
assert_type(numbers.pipe(expand(spell_lazily)), Observable[str])
assert_type(numbers.pipe(buffer(3)), Observable[list[int]])
assert_type(numbers.pipe(buffer(3), stage(fetch_all)), Observable[str])
assert_type(numbers.pipe(stage(fetch), buffer(3)), Observable[list[str]])
assert_type(numbers.pipe(fan_out(stage(fetch), ops.map(str))), Observable[str])

stage(fetch_all)(numbers)  # type: ignore[arg-type]  # must be refused
stage(fetch, batch=5)  # type: ignore[arg-type]  # must be refused
stage(str)(from_iterable([b""])).pipe(stage(fetch))  # type: ignore[arg-type]  # must be refused
numbers.pipe(stage(spell), stage(fetch))  # type: ignore[misc]  # must be refused
flat_map_with_max_concurrent(fetch)  # type: ignore[call-arg]  # must be refused


def not_any_number(number: int) -> int:
    return number


stage(not_any_number)  # type: ignore[arg-type]  # must be refused

# -- going on with an answer


def measure(text: str) -> list[int]:
    return [len(text)]


async def answer() -> str:
    return ""


assert_type(then(rx.just(""), measure), Observable[int])
assert_type(then(answer(), measure), Awaitable[Iterable[int] | None])

# -- the end of the line


async def end() -> None:
    def store(text: str) -> None: ...

    flow = await run(numbers.pipe(stage(fetch)), store)
    assert_type(flow, Flow)
    assert_type(flow.peak, int)
    await run(numbers, store)  # type: ignore[arg-type]  # must be refused


# -- a line of any length: reactivex types seven operators in a pipe, and a second pipe goes on from there

long = numbers.pipe(
    stage(fetch), ops.map(len), stage(fetch), ops.map(len), buffer(2), stage(fetch_all), ops.take(9)
).pipe(ops.map(len), stage(fetch), stage(lambda text: [text, text]), ops.map(str.upper))
assert_type(long, Observable[str])
