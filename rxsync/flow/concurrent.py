"""Run work on items, several at once, never ahead of demand.

Floor 2, flow. Stock ``flat_map`` runs everything at once, and ``merge(max_concurrent=n)`` queues what it
cannot run without any bound; this asks for no more than it can take.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from itertools import chain
from typing import TypeVar

from rxsync.flow.buffer import Batch
from rxsync.flow.gauge import Label, Waits
from rxsync.flow.lanes import Lanes, Parking
from rxsync.flow.scheduler import FlowScheduler
from rxsync.flow.step import Step, at_least_one, lift
from rxsync.flow.work import Job, SparedJob, weight
from rxsync.resolution import Resolvable
from rxsync.typing import Item, Observer, OnError, Operator, Work

T = TypeVar("T")
R = TypeVar("R")


def flat_map_with_max_concurrent(
    fn: Callable[[T], Work[R]],
    max_concurrent: int,
    *,
    prefetch: int | None = None,
    ordered: bool = False,
    lanes: Lanes[T] | None = None,
    name: str | None = None,
    on_error: OnError | None = None,
) -> Operator[T, R]:
    """Run ``fn`` on each item, at most ``max_concurrent`` at once, and emit all results.

        source                -a-b-c-d-----------------|
        fn                     ----x|                        answers after 4 s, is done after 5 s
        max_concurrent=2      -----A-B--C-D------------|     c starts when a is done

    Results come in the order of completion; with ``ordered`` in the order of the items, and then work that
    is done keeps its place until those before it are. The results of one item always come in order.

    Args:
        fn: answers with a stream, an awaitable of an iterable, an iterable, or None for nothing. An
            iterable is drawn from only while the gate below is open, so a generator may be endless.
        max_concurrent: most items in work.
        prefetch: most items that wait here for work; None: twice ``max_concurrent``.
        ordered: keep the order of the items.
        lanes: bounds of its own for each kind of item: one whose lane is full waits here and lets others pass.
        name: what gauges call it; None: the name of ``fn``.
        on_error: called with the item at fault and its error; gives what to emit in its place, or raises. A
            list that ``buffer`` made is first split in halves, again and again, until that item is found:
            ``fn`` must be repeatable. Results then come when the whole item, or list, is through.

    Errors: without ``on_error``, the first failure; all other work is cancelled at the same moment.

    Raises:
        ValueError: ``max_concurrent`` is less than 1, or there are lanes although the order is to be kept.
    """
    at_least_one("max_concurrent", max_concurrent)
    if lanes is not None and ordered:
        raise ValueError("lanes let items pass each other: they cannot be ordered")
    who = name or str(getattr(fn, "__name__", type(fn).__name__))
    label, most = Label(who), 2 * max_concurrent if prefetch is None else prefetch

    def make(observer: Observer, scheduler: FlowScheduler) -> Step:
        return _Concurrent(label, fn, max_concurrent, most, ordered, lanes, on_error, observer, scheduler)

    return lift(make, who)


class _Concurrent(Step):
    def __init__(
        self,
        label: Label,
        fn: Callable[[Item], Work[Item]],
        slots: int,
        prefetch: int,
        ordered: bool,
        lanes: Lanes[Item] | None,
        on_error: OnError | None,
        observer: Observer,
        scheduler: FlowScheduler,
    ) -> None:
        super().__init__(label, prefetch, observer, scheduler)
        self.fn, self._slots, self._ordered, self._on_error = fn, slots, ordered, on_error
        self.absorbs = prefetch == 0
        self._jobs: dict[Job, None] = {}
        self._parking = None if lanes is None else Parking(lanes)
        # who is to emit: if ordered, all jobs in their order; else those that have something
        self._queue: deque[Job] = deque()
        self._stuck = False  # there is something to emit, but the gate below is closed

    def on_next(self, item: Item) -> None:
        if self.stopped or self.flow.is_foreign_thread(self.label.name):
            return
        if isinstance(item, Resolvable):
            self.admit(item)
        self.inbox.append(item)
        self.flow.hold(weight(item))
        if len(self.inbox) + self._parked() >= self.prefetch + self._free():
            self.gate.close()  # now: the pump may be busy above us, and this be one of many items
        self.pump()

    def turn(self) -> None:
        self._deliver()
        parking = self._parking
        while self._free() > 0 and not self.stopped:
            if parking is not None and parking.next:
                self._start(parking.next.popleft())
            elif not self.inbox:
                break
            else:
                item = self.inbox.popleft()
                if parking is not None and not parking.enter(item):
                    continue
                self._start(item)
            self._deliver()
        if not self.stopped:
            self._regulate()

    def is_empty(self) -> bool:
        return not (self.inbox or self._jobs or self._parked())

    def _free(self) -> int:
        """Items that work could take at once."""
        return 0 if self._stuck else self._slots - len(self._jobs)

    def _regulate(self) -> None:
        waiting = len(self.inbox) + self._parked()
        if waiting >= self.prefetch + self._free():
            self.gate.close()
        elif not self.gate.is_open and waiting <= self.prefetch // 2:
            self.gate.open()

    def _parked(self) -> int:
        return 0 if self._parking is None else self._parking.count + len(self._parking.next)

    def _start(self, item: Item) -> None:
        job = Job(self, item) if self._on_error is None else SparedJob(self, item, self._on_error)
        self._jobs[job] = None
        if self._ordered:
            job.queued = True
            self._queue.append(job)
        job.start()

    def progress(self, job: Job) -> None:
        """Queue ``job``: it has something to emit, or is whole."""
        if not job.queued:
            job.queued = True
            self._queue.append(job)
        self.pump()
        if job in self._jobs:  # done, perhaps, but there is no room for it, or it is not its turn
            self.flow.stir()

    # -- emitting

    def _deliver(self) -> None:
        queue, self._stuck = self._queue, False
        while queue and not self.stopped:
            job = queue[0]
            if self._drain(job):
                if self._ordered and not job.whole:
                    return  # its turn, but there is nothing yet
                queue.popleft()
                job.queued = False
                if job.whole:
                    self._dismiss(job)
            elif not self.stopped:
                self._stuck = True
                self.watch_below()
                return

    def _drain(self, job: Job) -> bool:
        """Emit what ``job`` has; False if the gate below closed, or the stage stopped, before all was out."""
        while job.out:
            if not self.down.is_open or self.stopped:
                return False
            if len(job.out) > job.size:
                self.flow.hold(-1)
            self.observer.on_next(job.out.popleft())
        if job.rest is not None and not job.is_spent():
            if not self.down.is_open:
                return False
            for value in job.rest:
                self.observer.on_next(value)
                if self.stopped or not self.down.is_open:
                    return not self.stopped and job.is_spent()
        return not self.stopped

    def _dismiss(self, job: Job) -> None:
        del self._jobs[job]
        if self._parking is not None:
            self._parking.leave(job.item)
        job.forget()
        self.flow.hold(-job.size)
        self.flow.stir()

    def _stop(self) -> None:
        super()._stop()
        self.fn = _nothing  # reactivex keeps a stream that is over in circles: it must not keep what was worked on

    def clear(self) -> None:
        held = self.held()
        jobs, self._jobs = self._jobs, {}
        self._queue.clear()
        self.inbox.clear()
        if self._parking is not None:
            self._parking.clear()
        for job in jobs:
            job.cancel()
        self.flow.hold(-held)

    # -- as a station

    def held(self) -> int:
        return sum(map(weight, self.inbox)) + self._parked() + sum(job.held() for job in self._jobs)

    def working(self) -> int:
        return sum(job.size for job in self._jobs if not job.whole)

    def waits_for(self) -> Waits:
        if self.stopped:
            return "done"
        if self._stuck:
            return "room"
        if self._jobs and self.depth == self.flow.patients.depth and not self.is_busy():
            return "room"  # all of it waits for what is held below
        return "work" if self._jobs else "input"

    def items(self) -> Iterable[object]:
        parked = () if self._parking is None else self._parking.items()
        for item in chain(self.inbox, parked, (job.item for job in self._jobs)):
            if isinstance(item, Batch):
                yield from item
            else:
                yield item
        for job in self._jobs:
            yield from job.out or ()

    def is_busy(self) -> bool:
        return any(job.is_busy() for job in self._jobs)


def _nothing(_: Item) -> None:
    """Be the work of a stage that is over."""
