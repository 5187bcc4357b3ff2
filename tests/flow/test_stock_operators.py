"""One test a row of docs/operators.md: what the page says of an operator is measured here."""

import re
import weakref
from pathlib import Path

import pytest
import reactivex as rx
from reactivex import operators as ops
from reactivex.scheduler import CurrentThreadScheduler, NewThreadScheduler, TimeoutScheduler

from rxsync.errors import FlowError
from rxsync.flow import from_iterable, run, stage
from rxsync.flow.source import CHUNK
from rxsync.testing import marbles

PAGE = Path(__file__).parents[2] / "docs" / "operators.md"
ROWS = dict(re.findall(r"^\| `(.+?)` \| (\w+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
ITEMS = 10_000
SECONDS = 10


class Item:
    __slots__ = ("__weakref__", "n")

    def __init__(self, n):
        self.n = n


class Source:
    """Knows how many items were drawn, and how many of them are alive."""

    def __init__(self):
        self.drawn, self.alive = 0, weakref.WeakSet()

    def __iter__(self):
        while self.drawn < ITEMS:
            self.drawn += 1
            item = Item(self.drawn)
            self.alive.add(item)
            yield item


def same(item):
    return item


def yes(_):
    return True


def other():
    return from_iterable(range(ITEMS))


def inner(item):
    return from_iterable([item] * 3)


def work(item):
    return rx.timer(3).pipe(ops.map(lambda _: item))


def partition(source):
    return rx.merge(*source.pipe(ops.partition(lambda item: item.n % 2)))


def share_two(source):
    shared = source.pipe(ops.share())
    return rx.merge(shared.pipe(ops.ignore_elements()), shared.pipe(stage(work, prefetch=0)))


OPERATORS = {
    "map": ops.map(same),
    "starmap": rx.compose(ops.map(lambda item: (item,)), ops.starmap(same)),
    "filter": ops.filter(lambda item: item.n % 2),
    "filter (nothing passes)": ops.filter(lambda _: False),
    "scan": ops.scan(lambda _, item: item, 0),
    "do_action": ops.do_action(same),
    "take": ops.take(500),
    "take_while": ops.take_while(yes),
    "take_until": ops.take_until(rx.never()),
    "skip": ops.skip(5),
    "skip_until": ops.skip_until(rx.timer(5)),
    "distinct": ops.distinct(lambda item: item.n),
    "distinct_until_changed": ops.distinct_until_changed(),
    "pairwise": ops.pairwise(),
    "start_with": ops.start_with(0),
    "default_if_empty": ops.default_if_empty(0),
    "timestamp": ops.timestamp(),
    "time_interval": ops.time_interval(),
    "timeout": ops.timeout(50),
    "throttle_first": ops.throttle_first(1),
    "debounce": ops.debounce(1),
    "sample": ops.sample(1),
    "materialize": rx.compose(ops.materialize(), ops.dematerialize()),
    "catch": ops.catch(rx.empty()),
    "retry": ops.retry(2),
    "repeat": ops.repeat(2),
    "finally_action": ops.finally_action(lambda: None),
    "reduce": ops.reduce(lambda _, item: item, 0),
    "count": ops.count(),
    "last": ops.last(),
    "some": ops.some(lambda _: False),
    "ignore_elements": ops.ignore_elements(),
    "to_list": ops.to_list(),
    "take_last": ops.take_last(500),
    "skip_last": ops.skip_last(500),
    "buffer_with_count": ops.buffer_with_count(500),
    "buffer_with_time": ops.buffer_with_time(SECONDS * 2),
    "buffer_with_time_or_count": ops.buffer_with_time_or_count(5, 500),
    "window_with_count": rx.compose(ops.window_with_count(500), ops.flat_map(same)),
    "window_with_time": rx.compose(ops.window_with_time(5), ops.flat_map(same)),
    "group_by": rx.compose(ops.group_by(lambda item: item.n % 3), ops.flat_map(same)),
    "partition": partition,
    "delay": ops.delay(3),
    "delay_with_mapper": ops.delay_with_mapper(lambda _: rx.timer(3)),
    "delay_subscription": ops.delay_subscription(3),
    "flat_map (of iterables)": ops.flat_map(inner),
    "flat_map (of work)": ops.flat_map(work),
    "merge(max_concurrent)": rx.compose(ops.map(work), ops.merge(max_concurrent=4)),
    "concat_map": ops.concat_map(inner),
    "switch_latest": rx.compose(ops.map(work), ops.switch_latest()),
    "merge": ops.merge(other()),
    "concat": ops.concat(other()),
    "amb": ops.amb(rx.never()),
    "combine_latest": ops.combine_latest(other()),
    "with_latest_from": ops.with_latest_from(other()),
    "zip": ops.zip(rx.interval(3)),
    "zip_with_iterable": ops.zip_with_iterable(range(ITEMS)),
    "share": ops.share(),
    "share (two consumers)": share_two,
    "replay": rx.compose(ops.replay(buffer_size=50), ops.ref_count()),
    "observe_on": ops.observe_on(CurrentThreadScheduler.singleton()),
}
REFUSED = {
    "subscribe_on": ops.subscribe_on(CurrentThreadScheduler.singleton()),
    "subscribe_on (a thread)": ops.subscribe_on(NewThreadScheduler()),
    "observe_on (a thread)": ops.observe_on(NewThreadScheduler()),
    "delay (a thread)": ops.delay(0.001, scheduler=TimeoutScheduler.singleton()),
}


def test_every_row_has_a_test_and_every_test_a_row():
    assert {row for row, kind in ROWS.items() if kind != "refused"} == set(OPERATORS)
    assert {row for row, kind in ROWS.items() if kind == "refused"} == set(REFUSED)


@pytest.mark.parametrize("row", OPERATORS)
def test_the_page_says_what_the_operator_holds(row):
    source, seen = Source(), []
    with marbles() as m:
        one_a_second = stage(m.effect("-|"), prefetch=0)
        line = from_iterable(source).pipe(OPERATORS[row], one_a_second)
        m.cold("-" * SECONDS + "k").subscribe(lambda _: seen.append((source.drawn, len(source.alive))))
        m.expect(line.pipe(ops.take_until(rx.timer(SECONDS + 1))), "")
    drawn, alive = seen[0]
    assert kind_of(drawn, alive) == ROWS[row], (drawn, alive)


def kind_of(drawn, alive):
    if alive > CHUNK:
        return "buffering"
    return "bounded" if drawn <= CHUNK + SECONDS else "draining"


@pytest.mark.parametrize("row", REFUSED)
async def test_what_cannot_work_is_refused_with_an_error_that_says_why(row, nothing_left):
    async def never(_):
        raise AssertionError("nothing may come through")

    with pytest.raises(FlowError, match=r"another thread|was subscribed on a"):
        await run(from_iterable(range(50)).pipe(REFUSED[row], stage(never)))
