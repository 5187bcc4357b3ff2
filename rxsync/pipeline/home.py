"""A home: one folder with a database, a store, and the runs at work in it.

Floor 4, pipeline. Opening a home touches nothing. Only a sync makes one; whoever reads never writes to it.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rxsync.catalog import DatabaseCatalog, check_url, no_home, open_catalog
from rxsync.errors import HomeError, StorageError, UsageError
from rxsync.models import Keyed
from rxsync.pipeline.collected import DAY, Collected
from rxsync.pipeline.lock import locked
from rxsync.pipeline.versioned import Versioned
from rxsync.ports.catalog import ListTransaction, RepositorySummary, VersionTransaction
from rxsync.storage import LocalStorage

T = TypeVar("T")

DATABASE = "rxsync.db"

_is_name = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,127}").fullmatch


def check_name(name: str) -> str:
    """Let a repository's name pass: it is also the name of a file and of a URL's first segment.

    Raises:
        UsageError: it cannot be one.
    """
    if not _is_name(name):
        raise UsageError(f"{name!r} cannot name a repository: expected letters, digits and ._+-, at most 128")
    return name


@asynccontextmanager
async def closed(catalog: DatabaseCatalog) -> AsyncIterator[DatabaseCatalog]:
    """Close a catalog afterwards."""
    try:
        yield catalog
    finally:
        await catalog.close()


class Home:
    """Where repositories live.

    Args:
        path: the folder.
        database: URL of the database, ``postgresql://…``; None for a file in the folder.

    Attributes:
        database: the file or the URL.
        storage: where bytes are.

    Raises:
        HomeError: there is something else at ``path``.
        UsageError: ``database`` is of no kind that is known here.
    """

    database: Path | str
    storage: LocalStorage

    def __init__(self, path: Path, database: str | None = None) -> None:
        self.path = path
        self.database = check_url(database) if database else path / DATABASE
        self.storage = LocalStorage(path)
        if path.exists() and not path.is_dir():
            raise HomeError(f"{path} is a file: expected a folder, or nothing yet")

    def repository(self, name: str) -> Repository:
        """Name one of the home's repositories; it need not exist yet.

        Raises:
            UsageError: it cannot be a name.
        """
        return Repository(self, name)

    async def repositories(self) -> list[RepositorySummary]:
        """Every repository with its newest and its current version, by name.

        Raises:
            HomeError: there is no home here yet.
            CatalogError: the database refused.
        """
        return await self.read(lambda tx: list(tx.repositories()))

    async def content_types(self) -> list[str]:
        """The types of all content that is saved here, by name, also of plugins that are not installed.

        Raises:
            HomeError: there is no home here yet.
            CatalogError: the database refused.
        """
        return await self.read(lambda tx: list(tx.content_types()))

    async def read(self, work: Callable[[ListTransaction], T]) -> T:
        """Ask the database, without writing anything.

        Raises:
            HomeError: there is no home here yet.
            CatalogError: the database refused.
        """
        if isinstance(self.database, Path) and not self.database.exists():
            raise no_home(self.path)
        async with closed(open_catalog(self.database, writable=False)) as catalog:
            return await catalog.read(work)

    async def write(self, work: Callable[[VersionTransaction], T]) -> T:
        """Change what is in the database, in one transaction; makes no home and no tables.

        Raises:
            HomeError: there is no home here yet.
            CatalogError: the database refused.
        """
        await self.read(lambda tx: None)  # says so where there is none
        async with closed(open_catalog(self.database)) as catalog:
            return await catalog.write(work)

    async def gc(
        self, *, keep: int | None = None, grace: float = DAY, dry_run: bool = False, repositories: Sequence[str] = ()
    ) -> Collected:
        """Free what no version refers to, beside whatever syncs are at work; they lose nothing.

        What nothing refers to is marked first, and freed by a later call, once ``grace`` is over.

        Args:
            keep: how many versions of a repository stay, the newest; None for all.
            grace: how long what nothing refers to stays from when a call first saw it so, in seconds; a day.
            dry_run: only tell what would be freed now.
            repositories: names of those that ``keep`` is for; none named: all.

        Raises:
            UsageError: an argument cannot be, or there is no such repository.
            HomeError: there is no home here yet.
            LockedError: another collection is at work here.
            StorageError: a file cannot be removed.
            CatalogError: the database refused.
        """
        from rxsync.pipeline.collect import Wishes, collect  # which no sync needs

        wishes = Wishes(keep, grace, dry_run, repositories)
        await self.read(lambda tx: None)  # or there would be nothing to collect from
        return await collect(self.database, self.storage, self.locks, wishes)

    @asynccontextmanager
    async def writing(self, types: Iterable[type[Keyed]]) -> AsyncIterator[DatabaseCatalog]:
        """Open the database for writing; make the home, and the tables of a plugin's types, where missing.

        Raises:
            HomeError: the database has another schema.
            StorageError: the folder cannot be made.
            CatalogError: the database refused.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"{self.path}: {error.strerror}") from error
        async with closed(open_catalog(self.database)) as catalog:
            await catalog.prepare(types)
            yield catalog

    @asynccontextmanager
    async def planning(self, types: Iterable[type[Keyed]]) -> AsyncIterator[DatabaseCatalog]:
        """Open the database for a plan, which writes nothing; where there is no home yet, an empty one in memory.

        Raises:
            HomeError: the database has another schema.
            CatalogError: the database refused.
        """
        made = not isinstance(self.database, Path) or self.database.exists()
        async with closed(open_catalog(self.database, writable=False, notes=True)) as catalog:
            if made and await catalog.is_made():
                yield catalog
                return
        async with closed(open_catalog(None)) as catalog:
            await catalog.prepare(types)
            yield catalog

    @property
    def locks(self) -> Path:
        """Where the lock files are."""
        return self.path / "locks"


