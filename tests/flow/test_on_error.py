import asyncio

import pytest
import reactivex as rx
from reactivex import operators as ops

from rxsync.flow import buffer, flat_map_with_max_concurrent, from_iterable, run, stage
from rxsync.testing import marbles

BAD = ValueError("bad")


def skip(told):
    def on_error(item, error):
        told.append((item, error))

    return on_error


def picky(calls, *bad):
    def work(given):
        calls.append(given)
        if any(item in bad for item in (given if isinstance(given, list) else [given])):
            raise BAD
        return [str(given)]

    return work


def test_the_item_at_fault_is_told_and_the_rest_goes_on():
    told = []
    with marbles() as m:
        m.expect(m.hot("-a-b-c-|").pipe(stage(picky([], "b"), on_error=skip(told))), "-a---c-|")
    assert told == [("b", BAD)]


def test_what_the_policy_answers_is_emitted_in_the_place_of_the_item():
    with marbles() as m:
        line = m.hot("-a-b---------|").pipe(stage(picky([], "a"), on_error=lambda item, error: [item.upper(), "!"]))
        m.expect(line.pipe(ops.to_list()), "-------------(l,|)", l=["A", "!", "b"])


def test_what_the_policy_raises_fails_the_stream():
    def strict(item, error):
        raise KeyError(item) from error

    with marbles() as m:
        m.expect(m.hot("-a-b-c-|").pipe(stage(picky([], "b"), on_error=strict)), "-a-#", error=KeyError)
    assert m.flow.held == 0


def test_a_batch_is_halved_until_the_item_at_fault_is_found():
    calls, told = [], []
    with marbles() as m:
        line = m.hot("abcdefgh|").pipe(stage(picky(calls, "f"), batch=8, linger=None, on_error=skip(told)))
        m.expect(line.pipe(ops.to_list()), "--------(l,|)", l=["['a', 'b', 'c', 'd']", "['e']", "['g', 'h']"])
    assert told == [("f", BAD)]
    assert ["".join(call) for call in calls] == ["abcdefgh", "abcd", "efgh", "ef", "e", "f", "gh"]


def test_several_items_at_fault_are_all_found():
    told = []
    with marbles() as m:
        line = m.hot("abcdefg|").pipe(stage(picky([], *"adg"), batch=7, linger=None, on_error=skip(told)))
        m.expect(line.pipe(ops.count()), "-------(n,|)", n=3)
    assert [item for item, _ in told] == ["a", "d", "g"]


def test_a_large_batch_in_which_all_is_at_fault_does_not_recurse():
    told = []
    with marbles() as m:
        line = from_iterable(range(1000)).pipe(
            stage(picky([], *range(1000)), batch=1000, linger=None, on_error=skip(told))
        )
        m.expect(line, "|")
    assert [item for item, _ in told] == list(range(1000))


def test_without_a_policy_no_batch_is_split():
    calls = []
    with marbles() as m:
        m.expect(m.hot("ab|").pipe(stage(picky(calls, "b"), batch=2, linger=None)), "-#", error=ValueError)
    assert calls == [["a", "b"]]


def test_streams_are_split_too_and_no_result_comes_twice():
    """The first half of the stream arrives before it fails: it must not be emitted, the retry repeats it."""
    told = []
    with marbles() as m:
        answers = {"ab": m.cold("a-#", error=BAD), "a": m.cold("a|"), "b": m.cold("-b#", error=BAD)}
        line = m.hot("ab-------|").pipe(
            stage(lambda batch: answers["".join(batch)], batch=2, linger=None, on_error=skip(told))
        )
        m.expect(line, "------a--|")  # b comes at 1, "ab" fails at 3, a is through at 4, b fails at 6
    assert told == [("b", BAD)]


async def test_awaitables_are_split_too(nothing_left):
    told, got = [], []

    async def work(batch):
        await asyncio.sleep(0)
        if 13 in batch:
            raise BAD
        return batch

    line = from_iterable(range(20)).pipe(stage(work, batch=8, concurrency=3, on_error=skip(told)))
    await run(line, got.append)
    assert sorted(got) == [n for n in range(20) if n != 13]
    assert told == [(13, BAD)]


def test_a_generator_that_fails_half_way_gives_nothing_twice():
    def work(batch):
        for item in batch:
            if item == "c":
                raise BAD
            yield item

    told = []
    with marbles() as m:
        line = m.hot("abcd|").pipe(stage(work, batch=4, linger=None, on_error=skip(told)))
        m.expect(line.pipe(ops.to_list()), "----(l,|)", l=["a", "b", "d"])
    assert told == [("c", BAD)]


def test_a_list_that_buffer_did_not_make_is_one_item():
    told = []

    def work(item):
        raise BAD

    with marbles() as m:
        line = m.hot("-x-|", x=["a", "b"]).pipe(flat_map_with_max_concurrent(work, 1, on_error=skip(told)))
        m.expect(line, "---|")
    assert told == [(["a", "b"], BAD)]


def test_buffer_and_concurrent_work_split_as_a_stage_does():
    told = []
    with marbles() as m:
        line = m.hot("abc|").pipe(
            buffer(3, linger=None),
            ops.do_action(lambda batch: batch),
            flat_map_with_max_concurrent(picky([], "b"), 1, on_error=skip(told)),
        )
        m.expect(line.pipe(ops.count()), "---(n,|)", n=2)
    assert told == [("b", BAD)]


@pytest.mark.parametrize("ordered", [False, True])
def test_spared_work_holds_its_place_and_its_bound(ordered):
    """One slot: the halves are tried one after the other, in the place of the batch."""
    at_once = []

    def work(batch):
        at_once.append(len(batch))
        fails = rx.throw(BAD) if "b" in batch and len(batch) > 1 else rx.from_iterable(batch)
        return rx.timer(1).pipe(ops.flat_map(lambda _: fails))

    with marbles() as m:
        line = m.hot("abcd--------|").pipe(
            stage(work, batch=4, linger=None, ordered=ordered, on_error=lambda item, error: [])
        )
        m.expect(line.pipe(ops.to_list()), "------------(l,|)", l=["a", "b", "c", "d"])
    assert at_once == [4, 2, 1, 1, 2]
    assert m.flow.held == 0


async def test_a_policy_does_not_hide_work_that_was_cancelled_from_outside(nothing_left):
    async def work(_):
        asyncio.current_task().cancel()
        await asyncio.sleep(0)

    with pytest.raises(Exception, match="cancelled from outside"):
        await run(from_iterable([1]).pipe(stage(work, on_error=lambda item, error: None)))
