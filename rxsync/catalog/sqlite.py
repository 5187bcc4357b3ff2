"""SQLite: one thread writes, one thread reads, each with a connection of its own.

Floor 3, catalog. WAL lets them work at once, and other processes read meanwhile. ``synchronous=FULL`` because an
acknowledged version must survive a power cut; at one commit a batch it costs nothing visible.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TypeVar

from peewee import PeeweeException, SqliteDatabase

from rxsync.catalog import schema
from rxsync.catalog.listing import Listing
from rxsync.catalog.versions import Versions
from rxsync.errors import CatalogError, HomeError
from rxsync.locks import alone_in
from rxsync.models import Keyed
from rxsync.threads import in_thread

T = TypeVar("T")

PATIENCE = 30
"""How long a connection waits for another process's transaction, in seconds."""

_PRAGMAS = {"cache_size": -16_000, "foreign_keys": 1, "temp_store": 0}
_DURABLE = {"journal_mode": "wal", "synchronous": "full"}


class SqliteCatalog:
    """A catalog in one file, or in memory.

    Args:
        path: the file; None for a database in memory, which lives as long as the catalog.
        writable: False opens an existing file for reading only and never touches it.

    Implements ``rxsync.ports.catalog.Catalog``.
    """

    def __init__(self, path: Path | None = None, *, writable: bool = True) -> None:
        self.path = path
        shown = str(path) if path else ":memory:"
        pragmas = {**_PRAGMAS, **(_DURABLE if path and writable else {})}
        self._writer: _Connection | None = None
        if writable:
            database = SqliteDatabase(shown, pragmas, lock_type="IMMEDIATE", timeout=PATIENCE)
            self._writer = _Connection(database, shown)
        if path is None:
            self._reader = self._writer or _Connection(SqliteDatabase(shown), shown)
        else:
            database = SqliteDatabase(_read_only(path, alone=not writable), _PRAGMAS, uri=True, timeout=PATIENCE)
            self._reader = _Connection(database, shown, reads_only=True)

    async def prepare(self, types: Iterable[type[Keyed]]) -> None:
        """Make what tables are missing: those of every home, and those of the given types of rows.

        Raises:
            HomeError: the database has another schema.
            DeclarationError: a type is impossible.
            CatalogError: the database refused.
        """
        writer = self._writing()

        def make(connection: sqlite3.Connection) -> None:
            schema.make_core(writer.database, writer.shown)
            schema.make_types(writer.database, types)

        # Alone, since two processes may both be the first, and a change of the journal mode waits for nobody.
        await writer.run(make, alone=self.path.parent if self.path else None)

    async def read(self, work: Callable[[Listing], T]) -> T:
        """Run ``work`` on one state of the database.

        Raises:
            CatalogError: the database refused.
        """
        return await self._reader.run(lambda connection: work(Listing(connection, self._reader.database)))

    async def write(self, work: Callable[[Versions], T]) -> T:
        """Run ``work`` in one transaction: all of it is kept, durably, or nothing.

        Raises:
            CatalogError: the database refused, or was locked for longer than 30 seconds.
        """
        writer = self._writing()
        return await writer.run(lambda connection: work(Versions(connection, writer.database)))

    async def close(self) -> None:
        """Close both connections, after whatever they are doing. Harmless when called again."""
        try:
            await self._reader.close()
        finally:
            if self._writer is not None:
                await self._writer.close()

    def _writing(self) -> _Connection:
        if self._writer is None:
            raise CatalogError(f"{self.path}: opened for reading only")
        return self._writer


class _Connection:
    """One connection and the one thread that may use it."""

    def __init__(self, database: SqliteDatabase, shown: str, *, reads_only: bool = False) -> None:
        self.database, self.shown, self.reads_only = database, shown, reads_only
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="rxsync-catalog")
        self._closed = False

    async def run(self, work: Callable[[sqlite3.Connection], T], *, alone: Path | None = None) -> T:
        """Run ``work`` in one transaction, in the thread; with the lock of a folder, where one is given."""
        return await in_thread(self._thread, partial(self._transact, work, alone))

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            try:
                await in_thread(self._thread, self.database.close)
            finally:
                self._thread.shutdown()

    def _transact(self, work: Callable[[sqlite3.Connection], T], alone: Path | None) -> T:
        try:
            with alone_in(alone) if alone else nullcontext():
                return self._connected(work)
        except (sqlite3.Error, PeeweeException) as error:
            raise _translated(error, self.shown) from error

    def _connected(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self.database.connect(reuse_if_open=True):
            try:
                if schema.check(self.database, self.shown) == 0 and self.reads_only:
                    raise HomeError(f"{self.shown}: no home yet")
            except BaseException:
                self.database.close()  # or the next to ask would find it open, and unchecked
                raise
        with self.database.atomic():
            return work(self.database.connection())


def _read_only(path: Path, *, alone: bool) -> str:
    """The URI of a file to be read only; ``alone``: by a process that does not write to it, either.

    Where we could not write, SQLite must leave nothing of ours beside the file, and need not look for writers.
    """
    uri = f"{path.absolute().as_uri()}?mode=ro"
    ours = os.access(path.parent, os.W_OK) and os.access(path, os.W_OK)
    settled = not path.with_name(f"{path.name}-wal").exists()
    return f"{uri}&immutable=1" if alone and settled and not ours else uri


def _translated(error: Exception, name: str) -> CatalogError:
    if "cannot rollback" in str(error) and isinstance(error.__context__, sqlite3.Error | PeeweeException):
        error = error.__context__  # SQLite has rolled back by itself, which hides why
    said = str(error)
    translated = CatalogError(f"{name}: {said}")
    translated.transient = "locked" in said
    return translated
