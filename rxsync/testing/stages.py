"""The laws of a stage: whoever writes one proves it with one subclass.

Floor 6, testing. Over asyncio, because that is where an author's stage works; its marbles are the author's to draw.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any, ClassVar, TypeVar

import pytest
from reactivex import operators as ops

from rxsync.declare import DeclarativeContent
from rxsync.errors import FlowError
from rxsync.flow import flat_map_with_max_concurrent, from_async, from_iterable, run
from rxsync.operators import Stage
from rxsync.testing import builders
from rxsync.testing.world import Played, World, turns, until_any
from rxsync.typing import Operator

T = TypeVar("T")
Units = Sequence[DeclarativeContent]


class BoomError(Exception):
    """What goes wrong in the suite, and nowhere else."""


class StageTests:
    """The laws. Subclass it, name the class ``Test…``, and say how the stage is made.

        class TestFetchReadme(StageTests):
            def make_stage(self, world):
                return fetch_readme(world)

    It needs pytest and pytest-asyncio, in either mode.

    Attributes:
        ordered: whether units leave in the order in which they came.
        may_drop: whether a unit may be left out, by a filter or by ``unit.skip``.
        may_add: whether it declares units of its own.
        most_held: most units it ever holds: ``prefetch + concurrency * batch`` of each ``stage`` in it.
        patience: after how many seconds a stage that is not done counts as hanging.
    """

    pytestmark: pytest.MarkDecorator = pytest.mark.asyncio

    ordered: ClassVar[bool] = False
    may_drop: ClassVar[bool] = False
    may_add: ClassVar[bool] = False
    most_held: ClassVar[int] = 1500
    patience: ClassVar[float] = 10

    def make_stage(self, world: World) -> Stage:
        """Make the stage under test.

        Args:
            world: to be awaited, with any arguments, wherever the stage would reach out: it stands for the server or
                the database, and is how the suite makes that slow, or fail.
        """
        raise NotImplementedError

    def make_units(self, count: int) -> Units:
        """Make units that the stage works on, no two the same; new ones of a file each, unless overridden."""
        return [builders.unit(f"{number}") for number in range(count)]

    async def test_nothing_happens_before_it_is_subscribed(self) -> None:
        world, source, tasks = World(), Played(), asyncio.all_tasks()
        self.make_stage(world)(source.stream)
        await turns(3)
        assert not source.subscribed, "it subscribed to its source before anybody subscribed to it"
        assert not world.calls, "its work began before anybody subscribed to it"
        assert asyncio.all_tasks() == tasks, "it started a task before anybody subscribed to it"

    async def test_each_unit_comes_out_once(self) -> None:
        units = self.make_units(100)
        came = await self._through(self.make_stage(World()), units)
        again = [unit for unit, times in Counter(came).items() if times > 1]
        assert not again, f"came out more than once: {_shown(again)}"
        strange = [] if self.may_add else [unit for unit in came if unit not in set(units)]
        assert not strange, f"came out without having gone in: {_shown(strange)}"
        lost = [] if self.may_drop else [unit for unit in units if unit not in set(came)]
        assert not lost, f"went in and did not come out: {_shown(lost)}"

    async def test_units_keep_their_order_if_it_says_so(self) -> None:
        if not self.ordered:
            pytest.skip("it promises no order")
        place = {unit: number for number, unit in enumerate(self.make_units(100))}
        came = await self._through(self.make_stage(World()), list(place))
        kept = [unit for unit in came if unit in place]
        passed = [pair for pair in pairwise(kept) if place[pair[0]] > place[pair[1]]]
        assert not passed, f"{passed[0][0]} came out before {passed[0][1]}, which went in before it"

    async def test_it_takes_no_more_than_it_can_hold(self) -> None:
        units = self.make_units(2 * self.most_held + 600)
        moves: list[tuple[DeclarativeContent, int]] = []

        async def slowly(unit: DeclarativeContent) -> None:
            await turns(2)
            moves.append((unit, -1))

        def counted() -> Iterator[DeclarativeContent]:
            for one in units:
                moves.append((one, 1))
                yield one

        sink: Operator[DeclarativeContent, None] = flat_map_with_max_concurrent(slowly, 1, prefetch=0)
        line = sink(self.make_stage(World())(from_iterable(counted())))
        await self._within(run(line, window=100 * len(units)))
        peak, most = _peak(moves), self.most_held + 2  # one in the slow hands below, one on its way there
        assert peak <= most, f"{peak} units were in it at once, with a slow stage below: expected at most {most}"

    async def test_an_error_from_above_is_handed_on_at_once_and_cancels_its_work(self) -> None:
        world, source, seen = World(), Played(), list[Exception]()
        async with self._running(source, world, on_error=seen.append) as task:
            await self._until_under_way(task, source, world)
            boom = BoomError()
            source.fail(boom)
            assert seen == [boom], "an error from above was not handed on at the same moment"
            await self._fails_with(task, boom)
            assert not world.active, f"{world.active} calls went on after an error from above"

    async def test_an_error_of_its_work_is_handed_on_and_cancels_the_rest(self) -> None:
        world, source = World(), Played()
        world.hold()
        async with self._running(source, world) as task:
            source.push(self.make_units(30))
            source.complete()
            await self._within(until_any(task, world.until_called()))
            if not world.calls:
                pytest.skip("it has no work: the world was not called")
            boom = BoomError()
            world.let_go(boom)
            await self._fails_with(task, boom)
            assert not world.active, f"{world.active} calls went on after another had failed"

    async def test_cancelling_leaves_no_task_and_no_work(self) -> None:
        world, source, tasks = World(), Played(), asyncio.all_tasks()
        async with self._running(source, world) as task:
            await self._until_under_way(task, source, world)
            task.cancel()
            await self._within(asyncio.wait([task]))
        assert task.cancelled(), "the cancellation was swallowed"
        assert source.left, "it did not leave its source when it was cancelled"
        assert not world.active, f"{world.active} calls went on after it was cancelled"
        await turns(3)
        assert asyncio.all_tasks() <= tasks, f"it left tasks behind: {asyncio.all_tasks() - tasks}"

    async def test_it_completes_once_after_its_last_unit(self) -> None:
        for count in (0, 1, 30):
            await self._completes(count)

    async def test_awaiting_a_unit_flushes_the_batch_that_holds_it(self) -> None:
        unanswered: list[DeclarativeContent] = []

        async def one_by_one() -> AsyncIterator[DeclarativeContent]:
            for unit in self.make_units(5):
                yield unit
                try:
                    await unit.resolution()
                except FlowError:  # nothing goes on in the run, and nobody has resolved it
                    unanswered.append(unit)

        await self._within(run(self.make_stage(World())(from_async(one_by_one)), lambda unit: unit.resolve()))
        assert self.may_drop or not unanswered, f"kept back although they were awaited: {_shown(unanswered)}"

    async def test_it_can_be_run_again(self) -> None:
        stage = self.make_stage(World())
        for attempt in ("first", "second"):
            units = self.make_units(10)
            came = await self._through(stage, units)
            lost = [] if self.may_drop else [unit for unit in units if unit not in set(came)]
            assert not lost, f"the {attempt} run lost {_shown(lost)}: expected nothing kept from run to run"

    # -- how

    async def _completes(self, count: int) -> None:
        world, source, came, ends = World(), Played(), list[object](), list[int]()
        world.hold()
        async with self._running(source, world, came.append, on_completed=lambda: ends.append(len(came))) as task:
            source.push(self.make_units(count))
            source.complete()
            await self._within(until_any(task, world.until_called()))
            world.let_go()
            await self._within(task)
        assert ends == [len(came)], f"it completed after {ends} of {len(came)} units: expected once, after the last"
        assert self.may_drop or len(came) >= count, f"it completed after {len(came)} of {count} units"

    async def _through(self, stage: Stage, units: Units) -> list[DeclarativeContent]:
        came: list[DeclarativeContent] = []
        await self._within(run(from_iterable(units).pipe(stage), came.append))
        return came

    @asynccontextmanager
    async def _running(
        self,
        source: Played,
        world: World,
        on_next: Callable[[Any], Any] | None = None,
        on_error: Callable[[Exception], Any] | None = None,
        on_completed: Callable[[], Any] | None = None,
    ) -> AsyncIterator[asyncio.Task[Any]]:
        """Run the stage below ``source``, from its subscription to the end of the context."""
        line = source.stream.pipe(self.make_stage(world), ops.do_action(on_next, on_error, on_completed))
        task = asyncio.create_task(run(line))
        try:
            await self._within(until_any(task, source.until_subscribed()))
            if not source.subscribed:
                task.result()  # it failed, or ended, before it had a source
            yield task
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _until_under_way(self, task: asyncio.Task[Any], source: Played, world: World) -> None:
        """Have units in work; where there is no work, they just went through."""
        world.hold()
        units = self.make_units(30)
        source.push(units)
        # awaited, so that no batch waits for company; where nothing holds it any more, it counts as dropped
        await self._within(until_any(task, world.until_called(), units[0].resolution()))

    async def _within(self, work: Awaitable[T]) -> T:
        """Wait for ``work``, but not for ever."""
        try:
            async with asyncio.timeout(self.patience):
                return await work
        except TimeoutError:
            raise AssertionError(f"it is not done after {self.patience:g} s: it waits for what never comes") from None

    async def _fails_with(self, task: asyncio.Task[Any], boom: BoomError) -> None:
        await self._within(asyncio.wait([task]))
        error = None if task.cancelled() else task.exception()
        assert error is not None, "the error was swallowed: expected the run to fail with it"
        assert boom in (error, error.__cause__), f"the error became {error!r}: expected it, or one raised from it"


def _peak(moves: Sequence[tuple[DeclarativeContent, int]]) -> int:
    """Most units that were inside at once, of those that came out in the end; others may have been dropped on entry."""
    through = {unit for unit, move in moves if move < 0}
    inside = peak = 0
    entered: set[DeclarativeContent] = set()
    for unit, move in moves:
        if move > 0:
            entered.add(unit)
        if unit in through and unit in entered:
            inside += move
            peak = max(peak, inside)
    return peak


def _shown(units: Units, most: int = 5) -> str:
    more = f" and {len(units) - most} more" if len(units) > most else ""
    return ", ".join(map(repr, units[:most])) + more
