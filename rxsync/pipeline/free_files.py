"""Free the files of the store that no row names.

Floor 4, pipeline. A run puts bytes first and names them later, so a file without a row may be one of a run at work: the
order of the questions here is what tells them apart.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from rxsync.catalog import DatabaseCatalog, collecting
from rxsync.pipeline.living import live_runs, oldest
from rxsync.storage import LocalStorage
from rxsync.storage.removing import StoredBytes

BATCH = 1000
"""Files that are looked at together."""

SLACK = 3600
"""How far apart the clocks of hosts and of a file server may be, in seconds."""

_NANO = 1_000_000_000


@dataclass
class Files:
    """A count of files, and the bytes that they free."""

    count: int = 0
    bytes: int = 0

    def add(self, files: Sequence[StoredBytes]) -> None:
        """Count some."""
        self.count += len(files)
        self.bytes += sum(file.freed for file in files)


@dataclass
class FreeFiles:
    """Goes through the store once.

    Args:
        catalog: where rows are.
        storage: where files are.
        grace: how long a file without a row stays, from when it came.
        began: when this began, in seconds since 1970: what is younger stays.
        dry_run: remove nothing, and count as if what is doomed had no rows.

    Attributes:
        removed: what is gone.
        kept: what no row names, and stays for now.
        youngest: when the youngest of ``kept`` came, in UTC; None where the grace of all is over.
    """

    catalog: DatabaseCatalog
    storage: LocalStorage
    grace: timedelta
    began: float
    dry_run: bool
    removed: Files = field(default_factory=Files)
    kept: Files = field(default_factory=Files)
    youngest: datetime | None = None

    async def run(self) -> None:
        """Do it.

        Raises:
            StorageError: a folder cannot be read, or a file not removed.
            CatalogError: the database refused.
        """
        async for names in _batches(self.storage.names()):
            nameless = await self.catalog.read(lambda tx: collecting.unnamed(tx, names, soon=self.dry_run))  # noqa: B023 - runs at once
            found = await self.storage.look(nameless)
            if found:
                await self._free(found)

    async def _free(self, found: Sequence[StoredBytes]) -> None:
        # Only now that they were looked at: who put one before that, and has not named it yet, is at work still.
        # Who puts one later puts another inode in its place, and ``remove`` leaves that alone.
        runs = await live_runs(self.catalog, self.storage)
        bound = oldest(runs).replace(tzinfo=UTC).timestamp() - SLACK
        ready: list[StoredBytes] = []
        for file in found:
            young = file.changed > (self.began - self.grace.total_seconds()) * _NANO
            if young:
                self._note(file)
            if young or file.changed >= bound * _NANO:
                self.kept.add([file])
            else:
                ready.append(file)
        self.removed.add(ready if self.dry_run else await self._remove(ready))

    async def _remove(self, files: Sequence[StoredBytes]) -> list[StoredBytes]:
        names = [file.sha256 for file in files]
        nameless = await self.catalog.read(lambda tx: collecting.unnamed(tx, names))  # by those who are done, still
        return await self.storage.remove([file for file in files if file.sha256 in nameless])

    def _note(self, file: StoredBytes) -> None:
        came = datetime.fromtimestamp(file.changed / _NANO, UTC).replace(tzinfo=None)
        self.youngest = came if self.youngest is None else max(self.youngest, came)


async def _batches(names: AsyncIterator[str]) -> AsyncIterator[list[str]]:
    batch: list[str] = []
    async for name in names:
        batch.append(name)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
