"""The step that runs work on items, several at once: who starts, who waits beside, who emits.

Floor 2, flow. ``concurrent.py`` is the operator made of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from itertools import chain

from rxsync.flow.aside import Aside
from rxsync.flow.buffer import Batch
from rxsync.flow.dial import Bound, Dial, now
from rxsync.flow.gauge import Label, Waits
from rxsync.flow.lanes import Lanes, Parking
from rxsync.flow.scheduler import FlowScheduler
from rxsync.flow.step import Step
from rxsync.flow.work import Job, SparedJob, weight
from rxsync.resolution import Resolvable
from rxsync.typing import Again, Item, Observer, OnError, Work


class Concurrent(Step):
    """One subscription; the arguments are those of the operator."""

    fn: Callable[[Item], Work[Item]]
    absorbs: bool
    prefetch: int

    def __init__(
        self,
        label: Label,
        fn: Callable[[Item], Work[Item]],
        slots: Bound,
        prefetch: int | None,
        ordered: bool,
        lanes: Lanes[Item] | None,
        on_error: OnError | None,
        again: Again | None,
        observer: Observer,
        scheduler: FlowScheduler,
    ) -> None:
        super().__init__(label, prefetch or 0, observer, scheduler)
        self.fn, self._ordered, self._on_error = fn, ordered, on_error
        self._given, self._unlisten = prefetch, slots.on_change(self._turned) if isinstance(slots, Dial) else None
        self._set(now(slots))
        self.absorbs = prefetch == 0
        self._jobs: dict[Job, None] = {}
        self._parking = None if lanes is None else Parking(lanes, self.pump)
        self._aside = None if again is None else Aside(again, self.pump)
        # who is to emit: if ordered, all jobs in their order; else those that have something
        self._queue: deque[Job] = deque()
        self._stuck = False  # there is something to emit, but the gate below is closed

    def _set(self, slots: int) -> None:
        self._slots, self.prefetch = slots, 2 * slots if self._given is None else self._given

    def _turned(self, slots: int) -> None:
        self._set(slots)
        self.pump()

    def _stop(self) -> None:
        super()._stop()
        self.fn = _nothing  # reactivex keeps a stream that is over in circles: it must not keep what was worked on
        if self._unlisten is not None:
            self._unlisten()

    def on_next(self, item: Item) -> None:
        """Take one item; it may start at once."""
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
        """Emit what there is, start who may, and close or open the gate above."""
        self._deliver()
        while self._free() > 0 and not self.stopped:
            job = self._next()
            if job is None:
                break
            self._start(job)
            self._deliver()
        if not self.stopped:
            self._regulate()

    def is_empty(self) -> bool:
        """Whether nothing waits and nothing is in work."""
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

    def _next(self) -> Job | None:
        """Who may start; None if nobody may."""
        parking, aside = self._parking, self._aside
        if parking is not None and parking.next:
            return parking.next.popleft()
        while True:
            if aside is not None and aside.ready:
                job = aside.ready.popleft()
            elif self.inbox:
                job = self._job(self.inbox.popleft())
            elif aside and self.completed and not (self._jobs or self._parked()):
                aside.release()  # all others are done
                continue
            else:
                return None
            if parking is None or parking.enter(job):
                return job

    def _job(self, item: Item) -> Job:
        if self._on_error is None and self._aside is None:
            return Job(self, item)
        return SparedJob(self, item, self._on_error)

    def _start(self, job: Job) -> None:
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

    def set_aside(self, job: Job, error: Exception) -> bool:
        """Have ``job`` start once more, later; False: its failure is final."""
        if self._aside is None or not self._aside.take(job, error):
            return False
        del self._jobs[job]
        if self._parking is not None:
            self._parking.leave(job)
        self.flow.stir()
        self.pump()
        return True

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
            self._parking.leave(job)
        if self._aside is not None:
            self._aside.done(job)
        job.forget()
        self.flow.hold(-job.size)
        self.flow.stir()

    def clear(self) -> None:
        """Cancel what is in work and give up what is held."""
        held = self.held()
        jobs, self._jobs = self._jobs, {}
        self._queue.clear()
        self.inbox.clear()
        if self._parking is not None:
            self._parking.clear()
        if self._aside is not None:
            self._aside.clear()
        for job in jobs:
            job.cancel()
        self.flow.hold(-held)

    # -- as a station

    def held(self) -> int:
        """Items in it, in work, beside it or set aside."""
        aside = 0 if self._aside is None else len(self._aside)
        return sum(map(weight, self.inbox)) + self._parked() + aside + sum(job.held() for job in self._jobs)

    def working(self) -> int:
        """Items in work."""
        return sum(job.size for job in self._jobs if not job.whole)

    def waits_for(self) -> Waits:
        """What it waits for now."""
        if self.stopped:
            return "done"
        if self._stuck:
            return "room"
        if self._jobs and self.depth == self.flow.patients.depth and not self.is_busy():
            return "room"  # all of it waits for what is held below
        return "work" if self._jobs else "input"

    def items(self) -> Iterable[object]:
        """Whatever is held, results that are not out included."""
        parked = () if self._parking is None else self._parking.jobs()
        aside = () if self._aside is None else self._aside.jobs()
        for item in chain(self.inbox, (job.item for job in chain(parked, aside, self._jobs))):
            if isinstance(item, Batch):
                yield from item
            else:
                yield item
        for job in self._jobs:
            yield from job.out or ()

    def is_busy(self) -> bool:
        """Whether any work may still move by itself."""
        return any(job.is_busy() for job in self._jobs)

    def hurry(self) -> bool:
        """Let those go who were set aside; whether there was anybody."""
        if self._aside is None or not self._aside.release():
            return False
        self.pump()
        return True


def _nothing(_: Item) -> None:
    """Be the work of a stage that is over."""
