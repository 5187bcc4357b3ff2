"""How many are asked at once: in total, and of each host.

Floor 3, download. A connector of aiohttp can do this, but not change its mind.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from rxsync.flow import Dial


class Places:
    """Places to talk to hosts. First come first served, but a host whose places are taken holds up no other.

    Args:
        total: most at once.
        most: gives the dial of a host: most at once there.

    Attributes:
        busy: places that are taken.
    """

    busy: int

    def __init__(self, total: Dial, most: Callable[[str], Dial]) -> None:
        self._total, self._most, self.busy = total, most, 0
        self._hosts: dict[str | None, _Host] = {None: _Host(Dial(1 << 60))}
        self._waiting: dict[_Host, None] = {}  # hosts that somebody waits for
        self._come = 0
        total.on_change(lambda _: self._admit())

    def take(self, host: str | None) -> bool:
        """Take a place, if there is one; then nobody waits for it, since it would have been given.

        Args:
            host: where; None for what is on none, such as a file, and bound in total only.
        """
        there = self._hosts.get(host) or self._meet(host)
        if there.busy >= there.most.value or self.busy >= self._total.value:
            return False
        there.busy += 1
        self.busy += 1
        return True

    async def wait(self, host: str | None) -> None:
        """Wait for a place, after ``take`` gave none."""
        self._come += 1
        place = asyncio.get_running_loop().create_future()
        there = self._hosts[host]
        there.waiting.append((self._come, place))
        self._waiting[there] = None
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled():  # it was given, just now
                self.leave(host)
            raise

    def leave(self, host: str | None) -> None:
        """Give a place up; it goes to who has waited longest of those that can use it."""
        self._hosts[host].busy -= 1
        self.busy -= 1
        self._admit()

    def at(self, host: str) -> int:
        """How many places of a host are taken."""
        return self._hosts[host].busy

    def _meet(self, host: str | None) -> _Host:
        assert host is not None  # noqa: S101 - for mypy: what is on no host is there from the beginning
        there = self._hosts[host] = _Host(self._most(host))
        there.most.on_change(lambda _: self._admit())
        return there

    def _admit(self) -> None:
        while self._waiting and self.busy < self._total.value:
            able = [host for host in [*self._waiting] if self._can_admit(host)]
            if not able:
                return
            there = min(able, key=lambda host: host.waiting[0][0])
            there.waiting.popleft()[1].set_result(None)
            there.busy += 1
            self.busy += 1

    def _can_admit(self, there: _Host) -> bool:
        while there.waiting and there.waiting[0][1].done():  # cancelled
            there.waiting.popleft()
        if not there.waiting:
            del self._waiting[there]
        return bool(there.waiting) and there.busy < there.most.value


class Place:
    """The place of one download, over redirects.

    Args:
        places: of which it is one.
    """

    __slots__ = ("_host", "_places", "_taken")

    def __init__(self, places: Places) -> None:
        self._places, self._taken = places, False
        self._host: str | None = None

    async def move(self, host: str | None) -> None:
        """Take a place at a host, once there is one; the one at another host is given up first."""
        if self._taken and host == self._host:
            return
        self.leave()
        if not self._places.take(host):
            await self._places.wait(host)
        self._host, self._taken = host, True

    def leave(self) -> None:
        """Give it up, if it has not been."""
        if self._taken:
            self._taken = False
            self._places.leave(self._host)


class _Host:
    """Who is there, and who waits to be."""

    __slots__ = ("busy", "most", "waiting")

    def __init__(self, most: Dial) -> None:
        self.most, self.busy = most, 0
        self.waiting: deque[tuple[int, asyncio.Future[None]]] = deque()  # with the number it came as
