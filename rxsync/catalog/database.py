"""What every catalog does alike: one thread writes, one thread reads, each with a connection of its own.

Floor 3, catalog.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TypeVar

from peewee import Database

from rxsync.catalog import schema
from rxsync.catalog.marks import MarkedError, drop
from rxsync.catalog.planning import Planning
from rxsync.catalog.rows import Connection
from rxsync.catalog.versions import Versions
from rxsync.errors import CatalogError, LockedError
from rxsync.models import Keyed
from rxsync.threads import in_thread

T = TypeVar("T")

Work = Callable[[Connection, Database], T]
"""What is done inside a transaction."""

PATIENCE = 30
"""How long a transaction waits for another's, in seconds."""


class Session(ABC):
    """One connection, made when it is first needed, and the one thread that may use it.

    Args:
        database: peewee's, not connected yet.
        shown: how the database is called, without secrets.
        reads_only: it must be a home already, since nobody here would make it one.
    """

    database: Database
    shown: str
    reads_only: bool

    def __init__(self, database: Database, shown: str, *, reads_only: bool = False) -> None:
        self.database, self.shown, self.reads_only = database, shown, reads_only
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="rxsync-catalog")
        self._closed = False

    async def run(self, work: Work[T]) -> T:
        """Run ``work`` in one transaction, in the thread.

        Raises:
            HomeError: the database has another schema, or none where it should.
            CatalogError: the database refused.
        """
        return await self.in_thread(partial(self.transact, work))

    async def run_alone(self, work: Work[T]) -> T:
        """Run ``work`` in one transaction, in the thread, while nobody else prepares the same database.

        Raises:
            HomeError: the database has another schema.
            CatalogError: the database refused.
        """
        return await self.run(work)

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Run ``work`` in the thread, with no transaction around it."""
        return await in_thread(self._thread, work)

    async def close(self) -> None:
        """Close the connection, after whatever it is doing. Harmless when called again."""
        if not self._closed:
            self._closed = True
            try:
                await self.in_thread(self.database.close)
            finally:
                self._thread.shutdown()

    @abstractmethod
    def transact(self, work: Work[T]) -> T:
        """Run ``work`` in one transaction, in this thread, and say of what the database refuses ``CatalogError``."""

    def connect(self) -> bool:
        """Be connected to a database of ours; answers whether that is new.

        Raises:
            HomeError: the database has another schema, or none where it should.
            PeeweeException: it cannot be reached.
        """
        if not self.database.connect(reuse_if_open=True):
            return False
        try:
            self.greet()
            if schema.check(self.database, self.shown) == 0 and self.reads_only:
                raise schema.no_home(self.shown)
        except BaseException:
            self.database.close()  # or the next to ask would find it open, and unchecked
            raise
        return True

    @abstractmethod
    def greet(self) -> None:
        """Say what holds for a new connection.

        Raises:
            HomeError: there is nothing to work in.
        """

    @abstractmethod
    async def hold(self, repository: str) -> bool:
        """Take the lock of a repository, until the connection ends; False where another session has it.

        Raises:
            CatalogError: the database refused.
        """

    @abstractmethod
    async def let_go(self, repository: str) -> None:
        """Give the lock of a repository back.

        Raises:
            CatalogError: the database refused.
        """


class DatabaseCatalog:
    """A catalog behind one session that writes and one that reads.

    Args:
        writer: None for a catalog that is only read.
        reader: may be the writer.

    Implements ``rxsync.ports.catalog.Catalog``.
    """

    def __init__(self, writer: Session | None, reader: Session) -> None:
        self._writer, self._reader = writer, reader

    async def prepare(self, types: Iterable[type[Keyed]]) -> None:
        """Make what tables are missing: those of every home, and those of the given types of rows.

        Raises:
            HomeError: the database has another schema.
            DeclarationError: a type is impossible.
            CatalogError: the database refused.
        """
        writer = self.writing()

        def make(_: Connection, database: Database) -> None:
            schema.make_core(database, writer.shown)
            schema.make_types(database, types)

        await writer.run_alone(make)

    async def is_made(self) -> bool:
        """Whether there is a home in the database; asked without making one.

        Raises:
            HomeError: it has another schema.
            CatalogError: the database refused.
        """
        return await self._reader.run(lambda _, database: schema.check(database, self._reader.shown) != 0)

    async def read(self, work: Callable[[Planning], T]) -> T:
        """Run ``work`` on one state of the database. It runs again where it has found rows that bear marks.

        Raises:
            CatalogError: the database refused.
        """
        relies = self._writer is not None  # who only reads saves nothing that would refer to what is found
        while True:
            try:
                return await self._reader.run(lambda c, database: work(Planning(c, database, relies=relies)))
            except MarkedError as found:
                kind, keys = found.kind, found.keys
            await self.write(lambda tx: drop(tx.connection, kind, keys))  # noqa: B023 - runs at once

    async def write(self, work: Callable[[Versions], T]) -> T:
        """Run ``work`` in one transaction: all of it is kept, durably, or nothing. It may run again.

        Raises:
            CatalogError: the database refused, or was locked for longer than 30 seconds.
        """
        return await self.writing().run(lambda connection, database: work(Versions(connection, database)))

    @asynccontextmanager
    async def holding(self, repository: str) -> AsyncIterator[None]:
        """Keep every other run off a repository, on whatever host it is; the lock goes with the connection.

        Args:
            repository: its name.

        Raises:
            LockedError: another run holds it; answered at once.
            CatalogError: the database refused, or is opened for reading only.
        """
        writer = self.writing()
        if not await writer.hold(repository):
            raise LockedError(repository)
        try:
            yield
        finally:
            with suppress(CatalogError):  # without a connection there is no lock, either
                await writer.let_go(repository)

    async def close(self) -> None:
        """Close all connections, after whatever they are doing. Harmless when called again."""
        try:
            await self._reader.close()
        finally:
            if self._writer is not None:
                await self._writer.close()

    def writing(self) -> Session:
        """Give the session that writes.

        Raises:
            CatalogError: there is none.
        """
        if self._writer is None:
            raise CatalogError(f"{self._reader.shown}: opened for reading only")
        return self._writer
