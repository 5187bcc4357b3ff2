"""Bounds of their own for kinds of items, within one bound for all.

Floor 2, flow. Work on one host must not take all the places that others could use, nor wait in places of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Generic, TypeVar

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
        count: items that wait, in all lanes.
        next: items that waited and have a place now; whoever takes one lets it go ahead.
    """

    count: int
    next: deque[Item]

    def __init__(self, lanes: Lanes[Item]) -> None:
        self._of, self._most = lanes.of, lanes.most
        self.count, self.next = 0, deque[Item]()
        self._busy: dict[Hashable, int] = {}
        self._lane_of: dict[int, Hashable] = {}  # by identity of the item that has a place
        self._waiting: dict[Hashable, deque[Item]] = {}

    def enter(self, item: Item) -> bool:
        """Let an item go ahead; False: it waits here until one of its lane has left."""
        lane = self._of(item)
        if lane is None:
            return True
        busy = self._busy.get(lane, 0)
        if busy >= self._most:
            self._waiting.setdefault(lane, deque()).append(item)
            self.count += 1
            return False
        self._busy[lane], self._lane_of[id(item)] = busy + 1, lane
        return True

    def leave(self, item: Item) -> None:
        """Note that an item that went ahead is done; its place goes to who waits for it."""
        lane = self._lane_of.pop(id(item), None)
        if lane is None:
            return
        waiting = self._waiting.get(lane)
        if waiting:
            first = waiting.popleft()
            self._lane_of[id(first)] = lane
            self.next.append(first)
            self.count -= 1
            return
        self._busy[lane] -= 1
        if not self._busy[lane]:
            del self._busy[lane]
            self._waiting.pop(lane, None)

    def items(self) -> Iterable[Item]:
        """Whoever waits or has not gone ahead yet."""
        return chain(self.next, chain.from_iterable(self._waiting.values()))

    def clear(self) -> None:
        """Forget everybody who waits."""
        self._waiting.clear()
        self.next.clear()
        self.count = 0
