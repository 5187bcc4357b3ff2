"""Bounds of their own for kinds of items, within one bound for all.

Floor 2, flow. Work on one host must not take all the places that others could use, nor wait in places of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Generic, TypeVar

from rxsync.flow.work import Job
from rxsync.typing import Item

T = TypeVar("T")


@dataclass(frozen=True)
class Lanes(Generic[T]):
    """How much work of one kind may go on at once.

    Attributes:
        of: names the lane of an item that wants to be worked on; None: it is bound by no lane.
        most: most items of one lane in work.
    """

    of: Callable[[T], Hashable | None]
    most: int


class Parking:
    """Who is under way in each lane, and who waits beside it.

    Attributes:
        count: jobs that wait, in all lanes.
        next: jobs that waited and have a place now; whoever takes one lets it go ahead.
    """

    count: int
    next: deque[Job]

    def __init__(self, lanes: Lanes[Item]) -> None:
        self._of, self._most = lanes.of, lanes.most
        self.count, self.next = 0, deque[Job]()
        self._busy: dict[Hashable, int] = {}
        self._lane_of: dict[Job, Hashable] = {}  # of those that have a place
        self._waiting: dict[Hashable, deque[Job]] = {}

    def enter(self, job: Job) -> bool:
        """Let a job go ahead; False: it waits here until one of its lane has left."""
        lane = self._of(job.item)
        if lane is None:
            return True
        busy = self._busy.get(lane, 0)
        if busy >= self._most:
            self._waiting.setdefault(lane, deque()).append(job)
            self.count += 1
            return False
        self._busy[lane], self._lane_of[job] = busy + 1, lane
        return True

    def leave(self, job: Job) -> None:
        """Note that a job that went ahead is done; its place goes to who waits for it."""
        lane = self._lane_of.pop(job, None)
        if lane is None:
            return
        waiting = self._waiting.get(lane)
        if waiting:
            first = waiting.popleft()
            self._lane_of[first] = lane
            self.next.append(first)
            self.count -= 1
            return
        self._busy[lane] -= 1
        if not self._busy[lane]:
            del self._busy[lane]
            self._waiting.pop(lane, None)

    def jobs(self) -> Iterable[Job]:
        """Whoever waits or has not gone ahead yet."""
        return chain(self.next, chain.from_iterable(self._waiting.values()))

    def clear(self) -> None:
        """Forget everybody who waits."""
        self._waiting.clear()
        self.next.clear()
        self.count = 0
