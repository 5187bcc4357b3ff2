"""Pieces that random lines are made of: each says what it builds, and what a plain list of items becomes of it."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from itertools import accumulate, groupby, pairwise
from typing import ClassVar

import reactivex as rx
from hypothesis import strategies as st
from reactivex import operators as ops

from rxsync.flow import (
    Lanes,
    aside,
    buffer,
    expand,
    fan_out,
    flat_map_with_max_concurrent,
    from_async,
    from_iterable,
    stage,
)

ENDLESS = 10**9
MOST = 600  # items at any place of a line


class Boom(Exception):
    """The fault that a test puts into a line."""


@dataclass
class World:
    """What happens while a line runs, and the fault that is put into it.

    Attributes:
        fault: called at every event with its place and its number there; may raise, or cancel the run.
    """

    fault: object = None
    events: Counter = field(default_factory=Counter)
    opened: int = 0
    closed: int = 0
    at_work: Counter = field(default_factory=Counter)
    most_at_work: Counter = field(default_factory=Counter)
    held: Counter = field(default_factory=Counter)
    most_held: Counter = field(default_factory=Counter)

    def event(self, place):
        self.events[place] += 1
        if self.fault is not None:
            self.fault(place, self.events[place])

    def enter(self, what):
        self.at_work[what] += 1
        self.most_at_work[what] = max(self.most_at_work[what], self.at_work[what])

    def leave(self, what):
        self.at_work[what] -= 1

    def hold(self, what, items):
        for of in (what, "all"):
            self.held[of] += items
            self.most_held[of] = max(self.most_held[of], self.held[of])


@dataclass(frozen=True)
class Source:
    kind: str
    count: int

    def build(self, world):
        return from_async(lambda: self._walk(world)) if self.kind == "async" else from_iterable(_Again(self, world))

    def items(self):
        return list(range(self.count))

    async def _walk(self, world):
        world.opened += 1
        try:
            for i in range(self.count):
                world.event("source")
                if i % 3 == 0:
                    await asyncio.sleep(i % 2 / 100)
                yield i
        finally:
            world.closed += 1
            await asyncio.sleep(0)  # its clean-up may await
            world.event("clean-up")


@dataclass
class _Again:
    """Can be iterated again and again: a line may be subscribed to more than once."""

    source: Source
    world: World

    def __iter__(self):
        self.world.opened += 1
        try:
            for i in range(self.source.count):
                self.world.event("source")
                yield i
        finally:
            self.world.closed += 1
            self.world.event("clean-up")


class Piece:
    """A part of a line.

    Attributes:
        keeps_order: what comes in order leaves in order.
        wants_order: what comes out depends on the order of what comes in.
        pushes: items that it emits whether the gate below is open or not.
        grows: it may give out more items than it took, whatever the window says.
        swallows: it may keep an error from failing the run.
        leaves: it may leave its source before the end.
    """

    keeps_order = True
    wants_order = grows = swallows = leaves = False
    pushes = 0

    def operator(self, world):
        raise NotImplementedError

    def model(self, items):
        return items

    def bounds(self):
        """Most items that each of its stages holds; ``ENDLESS`` where only the window of the run knows."""
        return ()


@dataclass(frozen=True)
class Stock(Piece):
    """A plain reactivex operator."""

    name: str
    table: ClassVar = {
        # name: (operator, model, traits)
        "map": (ops.map(lambda x: x * 2 + 1), lambda xs: [x * 2 + 1 for x in xs], ""),
        "filter": (ops.filter(lambda x: x % 3), lambda xs: [x for x in xs if x % 3], ""),
        "take": (ops.take(9), lambda xs: xs[:9], "wants_order leaves"),
        "take_while": (ops.take_while(lambda x: x < 30), lambda xs: until(lambda x: x >= 30, xs), "wants_order leaves"),
        "skip": (ops.skip(3), lambda xs: xs[3:], "wants_order"),
        "scan": (ops.scan(lambda a, x: a + x, 0), lambda xs: list(accumulate(xs)), "wants_order"),
        "pairwise": (
            rx.compose(ops.pairwise(), ops.map(sum)),
            lambda xs: [a + b for a, b in pairwise(xs)],
            "wants_order",
        ),
        "distinct_until_changed": (
            ops.distinct_until_changed(lambda x: x // 3),
            lambda xs: [next(group) for _, group in groupby(xs, lambda x: x // 3)],
            "wants_order",
        ),
        "start_with": (ops.start_with(5, 7), lambda xs: [5, 7, *xs], "grows pushes"),
        "default_if_empty": (ops.default_if_empty(4), lambda xs: xs or [4], ""),
        "materialize": (rx.compose(ops.materialize(), ops.dematerialize()), list, ""),
        "count": (ops.count(), lambda xs: [len(xs)], ""),
        "repeat": (ops.repeat(2), lambda xs: xs * 2, ""),
        "catch": (ops.catch(rx.empty()), list, "swallows"),
        "retry": (ops.retry(2), list, "swallows"),
        "concat": (ops.concat(from_iterable(range(9))), lambda xs: [*xs, *range(9)], ""),
        "merge": (ops.merge(from_iterable(range(9))), lambda xs: [*xs, *range(9)], "disorders"),
        "flat_map": (
            ops.flat_map(lambda x: from_iterable([x, x + 1])),
            lambda xs: [y for x in xs for y in (x, x + 1)],
            "disorders grows",
        ),
    }

    def __post_init__(self):
        _, _, traits = self.table[self.name]
        for trait in traits.split():
            value = {"disorders": False, "pushes": 2}.get(trait, True)
            object.__setattr__(self, "keeps_order" if trait == "disorders" else trait, value)

    def operator(self, world):
        before = ops.do_action(lambda _: world.event("operator"))
        after = ops.finally_action(lambda: world.event("clean-up"))
        return rx.compose(before, self.table[self.name][0], after)

    def model(self, items):
        return self.table[self.name][1](items)


def until(condition, items):
    return items[: next((at for at, x in enumerate(items) if condition(x)), len(items))]


SHAPES = {"same": lambda x: [x], "drop": lambda x: [x] if x % 3 else [], "twice": lambda x: [x, x + 1]}
ANSWERS = ["list", "generator", "task", "sleep", "stream", "timer"]


@dataclass(frozen=True)
class Work(Piece):
    """A stage. Its results know which of them is the last of its item, so that it can be told what is held."""

    batch: int | None
    concurrency: int
    prefetch: int
    linger: float | None
    ordered: bool
    answer: str
    shape: str
    spared: bool

    @property
    def keeps_order(self):
        return self.ordered or self.concurrency == 1

    @property
    def grows(self):
        return self.shape == "twice"

    @property
    def swallows(self):  # what fails in company is tried again alone
        return self.spared and self.batch is not None

    def bounds(self):
        if self.shape == "twice" and self.answer in ("stream", "timer"):
            return (ENDLESS,)  # a stream cannot be paused by the stage it works for
        return (self.prefetch + self.concurrency * (self.batch or 1),)

    def results(self, item):
        return [-item] if self.spared and item % 5 == 2 else SHAPES[self.shape](item)

    def model(self, items):
        return [result for item in items for result in self.results(item)]

    def operator(self, world):
        calls = _Calls(self, world)
        line = stage(
            calls,
            batch=self.batch,
            concurrency=self.concurrency,
            prefetch=self.prefetch,
            linger=self.linger,
            ordered=self.ordered,
            on_error=calls.spare if self.spared else None,
        )
        return rx.compose(
            ops.do_action(lambda _: world.hold(id(self), 1)),
            line,
            ops.do_action(lambda result: world.hold(id(self), -result[1])),
            ops.filter(lambda result: not result[2]),
            ops.map(lambda result: result[0]),
        )


class _Calls:
    """The function of a stage. A result is (value, items that leave with it, whether it is only their leaving)."""

    def __init__(self, piece, world):
        self.piece, self.world, self.calls = piece, world, 0

    def __call__(self, given):
        items = given if isinstance(given, list) else [given]
        self.calls += 1
        self.world.event("work")
        if self.piece.spared and any(item % 5 == 2 for item in items):
            raise ZeroDivisionError
        return getattr(self, self.piece.answer)([result for item in items for result in self.marked(item)])

    def spare(self, item, error):
        if not isinstance(error, ZeroDivisionError):
            raise error
        return self.marked(item)

    def marked(self, item):
        *first, last = self.piece.results(item) or [None]
        return [*((value, 0, False) for value in first), (last, 1, last is None)]

    def list(self, results):
        return results

    def generator(self, results):
        yield from results

    async def task(self, results):
        return await self.later(results, 0)

    async def sleep(self, results):
        return await self.later(results, 0.01)

    async def later(self, results, seconds):
        self.world.enter(id(self.piece))
        try:
            for _ in range(self.calls % 4):
                await asyncio.sleep(seconds)
            self.world.event("work")
            return results
        except asyncio.CancelledError:
            await asyncio.sleep(0)  # its clean-up may await
            raise
        finally:
            self.world.leave(id(self.piece))

    def stream(self, results):
        return from_iterable(results)

    def timer(self, results):
        self.world.enter(id(self.piece))
        at_work = [self.piece]

        def leave():  # before the stage is told of the end, or when the stage is done with it
            if at_work:
                self.world.leave(id(at_work.pop()))

        later = rx.timer(self.calls % 4 / 100).pipe(ops.flat_map(lambda _: from_iterable(results)))
        return later.pipe(ops.do_action(on_completed=leave), ops.finally_action(leave))


@dataclass(frozen=True)
class Inside(Piece):
    """A stage where no gate reaches: inside ``group_by`` or ``window_with_count``."""

    around: str
    work: Work
    keeps_order = False

    @property
    def grows(self):
        return self.work.grows

    @property
    def swallows(self):
        return self.work.swallows

    def bounds(self):
        return (ENDLESS,)

    def model(self, items):
        return self.work.model(items)

    def operator(self, world):
        split = ops.group_by(lambda x: x % 3) if self.around == "group_by" else ops.window_with_count(4)
        return rx.compose(split, ops.flat_map(lambda part: part.pipe(self.work.operator(world))))


@dataclass(frozen=True)
class InLanes(Piece):
    """Work with a bound of its own for each kind of item; where it is ``shaky``, some have a second pass."""

    concurrency: int
    most: int
    shaky: bool
    keeps_order = False

    def bounds(self):
        return (3 * self.concurrency + (aside.MOST if self.shaky else 0),)

    def operator(self, world):
        failed = set()

        async def work(item):
            world.event("work")
            if self.shaky and item % 7 == 2 and item not in failed:
                failed.add(item)
                raise ZeroDivisionError
            world.enter((id(self), item % 2))
            try:
                await asyncio.sleep(item % 3 / 100)
            finally:
                world.leave((id(self), item % 2))
            return (item,)

        again = (lambda _, error: isinstance(error, ZeroDivisionError)) if self.shaky else None
        lanes = Lanes(lambda x: x % 2, self.most)
        return flat_map_with_max_concurrent(work, self.concurrency, lanes=lanes, again=again)


@dataclass(frozen=True)
class Lists(Piece):
    """``buffer``, then ``expand``."""

    count: int
    linger: float | None

    def bounds(self):
        return (3 * self.count, self.count)

    def operator(self, world):
        return rx.compose(buffer(self.count, linger=self.linger), expand(lambda items: items))


@dataclass(frozen=True)
class FanOut(Piece):
    """Every item to several branches."""

    branches: tuple[Work, ...]
    keeps_order = False
    grows = True

    @property
    def swallows(self):
        return any(branch.swallows for branch in self.branches)

    def bounds(self):
        return tuple(bound for branch in self.branches for bound in branch.bounds())

    def model(self, items):
        return [result for branch in self.branches for result in branch.model(items)]

    def operator(self, world):
        return fan_out(*(branch.operator(world) for branch in self.branches))


WORKS = st.builds(
    Work,
    batch=st.none() | st.integers(1, 7),
    concurrency=st.integers(1, 4),
    prefetch=st.integers(0, 9),
    linger=st.sampled_from([None, 0, 0.05]),
    ordered=st.booleans(),
    answer=st.sampled_from(ANSWERS),
    shape=st.sampled_from(["same", *SHAPES]),
    spared=st.sampled_from([False, False, True]),
)
PIECES = st.one_of(
    WORKS,
    st.builds(Stock, st.sampled_from(sorted(Stock.table))),
    st.builds(Inside, st.sampled_from(["group_by", "window"]), WORKS),
    st.builds(InLanes, st.integers(1, 4), st.integers(1, 3), st.booleans()),
    st.builds(Lists, st.integers(1, 5), st.sampled_from([None, 0, 0.05])),
    st.builds(FanOut, st.lists(WORKS, min_size=1, max_size=3).map(tuple)),
)
SOURCES = st.builds(Source, st.sampled_from(["async", "iterable"]), st.integers(0, 60) | st.just(300))


@st.composite
def lines(draw):
    """Draw (source, pieces, whether the order is kept all along).

    Pieces are left out whose result nobody can foretell, since what they get is in no order, or that make too much.
    """
    source, kept, ordered = draw(SOURCES), [], True
    items = source.items()
    for piece in draw(st.lists(PIECES, min_size=1, max_size=6)):
        after = piece.model(items)
        if (ordered or not piece.wants_order) and len(after) <= MOST:
            kept.append(piece)
            items, ordered = after, ordered and piece.keeps_order
    return source, kept, ordered
