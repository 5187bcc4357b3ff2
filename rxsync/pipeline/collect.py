"""Free what nothing refers to, beside whatever syncs are at work.

Floor 4, pipeline. Mark, then find out who is at work, then delete what was marked before the oldest of them began:
rows first, then the files that no row names. The reasons are in ``docs/decisions/0011-collecting.md``. It may be
killed at any point: what it leaves, the next one finds.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic, time

from rxsync.catalog import DatabaseCatalog, collecting, marks, open_catalog
from rxsync.catalog.collecting import Begun, Limits, Row, Waiting
from rxsync.catalog.listing import Listing
from rxsync.catalog.references import References
from rxsync.errors import LockedError, UsageError
from rxsync.pipeline.collected import DAY, Collected, Kept
from rxsync.pipeline.free_files import FreeFiles
from rxsync.pipeline.living import live_runs, oldest
from rxsync.pipeline.lock import locked
from rxsync.pipeline.retention import check_keep, retain
from rxsync.storage import LocalStorage

BATCH = 1000
"""Most rows that are marked or deleted in one transaction."""

LOCK = ".gc"
"""Held by a collection; no repository can be called so."""

LONGEST = 1_000_000_000
"""Longest grace, in seconds: 31 years."""

_HIGHEST = 1 << 62


@dataclass(frozen=True)
class Wishes:
    """What is asked for.

    Attributes:
        keep: how many versions of each repository stay; None for all.
        grace: how long what nothing refers to stays, in seconds, from when a collection first saw it so.
        dry_run: only tell.
        repositories: those that ``keep`` is for; none named: all.

    Raises:
        UsageError: a number cannot be, or repositories are named without ``keep``.
    """

    keep: int | None = None
    grace: float = DAY
    dry_run: bool = False
    repositories: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if self.keep is not None:
            check_keep(self.keep)
        if not 0 <= self.grace <= LONGEST:
            raise UsageError(f"grace {self.grace}: expected seconds, 0 to {LONGEST}")
        if self.repositories and self.keep is None:
            raise UsageError("repositories are named for keep: expected a number to keep, or no names")


async def collect(database: Path | str, storage: LocalStorage, locks: Path, wishes: Wishes) -> Collected:
    """Free what nothing refers to, and answer what that was.

    Args:
        database: the home's.
        storage: the home's.
        locks: where lock files are.
        wishes: what is asked for.

    Raises:
        NotFoundError: no such repository.
        LockedError: another collection is at work here.
        StorageError: a file cannot be removed.
        CatalogError: the database refused.
    """
    catalog = open_catalog(database, writable=not wishes.dry_run, notes=True)
    try:
        if wishes.dry_run:
            return await _Collection(catalog, storage, wishes).tell()
        async with _alone(catalog, locks):
            return await _Collection(catalog, storage, wishes).run()
    finally:
        await catalog.close()


@asynccontextmanager
async def _alone(catalog: DatabaseCatalog, locks: Path) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        try:
            stack.enter_context(locked(locks, LOCK))
            await stack.enter_async_context(catalog.holding(LOCK))
        except LockedError:
            raise LockedError("gc", "another one is at work in this home") from None
        yield


class _Collection:
    """One collection, from what is found to what is freed."""

    def __init__(self, catalog: DatabaseCatalog, storage: LocalStorage, wishes: Wishes) -> None:
        self.catalog, self.storage, self.wishes = catalog, storage, wishes
        self.began, self.clock = time(), monotonic()
        self.grace = timedelta(seconds=wishes.grace)
        self.versions: list[tuple[str, int]] = []
        self.runs: list[Begun] = []

    async def tell(self) -> Collected:
        """Find out what ``run`` would do, by the same questions."""
        keep = self.wishes.keep or 1
        for name in await self._repositories():
            numbers = await self.catalog.read(lambda tx: tx.expired(name, keep))  # noqa: B023 - runs at once
            self.versions += [(name, number) for number in numbers]
        references, now = await self.catalog.read(lambda tx: collecting.survey(tx, self.versions))
        _, waiting = await self._doom(references, now)
        content, artifacts = await self.catalog.read(collecting.count_doomed)
        return await self._free(content, artifacts, waiting)

    async def run(self) -> Collected:
        """Do it."""
        for name in await self._repositories():
            numbers = await retain(self.catalog, name, self.wishes.keep or 1)
            self.versions += [(name, number) for number in numbers]
        references, now = await self.catalog.read(collecting.survey)
        now = max(now, await self._mark())
        limits, waiting = await self._doom(references, now)
        content = await self._delete(references, marks.CONTENT, limits)
        artifacts = await self._delete(references, marks.ARTIFACT, limits)
        return await self._free(content, artifacts, waiting)

    async def _repositories(self) -> list[str]:
        """Those that may lose versions."""
        if self.wishes.keep is None:
            return []
        if not self.wishes.repositories:
            return [one.name for one in await self.catalog.read(lambda tx: list(tx.repositories()))]
        names = list(dict.fromkeys(self.wishes.repositories))
        await self.catalog.read(lambda tx: [tx.repository_key(name) for name in names])
        return names

    async def _mark(self) -> datetime:
        """Mark what nothing refers to, take marks off the rest; answers the time of the last mark."""
        last = datetime.min
        async for rows in self._pages(collecting.outdated):
            await self.catalog.write(lambda tx: collecting.unmark(tx, rows))  # noqa: B023 - runs at once
        async for rows in self._pages(collecting.unmarked):
            last = await self.catalog.write(lambda tx: marks.add(tx.connection, rows))  # noqa: B023 - runs at once
        return last

    async def _pages(self, ask: Callable[[Listing, Row, int], list[Row]]) -> AsyncIterator[list[Row]]:
        after = ("", 0)
        while rows := await self.catalog.read(lambda tx: ask(tx, after, BATCH)):  # noqa: B023 - runs at once
            yield rows
            after = rows[-1]

    async def _doom(self, references: References, now: datetime) -> tuple[Limits, Waiting]:
        """Find out who is at work, and what may go beside them. What they look up from now on loses its mark."""
        self.runs = await live_runs(self.catalog, self.storage)
        limits = Limits(now, self.grace, oldest(self.runs))
        return limits, await self.catalog.read(lambda tx: collecting.doom(tx, references, limits))

    async def _delete(self, references: References, kind: str, limits: Limits) -> int:
        """Delete what may go, in short transactions; again what others referred to that have gone meanwhile."""
        count, below, left = 0, _HIGHEST, list[int]()
        while keys := await self.catalog.read(lambda tx: collecting.doomed(tx, kind, below, BATCH)):  # noqa: B023 - runs at once
            gone = await self._delete_some(references, kind, keys, limits)
            left += [key for key in keys if key not in gone]
            count, below = count + len(gone), keys[-1]
        before = len(left) + 1
        while 0 < len(left) < before:
            before = len(left)
            for start in range(0, before, BATCH):
                gone = await self._delete_some(references, kind, left[start : start + BATCH], limits)
                left[start : start + BATCH] = [0 if key in gone else key for key in left[start : start + BATCH]]
                count += len(gone)
            left = [key for key in left if key]
        return count

    async def _delete_some(self, references: References, kind: str, keys: list[int], limits: Limits) -> set[int]:
        return await self.catalog.write(lambda tx: collecting.delete(tx, references, kind, keys, limits))

    async def _free(self, content: int, artifacts: int, waiting: Waiting) -> Collected:
        """Free the files, and sum up."""
        files = FreeFiles(self.catalog, self.storage, self.grace, self.began, self.wishes.dry_run)
        await files.run()
        old = self.began - self.grace.total_seconds()
        partial, partial_bytes = await self.storage.forget_partial(old, dry_run=self.wishes.dry_run)
        times = [at + self.grace for at in (waiting.marked, files.youngest) if at is not None]
        return Collected(
            versions=tuple(self.versions),
            content=content,
            artifacts=artifacts,
            files=files.removed.count,
            partial=partial,
            bytes_freed=files.removed.bytes + partial_bytes,
            waiting=Kept(
                waiting.content,
                waiting.files + files.kept.count,
                waiting.bytes + files.kept.bytes,
                max(map(_whole, times), default=None),
            ),
            live_runs=tuple(self.runs),
            dry_run=self.wishes.dry_run,
            seconds=round(monotonic() - self.clock, 3),
        )


def _whole(at: datetime) -> datetime:
    """Round up to a second, so that it is not told too early."""
    return at.replace(microsecond=0) + timedelta(seconds=1)
