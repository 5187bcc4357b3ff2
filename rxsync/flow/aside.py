"""Work that failed once and is done once more, when the rest is done.

Floor 2, flow. What fails now may well succeed later; to wait for it would hold up all others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain

from rxsync.flow.work import Job
from rxsync.resolution import Resolvable
from rxsync.typing import Again

MOST = 100
"""Items that are set aside at most, those that failed again included: what is down is not to be asked for hours.

Ten at once, which is what a host is asked by default, a hundred that are refused over and over take a minute or two.
"""


class Aside:
    """Jobs between their first pass and their second.

    Args:
        again: asked about each failure of a first pass.
        wake: called when a job must not wait any longer.

    Attributes:
        ready: jobs whose second pass is due.
    """

    ready: deque[Job]

    def __init__(self, again: Again, wake: Callable[[], None]) -> None:
        self._again, self._wake = again, wake
        self.ready = deque()
        self._waiting: dict[Job, None] = {}
        self._second: set[Job] = set()  # who waits, is ready or is in its second pass
        self._failed = 0  # second passes that were in vain

    def take(self, job: Job, error: Exception) -> bool:
        """Set a job aside; False: its failure is final."""
        if job in self._second:
            self._second.discard(job)
            self._failed += 1
            return False
        if len(self._second) + self._failed >= MOST or not self._again(job.item, error):
            return False
        self._second.add(job)
        item = job.item
        if isinstance(item, Resolvable) and item.urgent:
            self.ready.append(job)
            return True
        self._waiting[job] = None
        if isinstance(item, Resolvable):
            item.holders += (self,)
        return True

    def done(self, job: Job) -> None:
        """Note that a job is through: if this was its second pass, its place is free again."""
        self._second.discard(job)

    def awaited(self, item: Resolvable) -> None:
        """Let ``item`` go at once: somebody waits for it."""
        self._go([job for job in self._waiting if job.item is item])
        self._wake()

    def release(self) -> bool:
        """Let everybody go; whether there was anybody."""
        waiting = [*self._waiting]
        self._go(waiting)
        return bool(waiting)

    def jobs(self) -> Iterator[Job]:
        """Whoever is here."""
        return chain(self._waiting, self.ready)

    def __len__(self) -> int:
        return len(self._waiting) + len(self.ready)

    def clear(self) -> None:
        """Forget everybody."""
        self.release()
        self.ready.clear()

    def _go(self, jobs: list[Job]) -> None:
        for job in jobs:
            del self._waiting[job]
            self.ready.append(job)
            if isinstance(job.item, Resolvable):
                job.item.leave(self)
