"""What one unit has of a run's budget, in claims that go the way of the bytes.

Floor 3, operators. A claim is first with the fetch, then with the body that came of it, and gives itself back with
whoever has it: no one need know what it was of, or that it is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol
from weakref import ref

from reactivex import Observable, abc
from reactivex.disposable import Disposable

from rxsync.declare import Body, DeclarativeContent
from rxsync.flow import FlowScheduler
from rxsync.resolution import Resolvable
from rxsync.typing import Observer


class Owner(Protocol):
    """The budget, as those that have of it see it."""

    small: int

    def ask(self, lease: Lease, wanted: list[tuple[FileClaim, int]]) -> Ask | None:
        """Let claims have so many bytes each; if that cannot be now, answer what to wait for."""

    def count(self, memory: int, disk: int) -> None:
        """Count bytes that are here already, unasked."""

    def take_back(self, lease: Lease, memory: int, disk: int, claims: int) -> None:
        """Take back bytes of a lease, and claims; from any thread."""

    def insist(self, ask: Ask) -> None:
        """Grant what waits, although it does not fit."""

    def look(self) -> None:
        """See, a tick later, who can be granted now."""

    def withdraw(self, ask: Ask) -> None:
        """Forget who waits; harmless when granted."""


class Lease:
    """All that one unit has; over when none of its claims is left.

    Attributes:
        age: less than that of later ones.
        unit: the unit, as long as somebody else has it.
        claims: how many are not given back.
    """

    __slots__ = ("age", "claims", "unit")

    age: int
    unit: ref[DeclarativeContent]
    claims: int

    def __init__(self, age: int, unit: DeclarativeContent, claims: int) -> None:
        self.age, self.unit, self.claims = age, ref(unit), claims


class FileClaim:
    """What one file has; see the port ``rxsync.declare.Claim``.

    Attributes:
        room: bytes that it may have now.
        on_disk: whether they are counted as on disk, not in memory.
        ask: what to wait for before the first byte; None for nothing.
        make_way: called before it waits for room while bytes come.
    """

    __slots__ = ("_budget", "_lease", "_live", "_settled", "ask", "make_way", "on_disk", "room")

    room: int
    on_disk: bool
    ask: Ask | None
    make_way: Callable[[], None] | None

    def __init__(self, budget: Owner, lease: Lease) -> None:
        self._budget, self._lease = budget, lease
        self.room, self.on_disk, self.ask, self.make_way = 0, False, None, None
        self._live, self._settled = True, False

    def goes_to_disk(self, size: int) -> bool:
        """Whether ``size`` bytes of this are counted as on disk."""
        return self.on_disk or size > self._budget.small

    async def grow(self, size: int) -> None:
        """Wait until it may have ``size`` bytes, more than ``room``."""
        ask = self._budget.ask(self._lease, [(self, size)])
        if ask is not None:
            if self.make_way is not None:
                self.make_way()
            await ask.wait()

    def hand_over(self, body: Body) -> None:
        """Let ``body`` have what it takes of this; whoever wants to fetch once more has to grow again."""
        other = FileClaim(self._budget, self._lease)
        self._lease.claims += 1
        other.room, other.on_disk = min(body.size, self.room), self.on_disk
        self.room -= other.room
        body.claim = other

    def settle(self, body: Body | None) -> None:
        """The fetch is over: from now on this is the body's, and as large; None: nothing came."""
        self._settled, self.make_way = True, None
        if body is None or body.claim is not None or body.kept:
            self.give_back()
            return
        body.claim = self
        more = body.size - self.room
        if more < 0:
            self._take_back(-more, 0)
        elif more > 0:  # whoever fetched it did not ask
            self.on_disk = self.on_disk or (not self.room and self.goes_to_disk(body.size))
            self._budget.count(*self._kinds(more))
        self.room = body.size

    def give_up(self) -> None:
        """The fetch is over; harmless when it is settled what with."""
        if not self._settled:
            self.give_back()

    def give_back(self) -> None:
        """Have nothing any more. Harmless when called again, and from any thread."""
        if self._live:
            self._live = False
            room, self.room = self.room, 0
            self._take_back(room, 1)

    __del__ = give_back  # with the body that has it, or the fetch that was never begun

    def _take_back(self, size: int, claims: int) -> None:
        self._budget.take_back(self._lease, *self._kinds(size), claims)

    def _kinds(self, size: int) -> tuple[int, int]:
        return (0, size) if self.on_disk else (size, 0)


class Ask:
    """One who waits for room. It is a ``Patient`` of the flow, and a ``Holder`` of its unit.

    Attributes:
        lease: whose.
        unit: the unit it is for; None if that is gone.
        wanted: claims, and how many bytes each shall have.
        memory: bytes that are missing, in memory.
        disk: bytes that are missing, on disk.
    """

    __slots__ = ("_budget", "_scheduler", "_tasks", "_waiting", "disk", "lease", "memory", "unit", "wanted")

    lease: Lease
    unit: DeclarativeContent | None
    wanted: list[tuple[FileClaim, int]]
    memory: int
    disk: int

    def __init__(
        self, budget: Owner, lease: Lease, wanted: list[tuple[FileClaim, int]], memory: int, disk: int
    ) -> None:
        self._budget, self.lease, self.unit, self.wanted = budget, lease, lease.unit(), wanted
        self.memory, self.disk = memory, disk
        self._waiting: dict[object, Callable[[], None]] = {}
        self._tasks: set[asyncio.Task[object] | None] = set()
        self._scheduler: FlowScheduler | None = None

    def begin(self, scheduler: FlowScheduler) -> None:
        """Wait, at the stage with this scheduler."""
        self._scheduler = scheduler
        scheduler.flow.press(self, scheduler.depth)
        if self.unit is not None:
            self.unit.holders += (self,)

    def end(self) -> None:
        """Wait no longer, granted or not."""
        if self._scheduler is not None:
            self._scheduler.flow.patients.dismiss(self)
        if self.unit is not None:
            self.unit.leave(self)

    def tell(self) -> None:
        """Let those go on who waited: it is granted."""
        while self._waiting:
            self._waiting.pop(next(iter(self._waiting)))()

    async def wait(self) -> None:
        """Wait until it is granted."""
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        task = asyncio.current_task()
        self._tasks.add(task)
        self._waiting[granted] = lambda: _wake(granted)
        if self._scheduler is not None:
            self._scheduler.flow.stir()  # so far, the task was taken to be at work
        try:
            await granted
        except BaseException:
            self._budget.withdraw(self)
            raise
        finally:
            self._tasks.discard(task)

    def stream(self) -> Observable[None]:
        """Emit once, when it is granted."""

        def subscribe(observer: Observer, scheduler: abc.SchedulerBase | None = None) -> abc.DisposableBase:
            def granted() -> None:
                observer.on_next(None)
                observer.on_completed()

            self._waiting[observer] = granted
            return Disposable(lambda: self._budget.withdraw(self))

        return Observable(subscribe)

    # -- as a patient, and as a holder

    def concerns(self, work: object) -> bool:
        """Whether this, a unit in work or a task that works on it, stands still meanwhile."""
        return work is self.unit or any(work is task for task in self._tasks)

    def relent(self) -> None:
        """Go on: nothing in the line moves, so no room will come."""
        self._budget.insist(self)

    def awaited(self, item: Resolvable) -> None:
        """Go on: somebody waits for the unit."""
        self._budget.look()


def _wake(future: asyncio.Future[None]) -> None:
    with suppress(asyncio.InvalidStateError):  # cancelled just now
        future.set_result(None)