@dataclass(frozen=True)
class Repository(Versioned):
    """One repository of a home, by name.

    Attributes:
        home: the home.
        name: its name.

    Raises:
        UsageError: it cannot be a name.
    """

    home: Home
    name: str

    def __post_init__(self) -> None:
        """Refuse a name that would lead elsewhere."""
        check_name(self.name)

    async def read(self, work: Callable[[ListTransaction], T]) -> T:
        """Ask the home's database, without writing anything.

        Raises:
            HomeError: there is no home here yet.
            CatalogError: the database refused.
        """
        return await self.home.read(work)

    async def write(self, work: Callable[[VersionTransaction], T]) -> T:
        """Change what is in the home's database, in one transaction; whoever is at work on the repository goes on.

        Raises:
            HomeError: there is no home here yet.
            CatalogError: the database refused.
        """
        return await self.home.write(work)

    async def summary(self) -> RepositorySummary:
        """What it is, with its newest and its current version.

        Raises:
            NotFoundError: there is no such repository.
        """
        return await self.read(lambda tx: tx.repository(self.name))

    async def delete(self) -> int:
        """Forget the repository with all its versions; answers how many. What it held stays in the store.

        Raises:
            NotFoundError: there is no such repository.
            LockedError: a run is at work on it.
        """
        await self.version()
        async with self.holding(()) as catalog:
            return await catalog.write(lambda tx: tx.delete_repository(self.name))

    @asynccontextmanager
    async def holding(self, types: Iterable[type[Keyed]]) -> AsyncIterator[DatabaseCatalog]:
        """Open the home's database for writing, and keep every other run off this repository.

        Args:
            types: of rows that there must be tables for.

        Raises:
            LockedError: another run is at work on it, here or on another host.
            HomeError: the database has another schema.
            StorageError: the folder cannot be made.
            CatalogError: the database refused.
        """
        with locked(self.home.locks, self.name):
            async with self.home.writing(types) as catalog, catalog.holding(self.name):
                yield catalog
