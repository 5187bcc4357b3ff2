"""What can be asked of the versions of a repository, and done to them.

Floor 4, pipeline. A version is named by its number, a label or a time, see ``rxsync.ports.which``; the current one is
meant where none is named.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

from rxsync.catalog import DatabaseCatalog
from rxsync.models import Keyed
from rxsync.pipeline.retention import check_keep, retain
from rxsync.ports.catalog import ListTransaction, RolledBack, Unit, Version, VersionTransaction
from rxsync.ports.which import Which, check_label, parse_which

T = TypeVar("T")


class Versioned(ABC):
    """Something with versions, by name: a repository.

    Whatever is asked or done here raises ``UsageError`` where a version is named in a way that none can be,
    ``HomeError`` where there is no home yet, and ``CatalogError`` where the database refuses.
    """

    name: str

    @abstractmethod
    async def read(self, work: Callable[[ListTransaction], T]) -> T:
        """Ask the database, without writing anything."""

    @abstractmethod
    async def write(self, work: Callable[[VersionTransaction], T]) -> T:
        """Change what is in the database, in one transaction; whoever is at work here goes on."""

    @abstractmethod
    def holding(self, types: Iterable[type[Keyed]]) -> AbstractAsyncContextManager[DatabaseCatalog]:
        """Open the database for writing, and keep every other run off.

        Raises:
            LockedError: another run is at work.
        """

    async def versions(self) -> list[Version]:
        """Its versions, oldest first.

        Raises:
            NotFoundError: there is no such repository.
        """
        return await self.read(lambda tx: list(tx.versions(self.name)))

    async def version(self, which: Which = None) -> Version:
        """One version.

        Raises:
            NotFoundError: there is no such repository or version.
        """
        one = parse_which(which)
        return await self.read(lambda tx: tx.find_version(self.name, one))

    async def units(self, which: Which = None) -> list[Unit]:
        """The units of a version, by path.

        Raises:
            NotFoundError: there is no such repository or version.
        """
        one = parse_which(which)
        return await self.read(lambda tx: list(tx.units(self.name, tx.find_version(self.name, one).number)))

    async def diff(self, one: Which, other: Which) -> tuple[list[Unit], list[Unit]]:
        """What came and what went from version ``one`` to version ``other``, by path each.

        Raises:
            NotFoundError: there is no such repository or version.
        """
        pair = parse_which(one), parse_which(other)

        def ask(tx: ListTransaction) -> tuple[list[Unit], list[Unit]]:
            old, new = (tx.find_version(self.name, which).number for which in pair)
            return list(tx.changed(self.name, new, old)), list(tx.changed(self.name, old, new))

        return await self.read(ask)

    async def pin(self, which: Which = None) -> Version:
        """Let a version be the current one, whatever comes later; syncs go on making versions.

        Raises:
            NotFoundError: there is no such repository or version.
        """
        one = parse_which(which)
        return await self.write(lambda tx: tx.pin(self.name, one))

    async def unpin(self) -> Version:
        """Let the newest version be the current one again, and answer it. Harmless where nothing is pinned.

        Raises:
            NotFoundError: there is no such repository.
        """
        return await self.write(lambda tx: tx.unpin(self.name))

    async def label(self, which: Which, label: str) -> Version:
        """Give a version a label; the version that had it loses it.

        Raises:
            UsageError: it cannot be a label.
            NotFoundError: there is no such repository or version.
        """
        one, checked = parse_which(which), check_label(label)
        return await self.write(lambda tx: tx.label(self.name, one, checked))

    async def unlabel(self, label: str) -> Version:
        """Take a label away; answers the version that had it.

        Raises:
            UsageError: it cannot be a label.
            NotFoundError: there is no such repository, or no version has it.
        """
        checked = check_label(label)
        return await self.write(lambda tx: tx.unlabel(self.name, checked))

    async def roll_back(self, which: Which = None) -> RolledBack:
        """Make a version that holds what an older one holds, and pin it, so that no sync undoes that.

        Where the newest holds just that already, no version is made, and the newest is pinned.

        Args:
            which: the older version; None for the one before the current version.

        Raises:
            NotFoundError: there is no such repository or version; or none was named, and before the current one there
                is none, or only the empty version 0.
            LockedError: a run is at work.
        """
        one = parse_which(which)
        return await self._alone(lambda tx: tx.roll_back(self.name, one))

    async def delete_version(self, which: Which) -> Version:
        """Delete a version by folding it into the next; answers what it was. All others hold what they held.

        Raises:
            UsageError: it is the newest, pinned or labelled.
            NotFoundError: there is no such repository or version.
            LockedError: a run is at work.
        """
        one = parse_which(which)
        return await self._alone(lambda tx: tx.delete_version(self.name, one))

    async def retain(self, keep: int) -> list[int]:
        """Delete what is older than the newest ``keep`` versions, see ``rxsync.pipeline.retention``.

        Args:
            keep: how many, one or more. Pinned and labelled versions stay beside them, and so does the current one.

        Raises:
            UsageError: ``keep`` is less than one.
            NotFoundError: there is no such repository.
            LockedError: a run is at work.
        """
        check_keep(keep)
        await self.version()
        async with self.holding(()) as catalog:
            return await retain(catalog, self.name, keep)

    async def _alone(self, work: Callable[[VersionTransaction], T]) -> T:
        """Change versions while no run is at work."""
        await self.version()  # says so where there is no such repository, and makes nothing there
        async with self.holding(()) as catalog:
            return await catalog.write(work)
