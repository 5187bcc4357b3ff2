"""One run: its tasks, the window on all that its stages hold, and the items that somebody awaits.

Floor 2, flow. The window reaches where no gate does: stages inside ``group_by``, ``window`` or ``flat_map``
cannot close the gate of a source above those operators, so the run itself stops the sources.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from threading import get_ident
from typing import Any, TypeVar

from reactivex import abc

from rxsync.errors import DroppedError, FlowError
from rxsync.flow.gate import Gate
from rxsync.flow.gauge import Gauge, Station, read
from rxsync.flow.patients import Patient, Patients
from rxsync.flow.stall import lost_items
from rxsync.resolution import Resolvable

T = TypeVar("T")


class Flow:
    """One run.

    Attributes:
        base: the scheduler below it all, on real or on virtual time.
        window: most items that its stages hold together before sources pause.
        held: items they hold now.
        peak: most they ever held.
        gate: closed while the window is full.
        tasks: every task the run has started and that has not ended.
        sources: those of them that feed the line.
        timers: actions that are scheduled and have not run.
        hot: sources that come by themselves and may still bring something.
        patients: who waits for what items further down hold.
        thread: ident of the thread that all of it runs in.
        ending: True once it is decided how the run ends.
        on_fail: told of an error that no operator may keep from failing the run.
        loop: where tasks run; None on virtual time.
    """

    base: abc.SchedulerBase
    window: int
    on_fail: Callable[[BaseException], None]
    loop: asyncio.AbstractEventLoop | None
    held: int
    peak: int
    gate: Gate
    patients: Patients
    thread: int

    def __init__(
        self,
        base: abc.SchedulerBase,
        window: int,
        on_fail: Callable[[BaseException], None],
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.base, self.window, self.on_fail, self.loop = base, window, on_fail, loop
        self.held = self.peak = self.timers = self.hot = 0
        self.gate, self.patients, self.thread = Gate(), Patients(), get_ident()
        self.tasks: set[asyncio.Future[Any]] = set()
        self.sources: set[asyncio.Future[Any]] = set()
        self._stations: dict[Station, None] = {}
        self._awaited: dict[int, Resolvable] = {}
        self.ending = self._laid = self._over = self._stirred = False
        self._error: Exception | None = None

    # -- the window

    def hold(self, items: int) -> None:
        """Count ``items`` more (or, negative, fewer) in the hands of stages."""
        self.held = held = self.held + items
        if held > self.peak:
            self.peak = held
        if held >= self.window and self.gate.is_open:
            self.gate.close()
            self.stir()  # lists that wait for company will get none now

    def settle(self) -> None:
        """Let the sources go on if the window has room again.

        Not part of ``hold``: while an item is handed over, for a moment nobody holds it.
        """
        if not self.gate.is_open and self.held <= self.window // 2:
            self.gate.open()

    # -- tasks

    def adopt(
        self,
        work: Awaitable[T],
        settled: Callable[[asyncio.Future[T]], object] | None = None,
        *,
        source: bool = False,
    ) -> asyncio.Future[T]:
        """Run ``work`` as a task of this run, one that feeds the line if ``source``.

        Args:
            work: what to run.
            settled: called with the task when it is over, however.
            source: whether it feeds the line.

        Raises:
            FlowError: there is no event loop: this is virtual time.
        """
        if self.loop is None:
            if asyncio.iscoroutine(work):
                work.close()
            raise FlowError("on virtual time work answers with streams; an awaitable needs run()")
        task = asyncio.ensure_future(work, loop=self.loop)
        self.tasks.add(task)
        if source:
            self.sources.add(task)

        def over(task: asyncio.Future[T]) -> None:  # one callback for all: each is a turn of the loop
            self.tasks.discard(task)
            if source:
                self.sources.discard(task)
            if settled is not None:
                settled(task)
            self.stir()

        task.add_done_callback(over)
        return task

    # -- who stands in the line

    @property
    def gauges(self) -> list[Gauge]:
        """A reading of every source and stage, in the order of the line."""
        return read(self._stations)

    def enlist(self, station: Station) -> None:
        """Let ``station`` stand in the line."""
        self._stations[station] = None

    def dismiss(self, station: Station) -> None:
        """Take ``station`` out, if it was born on the way; what the line began with stays to be read."""
        if self._laid and station.passing:
            self._stations.pop(station, None)

    def wants_room(self, work: object) -> bool:
        """Whether the stream that ``work`` answered with stands at the closed gate below; stages in it say more."""
        return any(station.work is work and station.waits_for() == "room" for station in self._stations)

    def lay(self) -> None:
        """Note that the line stands; stations that come from now on are born on the way.

        A tick later: stock ``merge`` subscribes to its sources only then.
        """
        self.base.schedule(lambda *_: self._lay())

    def _lay(self) -> None:
        for station in self._stations:
            station.passing = False
        self._laid = True

    # -- who is awaited

    def awaited(self, item: Resolvable) -> None:
        """Remember that somebody waits for ``item``."""
        if self._over:
            item.fail(self._error or DroppedError(item))
            return
        self._awaited[id(item)] = item
        self.stir()

    def answered(self, item: Resolvable) -> None:
        """Forget ``item``: nobody has to wait for it any more."""
        self._awaited.pop(id(item), None)

    # -- who waits for what the line holds

    def press(self, patient: Patient, depth: int) -> None:
        """Remember that ``patient`` waits, with ``depth`` stages below, whose lists hurry from now on."""
        was = self.patients.depth
        self.patients.admit(patient, depth)
        if depth > was:
            self.base.schedule(lambda *_: self._hurry_below())
        self.stir()

    def soon(self, action: Callable[[], None]) -> None:
        """Do something a tick later; may be asked from any thread."""
        if self.loop is None:
            self.base.schedule(lambda *_: action())
            return
        with suppress(RuntimeError):  # the loop is closed: the run was over long ago
            self.loop.call_soon_threadsafe(action)

    def _hurry_below(self) -> None:
        for station in [*self._stations]:
            if station.depth < self.patients.depth and not self.ending:
                station.hurry()

    # -- who has come to rest

    def stir(self) -> None:
        """Something came to rest: look, one tick later, whether everything has.

        A tick later, because an item may be on its way from one stage to the next just now.
        """
        if not self._stirred and (self._awaited or self.patients or not self.gate.is_open):
            self._stirred = True
            self.base.schedule(lambda *_: self._look())

    def _look(self) -> None:
        self._stirred = False
        if self.ending or self.timers or any(station.is_busy() for station in self._stations):
            return
        if any(isinstance(task, asyncio.Task) and task.cancelling() for task in self.tasks):
            return  # no stage's any more, but they still clean up
        if not (self._awaited or self.patients) and self.gate.is_open:
            return
        hurried = [station.hurry() for station in [*self._stations]]
        if any(hurried):
            self.stir()
            return
        if self.patients:
            self.patients.relent()
            return
        for item in lost_items(self, self._awaited.values(), self._stations):
            item.fail(DroppedError(item))
            self.answered(item)

    # -- the end

    def fail(self, error: BaseException) -> None:
        """Fail the run, whatever operators stand below."""
        self.on_fail(error)

    def is_foreign_thread(self, who: str) -> bool:
        """Whether this is another thread than that of the run; if so, the run fails."""
        if get_ident() == self.thread:
            return False
        self.fail(
            FlowError(
                f"{who} was called from another thread than that of its run: no operator may move the stream "
                "to a scheduler of its own; let work answer with an awaitable, in_thread() where it blocks"
            )
        )
        return True

    def close(self, error: BaseException | None = None) -> None:
        """End the run: whoever waits for an item that is not resolved gets ``error``, or a DroppedError."""
        self._over = True
        self._error = error if isinstance(error, Exception) else None
        for item in [*self._awaited.values()]:
            item.fail(self._error or DroppedError(item))
        self._awaited.clear()

    async def join(self) -> None:
        """Wait until no task is left, also if cancelled meanwhile; tasks still clean up.

        Raises:
            asyncio.CancelledError: the caller was cancelled meanwhile; no task is left.
        """
        cancelled = None
        while self.tasks:
            try:
                await asyncio.wait(self.tasks)  # and for their callbacks, which stand before its own
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled
