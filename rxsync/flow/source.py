"""What every source has in common: the gates it looks at, and its place in the line.

Floor 2, flow. A source asks before every item, and gives the scheduler a chance between chunks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from rxsync.errors import FlowError
from rxsync.flow.flow import Flow
from rxsync.flow.gate import AllOpen, Level
from rxsync.flow.gauge import Label, Station, Waits
from rxsync.flow.scheduler import FlowScheduler
from rxsync.resolution import Resolvable
from rxsync.typing import Item, Observer

#: Items a source emits in one go before others get their turn.
CHUNK = 256


class Source(Station):
    """One subscription of a source."""

    observer: Observer
    scheduler: FlowScheduler
    flow: Flow
    gates: Level
    live: bool

    def __init__(self, name: str, observer: Observer, scheduler: FlowScheduler) -> None:
        super().__init__(Label(name), scheduler.depth, scheduler.gate)
        self.observer, self.scheduler, self.flow = observer, scheduler, scheduler.flow
        self.gates = scheduler.gate if scheduler.in_work else AllOpen((scheduler.gate, scheduler.flow.gate))
        self.live = True
        self.flow.enlist(self)

    def emit(self, item: Item) -> None:
        """Send ``item`` down; from now on the run knows it."""
        if isinstance(item, Resolvable) and item.line is not self.flow:
            item.enter(self.flow)
        self.observer.on_next(item)

    def complete(self) -> None:
        """Say that nothing more comes."""
        if self.stop():
            self.observer.on_completed()

    def fail(self, error: BaseException) -> None:
        """End with ``error``; what no operator below may swallow goes to the run itself."""
        if self.stop() and isinstance(error, Exception):
            self.observer.on_error(error)
        else:
            self.flow.fail(error)

    def stop(self) -> bool:
        """Be over; False if it was already."""
        was, self.live = self.live, False
        if was:
            self.flow.dismiss(self)
        return was

    def waits_for(self) -> Waits:
        """What keeps it from going on."""
        if not self.live:
            return "done"
        return "input" if self.gates.is_open else "room"

    def over(self, task: asyncio.Future[None]) -> None:
        """End as its task did."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.fail(error)
        elif not task.cancelled():
            self.complete()
        elif self.live:
            self.fail(FlowError(f"the task of source {self.label.name} was cancelled from outside the run"))


class QueuedSource(Source):
    """A source that is pushed into: what comes while the line wants nothing waits here, in the open.

    Subclasses hold what waits, and count it by ``held()``.
    """

    def __init__(self, name: str, observer: Observer, scheduler: FlowScheduler) -> None:
        super().__init__(name, observer, scheduler)
        self._ended = self._emitting = False
        self._forget: Callable[[], None] | None = None

    def take(self) -> Item:
        """Give the item that waits longest, which the line wants now."""
        raise NotImplementedError

    def complete(self) -> None:
        """Say that nothing more comes; what waits goes down first."""
        self._ended = True
        self.drain()

    def drain(self) -> None:
        """Send down what waits, as far as the line wants it."""
        if self._emitting:
            return
        self._emitting = True
        try:
            while self.live and self.held() and self.gates.is_open:
                self.emit(self.take())
        except BaseException as error:
            self.fail(error)
        finally:
            self._emitting = False
        if self.live and self.held():
            if self._forget is None:
                self._forget = self.gates.on_open(self._reopened)
        elif self._ended:
            super().complete()

    def _reopened(self) -> None:
        self._forget = None
        self.drain()

    def stop(self) -> bool:
        """Be over; False if it was already."""
        was = super().stop()
        if was and self._forget is not None:
            self._forget()
        return was
