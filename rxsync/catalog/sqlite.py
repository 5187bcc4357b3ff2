"""SQLite: a file, or memory.

Floor 3, catalog. WAL lets reader and writer work at once, and other processes read meanwhile. ``synchronous=FULL``
because an acknowledged version must survive a power cut; at one commit a batch it costs nothing visible.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import nullcontext
from pathlib import Path
from typing import TypeVar

from peewee import PeeweeException, SqliteDatabase

from rxsync.catalog.database import PATIENCE, DatabaseCatalog, Session, Work
from rxsync.errors import CatalogError
from rxsync.locks import alone_in
from rxsync.wording import MAKE_ROOM

T = TypeVar("T")

_PRAGMAS = {"cache_size": -16_000, "foreign_keys": 1, "temp_store": 0}
_FULL = ("SQLITE_FULL", "SQLITE_IOERR_SHMSIZE")
"""What SQLite calls a disk that is full; the second where there is no room even to begin."""
_DURABLE = {"journal_mode": "wal", "synchronous": "full"}


class SqliteCatalog(DatabaseCatalog):
    """A catalog in one file, or in memory.

    Args:
        path: the file; None for a database in memory, which lives as long as the catalog.
        writable: False opens an existing file for reading only and never touches it.

    Implements ``rxsync.ports.catalog.Catalog``.
    """

    path: Path | None

    def __init__(self, path: Path | None = None, *, writable: bool = True) -> None:
        self.path = path
        shown = str(path) if path else ":memory:"
        pragmas = {**_PRAGMAS, **(_DURABLE if path and writable else {})}
        writer: SqliteSession | None = None
        if writable:
            database = SqliteDatabase(shown, pragmas, lock_type="IMMEDIATE", timeout=PATIENCE)
            writer = SqliteSession(database, shown, path.parent if path else None)
        if path is None:
            reader = writer or SqliteSession(SqliteDatabase(shown), shown)
        else:
            database = SqliteDatabase(_read_only(path, alone=not writable), _PRAGMAS, uri=True, timeout=PATIENCE)
            reader = SqliteSession(database, shown, reads_only=True)
        super().__init__(writer, reader)


class SqliteSession(Session):
    """A session with SQLite.

    Args:
        database: peewee's, not connected yet.
        shown: how the database is called.
        folder: where it is; None in memory.
        reads_only: it must be a home already.
    """

    def __init__(
        self, database: SqliteDatabase, shown: str, folder: Path | None = None, *, reads_only: bool = False
    ) -> None:
        super().__init__(database, shown, reads_only=reads_only)
        self._folder = folder

    async def run_alone(self, work: Work[T]) -> T:
        """Run ``work`` in one transaction, in the thread, while no other process prepares the same file.

        Two may both be the first, and a change of the journal mode waits for nobody.

        Raises:
            HomeError: the database has another schema.
            CatalogError: the database refused.
        """

        def transact() -> T:
            with alone_in(self._folder) if self._folder else nullcontext():
                return self.transact(work)

        return await self.in_thread(transact)

    async def hold(self, repository: str) -> bool:
        """Do nothing: whoever shares the file shares the home's lock files, too."""
        return True

    async def let_go(self, repository: str) -> None:
        """Likewise."""

    def greet(self) -> None:
        """Do nothing: peewee sets the pragmas."""

    def transact(self, work: Work[T]) -> T:
        """Run ``work`` in one transaction, in this thread.

        Raises:
            HomeError: the database has another schema, or none where it should.
            CatalogError: the database refused.
        """
        try:
            self.connect()
            with self.database.atomic():
                return work(self.database.connection(), self.database)
        except (sqlite3.Error, PeeweeException) as error:
            raise _translated(error, self.shown) from error


def _read_only(path: Path, *, alone: bool) -> str:
    """The URI of a file to be read only; ``alone``: by a process that does not write to it, either.

    Where we could not write, SQLite must leave nothing of ours beside the file, and need not look for writers.
    """
    uri = f"{path.absolute().as_uri()}?mode=ro"
    ours = os.access(path.parent, os.W_OK) and os.access(path, os.W_OK)
    settled = not path.with_name(f"{path.name}-wal").exists()
    return f"{uri}&immutable=1" if alone and settled and not ours else uri


def _translated(error: Exception, name: str) -> CatalogError:
    while "cannot rollback" in str(error) and isinstance(error.__context__, sqlite3.Error | PeeweeException):
        error = error.__context__  # SQLite has rolled back by itself, which hides why; peewee tells of it twice
    said = str(error)
    translated = CatalogError(f"{name}: {said}")
    translated.transient = "locked" in said
    if any(getattr(one, "sqlite_errorname", "") in _FULL for one in (error, error.__context__)):  # peewee wraps
        translated.hint = MAKE_ROOM
    return translated
