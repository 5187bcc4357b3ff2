"""Bound the bytes of a run that are downloaded and not yet stored.

Floor 3, operators. A unit has one lease, asked for at once for all of its files that are to be fetched, before their
first byte. Nobody works out later how much there is to give back, and nobody who took nothing gives anything back.
Follows: ``pulpcore.plugin.stages.artifact_stages.ArtifactResourceBudget``, which a sum over units releases.
"""

from __future__ import annotations

from bisect import insort
from collections import OrderedDict, deque
from collections.abc import Sequence
from typing import NamedTuple

from rxsync.declare import DeclarativeContent
from rxsync.errors import FlowError
from rxsync.flow import FlowScheduler
from rxsync.operators.lease import Ask, FileClaim, Lease, missing
from rxsync.ports.storage import MEMORY, SMALL

DISK = 4 << 30
"""Most bytes of one run on disk until they are stored: a disc image, or many packages at once; a disk that has no room
for so much more than it is to keep would soon be full anyway."""


class Used(NamedTuple):
    """What is leased.

    Attributes:
        memory: bytes of files that are in memory until they are stored.
        disk: bytes of larger ones.
    """

    memory: int
    disk: int


class Budget:
    """What one run may have under way: never more than this, and one unit.

    The oldest lease need not fit, and neither need that of a unit which somebody awaits: they make room for the others,
    who wait, first come first served. So one too large for it all passes alone. Where the line comes to rest because
    units are held further down, who waits longest goes on.

    Args:
        memory: most bytes of files in memory.
        disk: most bytes of files on disk.
        small: largest file that is in memory, in bytes.
    """

    memory: int
    disk: int
    small: int

    def __init__(self, memory: int = MEMORY, disk: int = DISK, small: int = SMALL) -> None:
        self.memory, self.disk, self.small = memory, disk, small
        self._memory = self._disk = 0
        self._leases: OrderedDict[Lease, None] = OrderedDict()  # finds the oldest at once, however many are gone
        self._asks: list[Ask] = []  # the oldest lease's first
        self._back: deque[tuple[Lease, int, int, int]] = deque()  # told by any thread
        self._age = 0
        self._scheduler: FlowScheduler | None = None
        self._looks = False

    @property
    def used(self) -> Used:
        """What is leased now."""
        self._collect()
        return Used(self._memory, self._disk)

    @property
    def waiting(self) -> int:
        """How many wait for room."""
        return len(self._asks)

    def belong(self, scheduler: FlowScheduler) -> None:
        """Be that of the stage with this scheduler: whoever waits, waits there."""
        self._scheduler = scheduler

    def lease(self, unit: DeclarativeContent, sizes: Sequence[int | None]) -> list[FileClaim]:
        """Lease room for files of a unit, of ``sizes`` bytes; None: nobody knows.

        Answers a claim for each; whoever fetches the file waits for the claim's ``ask`` before, if there is one.
        """
        if self._back:
            self._collect()
        self._age += 1
        lease = Lease(self._age, unit, len(sizes))
        self._leases[lease] = None
        claims = [FileClaim(self, lease) for _ in sizes]
        if len(claims) == 1 and self._takes_small(claims[0], sizes[0] or 0):
            return claims
        ask = self.ask(lease, [(claim, size or 0) for claim, size in zip(claims, sizes, strict=True)])
        for claim in claims:
            claim.ask = ask
        return claims

    # -- for claims

    def grant(self, lease: Lease, wanted: list[tuple[FileClaim, int]]) -> bool:
        """Let claims have so many bytes each, if that can be at once."""
        if self._asks or not self._fits(*missing(wanted)):
            self._collect()
            if not self._is_next(Ask(self, lease, wanted)):
                return False
        self._take(wanted)
        return True

    def ask(self, lease: Lease, wanted: list[tuple[FileClaim, int]]) -> Ask | None:
        """Let claims have so many bytes each; if that cannot be at once, answer what to wait for."""
        if self.grant(lease, wanted):
            return None
        if self._scheduler is None:
            raise FlowError("a budget that belongs to no stage cannot let anybody wait")
        ask = Ask(self, lease, wanted)
        insort(self._asks, ask, key=_age)
        ask.begin(self._scheduler)
        if self._back:  # another thread was quicker
            self.look()
        return ask

    def count(self, memory: int, disk: int) -> None:
        """Count bytes that are here already, unasked."""
        self._memory += memory
        self._disk += disk

    def take_back(self, lease: Lease, memory: int, disk: int, claims: int) -> None:
        """Take back bytes of a lease, and claims; from any thread."""
        self._back.append((lease, memory, disk, claims))
        if self._asks:
            self.look()

    # -- for asks

    def look(self) -> None:
        """See, a tick later, who can be granted now; from any thread."""
        if not self._looks and self._scheduler is not None:
            self._looks = True
            self._scheduler.flow.soon(self._look)

    def insist(self, ask: Ask) -> None:
        """Grant what waits, although it does not fit; unless somebody can be granted who does."""
        if not self._grant_what_fits():
            self._grant([ask])

    def withdraw(self, ask: Ask) -> None:
        """Forget who waits; harmless when granted."""
        if ask in self._asks:
            self._forget(ask)
            self.look()

    # -- who waits

    def _is_next(self, ask: Ask) -> bool:
        asks = [*self._asks]
        insort(asks, ask, key=_age)
        return ask in self._grantable(asks)

    def _look(self) -> None:
        self._looks = False
        self._grant_what_fits()

    def _grant_what_fits(self) -> bool:
        self._collect()
        granted = self._grantable(self._asks)
        self._grant(granted)
        return bool(granted)

    def _grantable(self, asks: list[Ask]) -> list[Ask]:
        """Those who fit, first come first served for each kind, and those who need not."""
        memory, disk, granted = self._memory, self._disk, []
        oldest, memory_waits, disk_waits = next(iter(self._leases), None), False, False
        for ask in asks:
            free = not (ask.memory and (memory_waits or memory + ask.memory > self.memory))
            free = free and not (ask.disk and (disk_waits or disk + ask.disk > self.disk))
            if free or ask.lease is oldest or (ask.unit is not None and ask.unit.urgent):
                granted.append(ask)
                memory, disk = memory + ask.memory, disk + ask.disk
            else:
                memory_waits, disk_waits = memory_waits or ask.memory > 0, disk_waits or ask.disk > 0
        return granted

    def _grant(self, asks: list[Ask]) -> None:
        for ask in asks:
            self._forget(ask)
            self._take(ask.wanted)
        for ask in asks:  # who goes on may ask for more at once
            ask.tell()

    def _forget(self, ask: Ask) -> None:
        self._asks.remove(ask)
        ask.end()
        for claim, _ in ask.wanted:
            claim.ask = None

    # -- the books

    def _takes_small(self, claim: FileClaim, size: int) -> bool:
        """Grant a new claim at once, if that is easy: it nearly always is, and should cost nothing then."""
        if self._asks or size > self.small or self._memory + size > self.memory:
            return False
        self._memory += size
        claim.room = size
        return True

    def _fits(self, memory: int, disk: int) -> bool:
        return (not memory or self._memory + memory <= self.memory) and (not disk or self._disk + disk <= self.disk)

    def _take(self, wanted: list[tuple[FileClaim, int]]) -> None:
        for claim, size in wanted:
            if claim.on_disk:
                self._disk += size - claim.room
            elif claim.goes_to_disk(size):
                self.count(-claim.room, size)
                claim.on_disk = True
            else:
                self._memory += size - claim.room
            claim.room = size

    def _collect(self) -> None:
        while self._back:
            lease, memory, disk, claims = self._back.popleft()
            self.count(-memory, -disk)
            lease.claims -= claims
            if not lease.claims:
                self._leases.pop(lease, None)


def _age(ask: Ask) -> int:
    return ask.lease.age
