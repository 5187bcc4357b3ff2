"""An iterator that blocks has a thread of its own, is paused by the line, and is closed where it was opened."""

import asyncio
import itertools
import threading

import pytest
from reactivex import operators as ops

from rxsync.errors import FlowError
from rxsync.flow import from_blocking, run, stage
from rxsync.flow.from_blocking import MOST
from rxsync.testing import marbles

from .conftest import slow, soon


def threads():
    """Those of blocking iterators; a store's of another test may still be about."""
    others = ("rxsync-storage", "rxsync-catalog")
    names = {thread.name for thread in threading.enumerate()}
    return {name for name in names if name.startswith("rxsync-") and not name.startswith(others)}


async def test_a_blocking_iterator_is_drawn_in_one_thread_of_its_own_and_only_as_the_line_wants(nothing_left):
    drawn, idents, ahead = 0, set(), []

    def iterator():
        nonlocal drawn
        for number in range(2000):
            drawn += 1
            idents.add(threading.get_ident())
            yield number
        idents.add(threading.get_ident())

    got = []

    def count(item):
        got.append(item)
        ahead.append(drawn - len(got))

    await run(from_blocking(iterator).pipe(stage(slow, prefetch=4, ordered=True)), count)
    assert got == list(range(2000))
    assert max(ahead) <= MOST + 4 + 1 + 1
    assert len(idents) == 1
    assert threading.get_ident() not in idents
    assert threads() == set()


async def test_what_a_blocking_iterator_has_given_is_not_kept_back_while_it_blocks(nothing_left):
    got, come = [], threading.Event()

    def iterator():
        yield "first"
        threading.Event().wait(0.02)  # more than a trip's patience
        yield "second"
        assert come.wait(10)
        yield "third"

    def note(item):
        got.append(item)
        if item == "second":
            come.set()

    await run(from_blocking(iterator), note)
    assert got == ["first", "second", "third"]


def closing(closed, count=None):
    """An iterator that notes whether it is closed in its own thread."""

    def iterator():
        me = threading.get_ident()
        try:
            yield from itertools.count() if count is None else range(count)
        finally:
            threading.Event().wait(0.01)
            closed.append(threading.get_ident() == me)

    return iterator


def fails(number):
    if number == 100:
        raise KeyError
    return number


@pytest.mark.parametrize(
    ("count", "below", "error"),
    [(100, [], None), (None, [ops.take(100)], None), (None, [ops.map(fails)], KeyError)],
    ids=["exhausted", "left", "failed"],
)
async def test_a_blocking_iterator_is_closed_in_its_thread_and_waited_for(count, below, error, nothing_left):
    closed, got = [], []
    running = asyncio.create_task(run(from_blocking(closing(closed, count)).pipe(*below, stage(slow)), got.append))
    await asyncio.wait([running])
    assert isinstance(running.exception(), error or type(None))
    assert error or len(got) == 100
    assert closed == [True]
    assert threads() == set()


async def test_a_cancelled_run_closes_the_blocking_iterator_also_if_it_is_cancelled_twice(nothing_left):
    closed, got = [], []
    running = asyncio.create_task(run(from_blocking(closing(closed)).pipe(stage(slow)), got.append))
    await soon(lambda: len(got) > 10)
    running.cancel()
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert closed == [True]
    assert threads() == set()


async def test_items_that_came_before_an_error_of_the_iterator_go_down_first(nothing_left):
    def fails():
        yield from "abc"
        raise KeyError

    got = []
    with pytest.raises(KeyError):
        await run(from_blocking(fails), got.append)
    assert got == ["a", "b", "c"]


async def test_a_run_that_is_cancelled_while_the_iterator_blocks_waits_for_it(nothing_left):
    blocks, go, closed = threading.Event(), threading.Event(), []

    def iterator():
        try:
            blocks.set()
            assert go.wait(10)
            yield 1
        finally:
            closed.append(True)

    running = asyncio.create_task(run(from_blocking(iterator)))
    await soon(blocks.is_set)
    running.cancel()
    for _ in range(20):
        await asyncio.sleep(0)
    assert not running.done()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert closed == [True]


async def test_what_gives_the_iterator_runs_in_the_thread_and_may_fail_and_what_it_gives_is_closed(
    tmp_path, nothing_left
):
    path = tmp_path / "lines"
    path.write_text("a\nb\n")
    opened, got = [], []

    def lines():
        opened.append(path.open())
        return opened[0]

    await run(from_blocking(lines), got.append)
    assert got == ["a\n", "b\n"]
    assert opened[0].closed
    for error in (OSError, StopIteration):

        def cannot(error=error):
            raise error

        with pytest.raises(RuntimeError if error is StopIteration else error):
            await run(from_blocking(cannot))
    assert threads() == set()


def test_a_blocking_iterator_needs_an_event_loop():
    with marbles() as m:
        m.expect(from_blocking(list), "#", error=FlowError)


async def test_it_is_called_by_the_name_of_what_gives_the_iterator(nothing_left):
    def parse():
        yield 1

    assert [gauge.name for gauge in (await run(from_blocking(parse))).gauges] == ["parse"]
