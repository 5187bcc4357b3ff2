"""Bounds of their own for kinds of items, within one bound for all.

Floor 2, flow. Work on one host must not take all the places that others could use, nor wait in places of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Generic, TypeVar

from rxsync.flow.dial import Dial, now
from rxsync.flow.work import Job
from rxsync.typing import Item

T = TypeVar("T")


@dataclass(frozen=True)
class Lanes(Generic[T]):
    """How much work of one kind may go on at once.

    Attributes:
        of: names the lane of an item that wants to be worked on; None: it is bound by no lane.
        most: most items of one lane in work: a number for all, or what gives the dial of a lane.
    """

    of: Callable[[T], Hashable | None]
    most: int | Callable[[Item], Dial]


class Parking:
    """Who is under way in each lane, and who waits beside it.

    Args:
        lanes: what bounds them.
        wake: called when somebody who waited has a place since a dial was turned.

    Attributes:
        count: jobs that wait, in all lanes.
        next: jobs that waited and have a place now; whoever takes one lets it go ahead.
    """

    count: int
    next: deque[Job]

    def __init__(self, lanes: Lanes[Item], wake: Callable[[], None]) -> None:
        self._of, self._most, self._wake = lanes.of, lanes.most, wake
        self.count, self.next = 0, deque[Job]()
        self._lanes: dict[Hashable, _Lane] = {}  # those that somebody is in
        self._lane_of: dict[Job, _Lane] = {}  # of those that have a place

    def enter(self, job: Job) -> bool:
        """Let a job go ahead; False: it waits here until one of its lane has left."""
        name = self._of(job.item)
        if name is None:
            return True
        lane = self._lanes.get(name) or self._open(name)
        if lane.busy >= lane.most:
            lane.waiting.append(job)
            self.count += 1
            return False
        lane.busy += 1
        self._lane_of[job] = lane
        return True

    def leave(self, job: Job) -> None:
        """Note that a job that went ahead is done; its place goes to who waits for it."""
        lane = self._lane_of.pop(job, None)
        if lane is None:
            return
        lane.busy -= 1
        self._fill(lane)
        if not lane.busy:
            del self._lanes[lane.name]
            lane.close()

    def _open(self, name: Hashable) -> _Lane:
        lane = self._lanes[name] = _Lane(name)
        bound = self._most if isinstance(self._most, int) else self._most(name)
        lane.most = now(bound)
        if isinstance(bound, Dial):

            def turned(most: int) -> None:
                lane.most = most
                self._fill(lane)
                self._wake()

            lane.close = bound.on_change(turned)
        return lane

    def _fill(self, lane: _Lane) -> None:
        while lane.waiting and lane.busy < lane.most:
            first = lane.waiting.popleft()
            lane.busy += 1
            self._lane_of[first] = lane
            self.next.append(first)
            self.count -= 1

    def jobs(self) -> Iterable[Job]:
        """Whoever waits or has not gone ahead yet."""
        return chain(self.next, chain.from_iterable(lane.waiting for lane in self._lanes.values()))

    def clear(self) -> None:
        """Forget everybody."""
        for lane in self._lanes.values():
            lane.close()
        self._lanes.clear()
        self._lane_of.clear()
        self.next.clear()
        self.count = 0


class _Lane:
    """One lane, while somebody is in it."""

    __slots__ = ("busy", "close", "most", "name", "waiting")

    def __init__(self, name: Hashable) -> None:
        self.name, self.busy, self.most = name, 0, 0
        self.waiting: deque[Job] = deque()
        self.close: Callable[[], None] = _nothing


def _nothing() -> None:
    """Nobody listens to a number."""
