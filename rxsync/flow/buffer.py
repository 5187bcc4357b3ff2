"""Gather items into lists, as late and as large as possible, and keep nobody waiting.

Floor 2, flow. Stock ``buffer_with_count`` looks at no gate and waits for company for ever;
``buffer_with_time_or_count`` emits empty lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from reactivex import Observable, abc

from rxsync.flow.gauge import Label, Waits
from rxsync.flow.scheduler import FlowScheduler
from rxsync.flow.step import Step, at_least_one, lift
from rxsync.resolution import Holder, Resolvable
from rxsync.typing import Item, Observer

T = TypeVar("T")


class Batch(list[T]):
    """A list that ``buffer`` made: it counts as its items, and can be split to find one at fault."""

    __slots__ = ()


def buffer(
    count: int, *, linger: float | None = 0.05, prefetch: int | None = None
) -> Callable[[Observable[T]], Observable[list[T]]]:  # spelt out: behind an alias mypy takes T for known too early
    """Gather up to ``count`` items into a list.

        source           -a-b-c----d---e-|
        buffer(2)        ---x------y-----z      x = [a, b], y = [c, d], z = [e]
        linger=2         ---x---y----z---(u|)   y = [c], z = [d], u = [e]

    A list leaves when it is full, ``linger`` after it could have left but for company, when the stream
    ends, at once when somebody awaits an item in it, or waits further up for what items in it hold, and when
    no company can come. It is formed only while the gate below is open. In order.

    Args:
        count: most items in a list.
        linger: longest an item waits for company, in seconds; None: no timer.
        prefetch: most items that wait while the gate below is closed; None: twice ``count``.

    Errors: passes those of the source on, at once; items waiting are dropped.

    Raises:
        ValueError: ``count`` is less than 1.
    """
    at_least_one("count", count)
    label, most = Label("buffer"), 2 * count if prefetch is None else prefetch

    def make(observer: Observer, scheduler: FlowScheduler) -> Step:
        return _Buffer(label, count, linger, most, observer, scheduler)

    return lift(make, "buffer")


class _Buffer(Step):
    feeds = True

    def __init__(
        self,
        label: Label,
        count: int,
        linger: float | None,
        prefetch: int,
        observer: Observer,
        scheduler: FlowScheduler,
    ) -> None:
        super().__init__(label, prefetch, observer, scheduler)
        self._count, self._linger = count, linger
        self._flush = False
        self._timer: abc.DisposableBase | None = None
        self._mark = 1  # length of the inbox at which the pump has something to do
        self._most = max(prefetch, count)  # length at which our own gate closes

    def on_next(self, item: Item) -> None:
        if self.stopped or self.flow.is_foreign_thread(self.label.name):
            return
        if isinstance(item, Resolvable):
            self.admit(item)
        self.inbox.append(item)
        self.flow.hold(1)
        waiting = len(self.inbox)
        if waiting >= self._most:
            self.gate.close()  # now: the pump may be busy above us, and this be one of many items
        if waiting >= self._mark or self._flush or self.depth < self.flow.patients.depth:
            self.pump()

    def admit(self, item: Resolvable) -> None:
        super().admit(item)
        item.holders += (self,)
        self._flush = self._flush or item.urgent

    def awaited(self, item: Resolvable) -> None:
        """Let the list that holds ``item`` leave."""
        self._release()

    def turn(self) -> None:
        while self.inbox and self.down.is_open and not self.stopped and self._may_leave():
            self._emit()
        if not self.stopped:
            self._regulate()

    def _may_leave(self) -> bool:
        if self._flush or self.completed or len(self.inbox) >= self._count:
            return True
        return self.depth < self.flow.patients.depth

    def _emit(self) -> None:
        inbox, size = self.inbox, min(self._count, len(self.inbox))
        batch = Batch([inbox.popleft() for _ in range(size)])
        self._stop_timer()
        let_go(batch, self)
        if self._flush:
            self._flush = any(isinstance(item, Resolvable) and item.urgent for item in inbox)
        self.flow.hold(-size)
        self.observer.on_next(batch)

    def _regulate(self) -> None:
        """Set our own gate, the timer, and the mark.

        While the gate below is open, a list may fill up on behalf of the work that is free to take it;
        while it is closed, only ``prefetch`` items may wait. So a stage never holds more than prefetch +
        concurrency * batch.
        """
        waiting, wanted = len(self.inbox), self.down.is_open
        if not wanted:
            self.watch_below()
        if wanted and self._linger is not None and self.inbox and self._timer is None:
            self._timer = self.scheduler.schedule_relative(self._linger, self._release)
        timing = self._timer is not None or self._linger is None
        self._most = max(self.prefetch, self._count) if wanted else self.prefetch
        self._mark = self._count if wanted and timing else 1 if wanted else max(self.prefetch, 1)
        if waiting >= self._most:
            self.gate.close()
        elif not self.gate.is_open and (wanted or waiting <= self.prefetch // 2):
            self.gate.open()

    def _release(self, *_: object) -> None:
        self._flush = True
        self.pump()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.dispose()
            self._timer = None

    def clear(self) -> None:
        self._stop_timer()
        let_go(self.inbox, self)
        super().clear()

    # -- as a station

    def waits_for(self) -> Waits:
        if self.stopped:
            return "done"
        if not self.inbox:
            return "input"
        return "company" if self.down.is_open else "room"

    def items(self) -> Iterable[object]:
        return self.inbox

    def hurry(self) -> bool:
        if not (self.inbox and self.down.is_open):
            return False
        self._release()
        return True


def let_go(items: Iterable[Item], holder: Holder) -> None:
    """Keep ``items`` back no longer."""
    for item in items:
        if isinstance(item, Resolvable):
            item.leave(holder)
