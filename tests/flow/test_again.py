"""What failed is worked on once more: when all else is done, when it is awaited, or when nothing else can go on."""

import asyncio

import pytest
import reactivex as rx
from hypothesis import given
from hypothesis import strategies as st
from reactivex import operators as ops

from rxsync.errors import DroppedError
from rxsync.flow import Gauge, Lanes, aside, buffer, flat_map_with_max_concurrent, from_async, from_iterable, run, stage
from rxsync.testing import marbles

from .conftest import Item

BAD = ValueError("bad")


def yes(item, error):
    return True


def twice(m, first, later="-(x,|)"):
    """Work that fails at first for those that ``first`` names, and is well at any other time; and its calls."""
    calls = []

    def work(item):
        calls.append((m.now, item))
        if sum(other == item for _, other in calls) == 1 and item in first:
            return m.cold(first[item], error=BAD)
        return m.cold(later, x=str(item).upper())

    return work, calls


def again(work, most=9, **more):
    return flat_map_with_max_concurrent(work, most, again=more.pop("again", yes), **more)


def test_what_fails_at_first_comes_when_all_else_is_done():
    with marbles() as m:
        work, calls = twice(m, {"a": "-#"})
        m.expect(m.hot("-a-b--|").pipe(again(work)), "----B--(A,|)")
    assert calls == [(1, "a"), (3, "b"), (6, "a")]


def test_the_second_pass_waits_for_work_that_goes_on_though_the_source_has_ended():
    with marbles() as m:
        work, calls = twice(m, {"a": "-#"}, later="---(x,|)")
        m.expect(m.hot("ab|").pipe(again(work)), "----B--(A,|)")
    assert calls == [(0, "a"), (1, "b"), (4, "a")]


def test_the_second_failure_is_final():
    told = []
    with marbles() as m:
        line = m.hot("ab--|").pipe(
            again(lambda item: rx.throw(BAD) if item == "a" else [item], on_error=lambda *why: told.append(why))
        )
        m.expect(line, "-b--|")
    assert told == [("a", BAD)]
    with marbles() as m:
        work = m.effect("-#", error=BAD)
        m.expect(m.hot("a---|").pipe(again(work)), "-----#", error=ValueError)
    assert [time for time, _ in work.calls] == [0, 4]
    assert m.flow.held == 0


def test_what_is_not_worth_it_fails_at_once():
    asked = []

    def no(item, error):
        asked.append((item, error))
        return False

    with marbles() as m:
        m.expect(m.hot("-a--|").pipe(again(m.effect("-#", error=BAD), again=no)), "--#", error=ValueError)
    assert asked == [("a", BAD)]


def test_what_the_question_raises_fails_the_stream():
    def odd(item, error):
        raise KeyError(item)

    with marbles() as m:
        m.expect(m.hot("-a--|").pipe(again(m.effect("-#", error=BAD), again=odd)), "--#", error=KeyError)


def test_results_of_a_first_pass_that_fails_half_way_are_not_seen():
    with marbles() as m:
        answers = [m.cold("x--#", error=BAD), m.cold("x--y|")]
        line = m.hot("a---|").pipe(again(lambda item: answers.pop(0)))
        m.expect(line, "--------(x,y,|)")


@pytest.mark.parametrize("fails", ["now", "as a generator"])
def test_work_that_fails_in_the_very_call_has_its_second_pass_too(fails):
    calls = []

    def generator():
        yield "half"
        raise BAD

    def work(item):
        calls.append(item)
        if calls.count(item) > 1 or item != "a":
            return [item]
        if fails == "now":
            raise BAD
        return generator()

    with marbles() as m:
        m.expect(m.hot("ab-|").pipe(again(work)), "-b-(a,|)")
    assert calls == ["a", "b", "a"]


def test_who_is_set_aside_counts_as_held_and_leaves_its_slot_to_others():
    with marbles() as m:
        work, calls = twice(m, {"a": "#", "b": "#"})
        m.expect(m.hot("abc-----|").pipe(again(work, 1, name="work")), "---C-----A(B,|)")
        held = []
        m.at(5, lambda: held.extend(m.flow.gauges))
    assert held[-1] == Gauge("work", 2, 0, "input")
    assert m.flow.held == 0
    assert calls == [(0, "a"), (1, "b"), (2, "c"), (8, "a"), (9, "b")]


