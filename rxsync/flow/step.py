"""What buffer and concurrent work have in common: an inbox above, a gate on both sides, one pump.

Floor 2, flow. Everything that happens to a step calls ``pump``, which is never entered twice: deep lines do
not recurse, and an ``on_next`` that reaches back into the step (a gate opening, an item awaited) is taken
up next turn.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from reactivex import Observable, abc
from reactivex.disposable import Disposable, SingleAssignmentDisposable

from rxsync.flow.flow import Flow
from rxsync.flow.gate import Gate
from rxsync.flow.gauge import Label, Station
from rxsync.flow.scheduler import FlowScheduler
from rxsync.resolution import Resolvable
from rxsync.typing import Item, Observer


class Step(Station):
    """One subscription of a buffer or of concurrent work. Subclasses say what a ``turn`` of the pump does."""

    prefetch: int
    observer: Observer
    scheduler: FlowScheduler
    flow: Flow
    inbox: deque[Item]
    completed: bool
    stopped: bool

    gate: Gate

    def __init__(self, label: Label, prefetch: int, observer: Observer, scheduler: FlowScheduler) -> None:
        super().__init__(label, scheduler.depth, scheduler.gate, scheduler.work)
        self.prefetch, self.observer, self.scheduler, self.flow = prefetch, observer, scheduler, scheduler.flow
        self.gate, self.inbox = Gate(), deque[Item]()
        self.completed = self.stopped = self._pumping = self._again = False
        self._upstream = SingleAssignmentDisposable()
        self._forget: Callable[[], None] | None = None

    def connect(self, source: Observable[Item]) -> abc.DisposableBase:
        """Subscribe to ``source``."""
        self.flow.enlist(self)
        self._upstream.disposable = source.subscribe(
            self.on_next, self.on_error, self.on_completed, scheduler=self.scheduler.behind(self.gate)
        )
        return Disposable(self.dispose)

    # -- for subclasses

    def turn(self) -> None:
        """Do whatever can be done now."""
        raise NotImplementedError

    def is_empty(self) -> bool:
        """Whether nothing is left that could come out."""
        return not self.inbox

    def clear(self) -> None:
        """Stop work and timers and give up what is held."""
        self.flow.hold(-self.held())
        self.inbox.clear()

    # -- called from above

    def on_next(self, item: Item) -> None:
        """Take one item."""
        raise NotImplementedError

    def on_completed(self) -> None:
        """Work off what is left, then complete."""
        self.completed = True
        self.pump()

    def on_error(self, error: Exception) -> None:
        """Fail at once: what is queued is dropped, work under way is cancelled."""
        if not self.stopped:
            self.fail(error)

    def admit(self, item: Resolvable) -> None:
        """Let the run know an item that may be awaited."""
        if item.line is not self.flow:
            item.enter(self.flow)

    # -- the pump

    def pump(self) -> None:
        """Take turns until nothing can be done; complete when nothing is left."""
        if self._pumping or self.stopped:
            self._again = True
            return
        self._pumping = True
        try:
            while True:
                self._again = False
                self.turn()
                if self.stopped or not self._again:
                    break
            if self.completed and not self.stopped and self.is_empty():
                self._stop()
                self.observer.on_completed()
        except BaseException as error:  # raised by work or by an observer below
            self.fail(error)
        finally:
            self._pumping = False
        if not self.flow.gate.is_open:
            self.flow.settle()

    def watch_below(self) -> None:
        """Pump when the gate below opens."""
        if self._forget is None:
            self._forget = self.down.on_open(self._reopened)

    def _reopened(self) -> None:
        self._forget = None
        self.pump()

    # -- the end

    def fail(self, error: BaseException) -> None:
        """Stop and hand ``error`` down; what no operator below may swallow goes to the run itself."""
        if self.stopped or not isinstance(error, Exception):
            self.dispose()
            self.flow.fail(error)
            return
        self._give_up()
        try:
            self.observer.on_error(error)
        except BaseException as another:
            self.flow.fail(another)
        self._make_way()

    def dispose(self) -> None:
        """Stop at once, whatever is under way."""
        if not self.stopped:
            self._give_up()
            if not self.flow.ending:  # a tick later: the line above is about to be left, too, and must not flow again
                self.scheduler.schedule(lambda *_: self._make_way())

    def _give_up(self) -> None:
        self._stop()
        self.clear()
        self._upstream.dispose()

    def _make_way(self) -> None:
        """Let go on who waits above for room that we took: not before an error has gone down."""
        self.gate.open()  # only a fan_out still listens: who has left it holds nobody up
        self.flow.settle()

    def _stop(self) -> None:
        self.stopped = True
        if self._forget is not None:
            self._forget()
            self._forget = None
        self.flow.dismiss(self)
        self.flow.stir()

    def held(self) -> int:
        """Items in it, in work or not."""
        return len(self.inbox)


def lift(make: Callable[[Observer, FlowScheduler], Step], who: str) -> Callable[[Observable[Item]], Observable[Item]]:
    """Make an operator of a kind of step; work starts at subscribe, never before."""

    def operator(source: Observable[Item]) -> Observable[Item]:
        def subscribe(observer: Observer, scheduler: abc.SchedulerBase | None = None) -> abc.DisposableBase:
            return make(observer, FlowScheduler.of(scheduler, who)).connect(source)

        return Observable(subscribe)

    return operator


def at_least_one(what: str, value: int) -> None:
    """Refuse a number that would let nothing through.

    Raises:
        ValueError: ``value`` is less than 1.
    """
    if value < 1:
        raise ValueError(f"{what} is {value}, expected at least 1")
