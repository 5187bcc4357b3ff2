"""The scheduler that carries demand up the line and tells the run what is still to come.

Floor 2, flow. Plain reactivex operators hand their subscribe-time scheduler to their source; the nearest
stage or source above finds in it the gate of the nearest stage below, and the run.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from reactivex import abc, typing
from reactivex.disposable import Disposable
from reactivex.scheduler.periodicscheduler import PeriodicScheduler

from rxsync.errors import FlowError
from rxsync.flow.flow import Flow
from rxsync.flow.gate import Gate, Level

S = TypeVar("S")


class FlowScheduler(PeriodicScheduler):
    """A reactivex scheduler, the run, and the gate of the nearest stage below.

    Attributes:
        flow: the run.
        gate: whether the nearest stage below wants more.
        depth: how many stages stand below.
        work: of streams that work answers with, that work: their sources do not wait for the window, since the
            window may wait for it.
    """

    flow: Flow
    gate: Level
    depth: int
    work: object | None

    def __init__(self, flow: Flow, gate: Level | None = None, depth: int = 0, work: object | None = None) -> None:
        super().__init__()
        self.flow, self.gate, self.depth, self.work = flow, gate or Gate(), depth, work

    @classmethod
    def of(cls, scheduler: abc.SchedulerBase | None, who: str) -> FlowScheduler:
        """Return the scheduler as what it must be.

        Raises:
            FlowError: ``who`` was subscribed without one.
        """
        if isinstance(scheduler, cls):
            return scheduler
        other = "without a scheduler" if scheduler is None else f"on a {type(scheduler).__name__}"
        raise FlowError(
            f"{who} was subscribed {other}, so nothing bounds it: subscribe the line with run(), or with "
            "marbles() in a test, and let every operator hand its scheduler on"
        )

    def behind(self, gate: Level) -> FlowScheduler:
        """Make the scheduler for whoever stands above ``gate``."""
        return FlowScheduler(self.flow, gate, self.depth + 1, self.work)

    def within(self, work: object) -> FlowScheduler:
        """Make the scheduler for a stream that ``work`` of this stage answers with."""
        return FlowScheduler(self.flow, self.gate, self.depth, work)

    @property
    def now(self) -> datetime:
        """The time, as the base scheduler tells it."""
        return self.flow.base.now

    def schedule(self, action: typing.ScheduledAction[S], state: S | None = None) -> abc.DisposableBase:
        """Schedule ``action`` for the next tick."""
        timer = _Timer(self, action)
        return timer.starts(self.flow.base.schedule(timer.fire, state))

    def schedule_relative(
        self, duetime: typing.RelativeTime, action: typing.ScheduledAction[S], state: S | None = None
    ) -> abc.DisposableBase:
        """Schedule ``action`` after ``duetime``, in seconds or as a timedelta."""
        timer = _Timer(self, action)
        return timer.starts(self.flow.base.schedule_relative(duetime, timer.fire, state))

    def schedule_absolute(
        self, duetime: typing.AbsoluteTime, action: typing.ScheduledAction[S], state: S | None = None
    ) -> abc.DisposableBase:
        """Schedule ``action`` at ``duetime``, in seconds or as a datetime."""
        timer = _Timer(self, action)
        return timer.starts(self.flow.base.schedule_absolute(duetime, timer.fire, state))


class _Timer:
    """A scheduled action, counted by the run until it fires or is taken back."""

    __slots__ = ("_action", "_pending", "_scheduler")

    def __init__(self, scheduler: FlowScheduler, action: typing.ScheduledAction[Any]) -> None:
        self._scheduler, self._action, self._pending = scheduler, action, True
        scheduler.flow.timers += 1

    def starts(self, handle: abc.DisposableBase) -> abc.DisposableBase:
        def take_back() -> None:
            self._settle()
            handle.dispose()

        return Disposable(take_back)

    def fire(self, _: abc.SchedulerBase, state: Any = None) -> abc.DisposableBase | None:
        self._settle()
        try:
            # our scheduler, not the base: a subscription deferred to this action keeps the gate
            return self._action(self._scheduler, state)
        except BaseException as error:  # on_next raised in a timer: plain reactivex would hang
            self._scheduler.flow.fail(error)
            return None

    def _settle(self) -> None:
        if self._pending:
            self._pending = False
            self._scheduler.flow.timers -= 1
            self._scheduler.flow.stir()