@pytest.mark.parametrize("end", ["--!", "--#"])
def test_who_is_set_aside_is_forgotten_with_the_line(end):
    item = Item("a")
    with marbles() as m:
        source = m.hot("a-#" if "#" in end else "a---", a=item, error=OSError())
        m.expect(source.pipe(again(m.effect("#", error=BAD))), end, error=OSError)
    assert m.flow.held == 0
    assert item.holders == ()


def test_a_window_that_is_full_of_them_does_not_stop_the_line():
    with marbles(window=3) as m:
        work, calls = twice(m, dict.fromkeys("abcde", "#"))
        m.expect(from_iterable("abcde").pipe(again(work, 2, prefetch=0), ops.to_list()), "---(l,|)", l=[*"ABCDE"])
    assert [item for _, item in calls] == ["a", "b", "c", "a", "b", "c", "d", "e", "d", "e"]
    assert m.flow.peak <= 3


def test_lanes_hold_in_the_second_pass_too():
    with marbles() as m:
        work, calls = twice(m, {"a1": "-#", "a2": "-#", "b1": "-#"})
        source = m.hot("(p,q,r)-|", p="a1", q="a2", r="b1")
        m.expect(source.pipe(again(work, lanes=Lanes(lambda item: item[0], 1))), "")
    assert calls == [(0, "a1"), (0, "b1"), (1, "a2"), (8, "a1"), (8, "b1"), (9, "a2")]


def test_the_same_thing_twice_is_two_items():
    with marbles() as m:
        calls = m.effect("-#", "-#", "-(x,|)", error=BAD)
        source = m.hot("(a,b)-|", a="same", b="same")
        m.expect(source.pipe(again(calls, lanes=Lanes(lambda item: 0, 1))), "-------x(x,|)")


def test_no_more_than_so_many_are_set_aside_and_what_fails_again_keeps_its_place(monkeypatch):
    monkeypatch.setattr(aside, "MOST", 2)
    final, calls = [], []

    def work(item):
        calls.append(item)
        if item.startswith("x") or calls.count(item) == 1:
            raise BAD
        return [item]

    with marbles(window=2) as m:  # so small that who is set aside comes on at once
        items = ["a", "b", "x1", "c", "x2", "d", "e"]
        line = from_iterable(items).pipe(again(work, 1, prefetch=0, on_error=lambda item, error: final.append(item)))
        m.expect(line.pipe(ops.to_list()), "(l,|)", l=["a", "b", "c"])
    assert final == ["x1", "d", "e", "x2"]
    assert calls.count("x1") == calls.count("x2") == 2
    assert calls.count("d") == calls.count("e") == 1


def test_a_list_is_not_set_aside_nor_what_was_found_in_it():
    told, asked, calls = [], [], []

    def work(items):
        calls.append([*items])
        if "b" in items:
            raise BAD
        return items

    def ask(*why):
        asked.append(why)
        return True

    with marbles() as m:
        halves = again(work, 1, again=ask, on_error=lambda item, error: told.append(item))
        m.expect(m.hot("abc|").pipe(buffer(3, linger=None), halves, ops.to_list()), "---(l,|)", l=["a", "c"])
    calls.clear()
    with marbles() as m:
        m.expect(m.hot("abc|").pipe(buffer(3, linger=None), again(work, 1, again=ask)), "--#", error=ValueError)
    assert calls == [["a", "b", "c"]]
    assert told == ["b"]
    assert asked == []


def test_a_second_pass_cannot_be_ordered():
    with pytest.raises(ValueError, match="ordered"):
        flat_map_with_max_concurrent(lambda item: [item], 2, ordered=True, again=yes)


class Failing:
    """Work over asyncio that fails so often for each item."""

    def __init__(self, **times):
        self.left, self.calls = times, []

    async def __call__(self, item):
        self.calls.append(item.name)
        await asyncio.sleep(0)
        if self.left.get(item.name, 0):
            self.left[item.name] -= 1
            raise BAD
        return [item]


def resolve(item):
    item.resolve(item.name)
    return [item]


@pytest.mark.parametrize("turns", range(12))
async def test_an_item_that_is_awaited_goes_at_once_whether_before_or_after_it_was_set_aside(turns, nothing_left):
    work, told = Failing(a=1), []

    async def source():
        a = Item("a")
        yield a
        for _ in range(turns):
            await asyncio.sleep(0)
        told.append(await a.resolution())
        yield Item("b")

    await run(from_async(source).pipe(again(work), stage(resolve)))
    assert told == ["a"]
    assert work.calls == ["a", "a", "b"]


@pytest.mark.parametrize("turns", range(12))
async def test_it_does_not_wait_for_others_that_are_at_work(turns, nothing_left):
    work, told = Failing(a=1), asyncio.Event()

    async def long(item):
        if item.name == "long":
            await told.wait()
        return await work(item)

    async def source():
        a = Item("a")
        yield Item("long")
        yield a
        for _ in range(turns):
            await asyncio.sleep(0)
        await a.resolution()
        told.set()

    await run(from_async(source).pipe(again(long), stage(resolve)))
    assert work.calls == ["a", "a", "long"]


async def test_an_item_that_is_awaited_and_fails_again_fails_who_waits(nothing_left):
    async def source():
        a = Item("a")
        yield a
        await a.resolution()

    with pytest.raises(ValueError, match="bad"):
        await run(from_async(source).pipe(again(Failing(a=2)), stage(resolve)))


async def test_what_waits_below_for_an_item_that_is_set_aside_has_it_come(nothing_left):
    a, got = Item("a"), []

    async def needs(item):
        if item is not a:
            await a.resolution()
        return [item]

    async def source():
        yield a
        yield Item("b")
        await asyncio.wait_for(b_came.wait(), 60)  # a source that has more to say, once b has come

    b_came = asyncio.Event()
    tap = ops.do_action(lambda item: b_came.set() if item.name == "b" else item.resolve())
    await run(from_async(source).pipe(again(Failing(a=1)), stage(needs, concurrency=9), tap), got.append)
    assert [item.name for item in got] == ["a", "b"]


async def test_a_batch_below_that_waits_for_company_is_no_reason_to_wait(nothing_left):
    """The source awaits what is in a list below, which only leaves when full or awaited."""

    async def source():
        items = [Item(name) for name in "abc"]
        for item in items:
            yield item
        for item in items:
            await item.resolution()

    work, got = Failing(a=1, b=1), []
    below = stage(lambda items: [resolve(item)[0] for item in items], batch=50, linger=None)
    await run(from_async(source).pipe(again(work, 2), below), got.append)
    assert sorted(item.name for item in got) == ["a", "b", "c"]


async def test_an_item_that_comes_and_is_dropped_after_all_is_told_of(nothing_left):
    async def source():
        a = Item("a")
        yield a
        await a.resolution()

    with pytest.raises(DroppedError, match="<a>"):
        await run(from_async(source).pipe(again(Failing(a=1)), ops.filter(lambda _: False)))


@pytest.mark.parametrize("turns", range(8))
async def test_a_run_that_is_cancelled_leaves_nothing_of_either_pass(turns, nothing_left):
    items = [Item(name) for name in "abcdef"]
    work = Failing(**dict.fromkeys("abcdef", 1))
    task = asyncio.ensure_future(run(from_iterable(items).pipe(again(work, 2))))
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert all(item.holders == () for item in items)


@given(
    st.lists(st.integers(0, 3), max_size=30),
    st.integers(1, 5),
    st.integers(0, 4),
    st.integers(1, 8),
    st.integers(1, 3),
    st.booleans(),
)
def test_whatever_fails_once_comes_and_whatever_fails_twice_is_told(fails, slots, prefetch, window, per_lane, slow):
    told, calls = [], []
    items = [(number, times) for number, times in enumerate(fails)]
    with marbles(window=window) as m:

        def work(item):
            calls.append(item)
            well = calls.count(item) > item[1]
            return m.cold(("-" if slow else "") + ("x|" if well else "#"), x=item, error=BAD)

        got = []
        line = from_iterable(items).pipe(
            again(
                work,
                slots,
                prefetch=prefetch,
                lanes=Lanes(lambda item: item[0] % 2, per_lane),
                on_error=lambda item, error: told.append(item),
            ),
            ops.do_action(got.append),
            ops.ignore_elements(),
        )
        m.expect(line.pipe(ops.materialize(), ops.map(lambda end: end.kind), ops.to_list()), "")
    assert sorted(got) == [item for item in items if item[1] < 2]
    assert sorted(told) == [item for item in items if item[1] >= 2]
    assert all(calls.count(item) == min(item[1] + 1, 2) for item in items)
    assert m.flow.held == m.flow.timers == 0
    assert m.flow.peak <= window + slots + prefetch
