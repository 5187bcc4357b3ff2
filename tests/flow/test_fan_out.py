import asyncio

import pytest
import reactivex as rx
from reactivex import operators as ops

from rxsync.flow import fan_out, from_iterable, run, stage
from rxsync.testing import marbles


def test_every_branch_sees_every_item_and_the_outputs_are_merged():
    with marbles() as m:
        line = m.hot("-a----b----|").pipe(fan_out(ops.map(str.upper), ops.map(str.lower)))
        m.expect(line, "-(A,a)(B,b)|")


def test_the_slowest_branch_sets_the_pace():
    drawn = []
    with marbles() as m:
        slow, fast = m.effect("---k|"), m.effect("k|")
        line = from_iterable(map(lambda x: drawn.append(x) or x, range(6))).pipe(  # noqa: C417 - drawn lazily
            fan_out(stage(slow, prefetch=0), stage(fast, prefetch=0)),
            ops.do_action(lambda _: ahead.append(len(drawn) - len(slow.calls))),
        )
        ahead = []
        m.expect(line.pipe(ops.count()), "-" * 24 + "(n,|)", n=12)
    assert max(ahead) <= 1
    assert [time for time, _ in slow.calls] == [0, 4, 8, 12, 16, 20]


async def test_every_branch_sees_the_items_in_the_same_order_however_many_emit_them(nothing_left):
    seen = [], []

    def same(item):
        return (item,)

    async def slow(item):
        await asyncio.sleep(0)
        return (item,)

    def emits(name, prefetch):
        return rx_compose(ops.map(lambda x: (name, x)), stage(same, prefetch=prefetch))

    def branch(order, work):
        return rx_compose(ops.do_action(order.append), stage(work, prefetch=0))

    line = from_iterable(range(3)).pipe(
        fan_out(emits("a", 2), emits("b", 1)), fan_out(branch(seen[0], same), branch(seen[1], slow))
    )
    await run(line, window=5)
    assert len(seen[0]) == 6
    assert seen[0] == seen[1]


def test_a_branch_that_has_seen_enough_holds_nobody_up():
    with marbles() as m:
        slow = m.effect("----s|")
        line = from_iterable("abcdefgh").pipe(
            fan_out(rx_compose(stage(slow, prefetch=0), ops.take(1)), stage(lambda x: [x], prefetch=0))
        )
        m.expect(line.pipe(ops.to_list()), "----(l,|)", l=["a", "s", *"bcdefgh"])
    assert len(slow.calls) == 1


def test_a_branch_that_has_failed_and_lives_with_it_holds_nobody_up():
    with marbles() as m:
        fails = m.cold("----#")
        line = from_iterable("abc").pipe(
            fan_out(
                rx_compose(stage(lambda _: fails, prefetch=0), ops.catch(rx.just("sorry"))),
                stage(lambda x: [x], prefetch=0),
            )
        )
        m.expect(line.pipe(ops.to_list()), "----(l,|)", l=["a", "b", "c", "sorry"])


def test_when_no_branch_wants_more_the_stream_ends():
    drawn = []
    with marbles() as m:
        line = from_iterable(iter(lambda: drawn.append(1), 0)).pipe(fan_out(ops.take(2), ops.take(3)))
        m.expect(line.pipe(ops.count()), "(n,|)", n=5)
    assert len(drawn) == 3


@pytest.mark.parametrize("at_fault", ["source", "branch"])
def test_the_first_error_ends_all_branches(at_fault):
    with marbles() as m:
        work = m.cold("--------k|")
        source = m.hot("-a--#") if at_fault == "source" else m.hot("-a--b--|")
        fails = stage(lambda x: 1 / 0 if x == "b" else [])
        m.expect(source.pipe(fan_out(stage(lambda _: work), fails)), "----#")
    assert {s.unsubscribe for s in work.subscriptions} == {4}
    assert m.flow.held == 0


def test_a_branch_may_listen_twice():
    with marbles() as m:

        def both(source):
            return source.pipe(ops.map(str.upper), ops.merge(source))

        m.expect(m.hot("-a----|").pipe(fan_out(both)), "-(A,a)|")


def test_fan_outs_may_be_nested():
    with marbles() as m:
        slow = m.effect("---k|")
        line = from_iterable("ab").pipe(fan_out(fan_out(stage(slow), ops.map(str)), ops.map(str)))
        m.expect(line.pipe(ops.count()), "--------(n,|)", n=6)


def test_no_branch_at_all_is_refused():
    with pytest.raises(ValueError, match="branches"):
        fan_out()


def rx_compose(*operators):
    return lambda source: source.pipe(*operators)
