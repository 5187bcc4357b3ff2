"""One piece of work: what a function answered for one item, until the last result has gone down.

Floor 2, flow. An answer is a stream, an awaitable or an iterable. An iterable is drawn from only while the
gate below is open, so work that makes many of one holds none of them.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from operator import length_hint
from typing import Protocol

from reactivex import Observable
from reactivex.disposable import SingleAssignmentDisposable

from rxsync.errors import FlowError
from rxsync.flow.buffer import Batch
from rxsync.flow.flow import Flow
from rxsync.flow.scheduler import FlowScheduler
from rxsync.resolution import is_waiting
from rxsync.typing import Item, OnError, Work

_COUNTED: tuple[type, ...] = (type(iter([])), type(iter(())))  # iterators that know how many remain


class Owner(Protocol):
    """The stage that the work is part of."""

    flow: Flow
    scheduler: FlowScheduler
    stopped: bool
    fn: Callable[[Item], Work[Item]]

    def progress(self, job: Job) -> None:
        """There is something to emit from ``job``, or it is whole."""

    def fail(self, error: BaseException) -> None:
        """Stop everything with ``error``."""

    def set_aside(self, job: Job, error: Exception) -> bool:
        """Have ``job`` start once more, later; False: its failure is final."""


class Job:
    """Work on one item, or on one batch.

    Attributes:
        item: what it works on.
        size: how many items that is.
        out: results that have arrived and wait for the gate below.
        rest: results that can be drawn when wanted; None if there are none of that kind.
        whole: True once no result will arrive by itself any more.
        queued: True while the stage has it in its queue of things to emit.
    """

    __slots__ = ("_cancel", "_owner", "_task", "item", "out", "queued", "rest", "size", "whole")

    item: Item
    queued: bool
    size: int
    whole: bool

    def __init__(self, owner: Owner, item: Item) -> None:
        self._owner, self.item, self.size = owner, item, weight(item)
        self.out: deque[Item] | None = None
        self.rest: Iterator[Item] | None = None
        self.whole = self.queued = False
        self._cancel: Callable[[], object] | None = None
        self._task: asyncio.Future[Iterable[Item] | None] | None = None

    def start(self) -> None:
        """Call the function and attend to whatever it answers."""
        self._attempt(self.item)

    def cancel(self) -> None:
        """Stop what is under way."""
        if self._cancel is not None:
            self._cancel()

    def forget(self) -> None:
        """Hold nothing of it any more: it is over, and what reactivex made for it may be collected much later."""
        self.item = self.out = self.rest = self._cancel = self._task = None

    def held(self) -> int:
        """What it counts as: what went in or what waits to come out, whichever is more."""
        return self.size if self.out is None else max(self.size, len(self.out))

    def is_busy(self) -> bool:
        """Whether it goes on by itself: not if all it does is to wait for an item, for room below, or as a patient."""
        if self.whole:
            return False
        flow, patients = self._owner.flow, self._owner.flow.patients
        if self._task is not None:
            return not (is_waiting(self._task) or patients.concern(self._task))
        return not (patients.concern(self.item) or flow.wants_room(self))

    def is_spent(self) -> bool:
        """Whether ``rest`` has no more to give, as far as can be seen without drawing."""
        return isinstance(self.rest, _COUNTED) and length_hint(self.rest) == 0

    # -- the three kinds of answers

    def _attempt(self, item: Item) -> None:
        answer = self._owner.fn(item)
        if answer is None or isinstance(answer, (list, tuple)):  # the most frequent first: the test is cheap
            self._answered(answer)
        elif isinstance(answer, Observable):
            handle = SingleAssignmentDisposable()
            self._cancel, inner = handle.dispose, self._owner.scheduler.within(self)
            handle.disposable = answer.subscribe(self._value, self._failed, self._ended, scheduler=inner)
        elif inspect.isawaitable(answer):
            task = self._task = self._owner.flow.adopt(answer, self._settled)
            self._cancel = task.cancel
        else:
            self._answered(answer)
        if self._owner.stopped:  # by the very call that began this
            self.cancel()

    def _value(self, value: Item) -> None:
        if self._owner.stopped or self._owner.flow.is_foreign_thread("the stream of some work"):
            return
        if self.out is None:
            self.out = deque()
        self.out.append(value)
        if len(self.out) > self.size:
            self._owner.flow.hold(1)
        self._owner.progress(self)

    def _ended(self) -> None:
        self._answered(None)

    def _answered(self, values: Iterable[Item] | None) -> None:
        self.whole, self._cancel, self._task = True, None, None
        if self.size > 1 and values and isinstance(values, (list, tuple)):
            self.item, self.out = Batch(), deque(values)  # who holds a batch holds none of it that has gone down
            self._owner.flow.hold(max(0, len(values) - self.size))
        else:
            self.rest = iter(as_results(values)) if values else None
        self._owner.progress(self)

    def _settled(self, task: asyncio.Future[Iterable[Item] | None]) -> None:
        if task.cancelled():
            if not self._owner.stopped:
                self._owner.fail(FlowError("work was cancelled from outside the run"))
            return
        error = task.exception()
        if error is not None:
            self._failed(error)
        elif not self._owner.stopped:
            self._answer_later(task.result())

    def _answer_later(self, values: Iterable[Item] | None) -> None:
        try:
            self._answered(values)
        except Exception as error:  # what it answered with is no iterable
            self._failed(error)

    def _failed(self, error: BaseException) -> None:
        if not (self._owner.stopped and isinstance(error, Exception)):
            self._owner.fail(error)


class SparedJob(Job):
    """Work whose failure is not the end: a batch is halved until the item at fault is found, an item may be set aside.

    Results are kept until the whole is through, or a second attempt would repeat those of the first.
    """

    __slots__ = ("_aside", "_kept", "_looping", "_on_error", "_parts", "_streamed", "_under_way")

    def __init__(self, owner: Owner, item: Item, on_error: OnError | None) -> None:
        super().__init__(owner, item)
        self._on_error = on_error
        self._parts: list[Item] = [item]  # what is still to be tried, the first on top
        self._kept: list[Item] = []
        self._streamed: list[Item] = []  # by the attempt under way
        self._looping = self._under_way = self._aside = False

    def forget(self) -> None:
        """Hold nothing of it any more, nor of what was kept."""
        super().forget()
        self._kept = []

    def start(self) -> None:
        """Try part after part; a loop, not a recursion: many parts may answer at once."""
        self._looping, self._aside = True, False
        try:
            while self._parts and not (self._under_way or self._aside or self._owner.stopped):
                self._under_way = True
                try:
                    self._attempt(self._parts[-1])
                except BaseException as error:
                    self._failed(error)
        finally:
            self._looping = False
        if not self._parts and not self._owner.stopped:
            super()._answered(self._kept)

    def _value(self, value: Item) -> None:
        if not self._owner.flow.is_foreign_thread("the stream of some work"):
            self._streamed.append(value)

    def _ended(self) -> None:
        self._answered(self._streamed)

    def _answered(self, values: Iterable[Item] | None) -> None:
        results = list(as_results(values or ()))  # drawn now: a generator may fail, too
        self._parts.pop()
        self._kept += results
        self._go_on()

    def _failed(self, error: BaseException) -> None:
        if self._owner.stopped or not isinstance(error, Exception):
            super()._failed(error)
            return
        part = self._parts[-1]
        if isinstance(part, Batch) and len(part) > 1 and self._on_error is not None:
            half = len(part) // 2
            self._parts[-1:] = [Batch(part[half:]), Batch(part[:half])]
            self._go_on()
            return
        try:
            self._settle_item(part, error)
        except BaseException as final:
            self._owner.fail(final)

    def _settle_item(self, part: Item, error: Exception) -> None:
        if not isinstance(self.item, Batch):
            self._tidy()
            self._aside = True  # before it is: it may start again at once
            if self._owner.set_aside(self, error):
                return
        if self._on_error is None:
            raise error
        self._kept += self._on_error(part[0] if isinstance(part, Batch) else part, error) or ()
        self._parts.pop()
        self._go_on()

    def _go_on(self) -> None:
        self._tidy()
        if not self._looping:
            self.start()

    def _tidy(self) -> None:
        self._streamed, self._under_way, self._cancel, self._task = [], False, None, None


def weight(item: Item) -> int:
    """How many items ``item`` is."""
    return len(item) if isinstance(item, Batch) else 1


def as_results(answer: Iterable[Item]) -> Iterable[Item]:
    """Pass ``answer`` on, unless it is iterable by accident.

    Raises:
        FlowError: it is a text, or a stream that an awaitable answered with.
    """
    if isinstance(answer, (str, bytes, Observable)):
        raise FlowError(f"work answered with {answer!r}: expected an iterable of results, such as a list")
    return answer
