"""What the line asks of a database.

Floor 2, ports. A catalog runs functions of a transaction, each in a thread of its own, and answers when the
transaction is over. ``rxsync.testing.catalog.CatalogTests`` is this contract as a test suite.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from peewee import BaseQuery

from rxsync.declare import StoredFile
from rxsync.models import Content, Related
from rxsync.ports.answers import (
    Change,
    Clash,
    Declared,
    Planned,
    RemoteFile,
    RepositorySummary,
    RolledBack,
    RunRecord,
    SavedContent,
    Spared,
    Unit,
    Version,
    Wanted,
)
from rxsync.ports.lifecycle import LifecycleTransaction
from rxsync.ports.which import Which

__all__ = [
    "Catalog",
    "Change",
    "Clash",
    "Declared",
    "LifecycleTransaction",
    "ListTransaction",
    "PlanTransaction",
    "Planned",
    "ReadTransaction",
    "RemoteFile",
    "RepositorySummary",
    "RolledBack",
    "RunRecord",
    "SavedContent",
    "Spared",
    "Unit",
    "Version",
    "VersionTransaction",
    "Wanted",
    "Which",
    "WriteTransaction",
]

T = TypeVar("T")


class ReadTransaction(Protocol):
    """What can be asked. All of it sees one state of the database, and leaves nothing that outlives the connection."""

    def find_content(self, identities: Sequence[bytes]) -> Mapping[bytes, SavedContent]:
        """Answer which of the identities are saved, with their files."""

    def find_artifacts(self, algorithm: str, digests: Collection[str]) -> Mapping[str, StoredFile]:
        """Answer which bytes are stored, by one kind of digest."""

    def find_remote_files(self, remote: int, rows: Sequence[int]) -> Mapping[int, Sequence[RemoteFile]]:
        """Answer what a remote was known to offer for the given ``ContentArtifact`` keys, in order."""

    def declare(self, run: str, files: Sequence[Declared]) -> Clash | None:
        """Note files as declared by a run; answers two of all it has noted that cannot stand together."""

    def end_declaring(self, run: str) -> None:
        """Forget what a run declared."""


class ListTransaction(ReadTransaction, Protocol):
    """What people ask."""

    def repositories(self) -> Sequence[RepositorySummary]:
        """Every repository with its newest and its current version, by name."""

    def repository(self, name: str) -> RepositorySummary:
        """One repository with its newest and its current version.

        Raises:
            NotFoundError: no such repository.
        """

    def content_types(self) -> Sequence[str]:
        """The types of all content that is saved, by name."""

    def versions(self, name: str) -> Sequence[Version]:
        """The versions of a repository, oldest first.

        Raises:
            NotFoundError: no such repository.
        """

    def fingerprint(self, name: str) -> str | None:
        """What the source looked like when the newest version was found to hold all of it; None: nobody knows.

        Raises:
            NotFoundError: no such repository.
        """

    def version(self, name: str, number: int | None = None) -> Version:
        """One version; the newest where no number is given.

        Raises:
            NotFoundError: no such repository or version.
        """

    def expired(self, name: str, keep: int) -> Sequence[int]:
        """The versions that are not among the ``keep`` newest, nor pinned or labelled, oldest first.

        Raises:
            NotFoundError: no such repository.
        """

    def find_version(self, name: str, which: Which = None) -> Version:
        """One version, by number, label or time, after ``parse_which``; the current one for None.

        Raises:
            NotFoundError: no such repository or version.
        """

    def units(self, name: str, number: int) -> Iterable[Unit]:
        """The units of a version, by path; to be taken inside the transaction.

        Raises:
            NotFoundError: no such repository.
        """

    def changed(self, name: str, there: int, gone: int) -> Iterable[Unit]:
        """The units that are in version ``there`` and not in version ``gone``, by path; likewise.

        Raises:
            NotFoundError: no such repository.
        """

    def stored_size(self, name: str, number: int) -> int:
        """Bytes that a version's files take in the store, each once; those that are not here take none.

        Raises:
            NotFoundError: no such repository.
        """

    def runs(self, repository: str | None = None, *, limit: int, forgotten: bool = True) -> Sequence[RunRecord]:
        """The last runs, of one repository or of all, newest first; those of one that was deleted, if ``forgotten``."""

    def run(self, beginning: str) -> RunRecord:
        """The run whose id begins so.

        Raises:
            NotFoundError: there is none, or there are several.
        """

    def checked(self, repository: str) -> datetime | None:
        """When the last run ended that went through, in UTC; None if none did."""

    def is_held(self, repository: str) -> bool:
        """Whether the database knows of a run at work on a repository; where False, the home's lock files tell."""


class WriteTransaction(ReadTransaction, Protocol):
    """What can be written. Every batch is written in one order: table by table, by key in each."""

    def add_artifacts(self, files: Iterable[tuple[Mapping[str, str], int]]) -> Mapping[str, StoredFile]:
        """Name stored files by rows; (digests with sha256, size) each. Known ones stay. By sha256."""

    def add_content(self, contents: Sequence[Content], related: Iterable[Related] = ()) -> None:
        """Insert content that is not there yet, and insert or update related rows; fill in each ``id``.

        Rows that others refer to by foreign keys are written, too, where they are related, and looked up where they
        are content. Table by table, parents first, by identity in each. The same content may come as several objects.

        Raises:
            DeclarationError: a row refers to content that is not saved; names both.
        """

    def execute(self, query: BaseQuery) -> Any:
        """Run a query of the caller's own, made with peewee; it answers what peewee answers.

        Rows of several batches are written at once elsewhere: keep to one order, table by table, by key in each.
        """

    def add_content_artifacts(self, files: Sequence[tuple[int, str, int | None]]) -> Sequence[int]:
        """Insert (content, path, artifact or None) each; answers their keys, in order."""

    def point_content_artifacts(self, files: Iterable[tuple[int, int]]) -> None:
        """Say that the bytes of files are here now: (key of the file, artifact) each."""

    def set_remote_files(self, remote: int, files: Sequence[RemoteFile], gone: Iterable[tuple[int, int]]) -> None:
        """Insert or replace what a remote offers, and forget (row, position) pairs that are gone."""

    def stage(self, run: str, content: Iterable[tuple[int, str | None]]) -> set[int]:
        """Note (content, origin) as declared by a run; answers those that were not noted before."""


class CompareTransaction(ReadTransaction, Protocol):
    """What a run would change. What it notes is the connection's own, and temporary."""

    def begin_staging(self, run: str) -> None:
        """Give the run a place to note what it declares."""

    def end_staging(self, run: str) -> None:
        """Forget what the run noted."""

    def spare(self, run: str, units: Iterable[Spared]) -> None:
        """Note units that the run declared and then left out: a mirror keeps what it has in their place."""

    def change(self, run: str, repository: int, *, mirror: bool) -> Change:
        """Compare what the run noted with the newest version of the repository."""

    def clash(self, run: str, repository: int) -> Clash | None:
        """Find two units that could not stand together in the version after ``change``."""

    def digest(self, run: str) -> str:
        """Sum up what ``change`` found: 32 hex digits, the same where the same would come and the same would go."""


class PlanTransaction(ListTransaction, CompareTransaction, Protocol):
    """What a plan needs. Its ``change`` and ``clash`` know of units that have no rows yet."""

    def repository_key(self, name: str) -> int:
        """The key of a repository.

        Raises:
            NotFoundError: no such repository.
        """

    def begin_plan(self, run: str) -> None:
        """Give the plan a place for its notes, those of ``begin_staging`` among them."""

    def end_plan(self, run: str) -> None:
        """Forget them."""

    def plan(self, run: str, units: Sequence[Planned]) -> set[int]:
        """Note units as declared; answers the places, in ``units``, of those that were not noted before."""

    def wanted(self, run: str) -> tuple[int, int, int]:
        """What must be fetched: how many files, their bytes as far as they are known, files of unknown size."""

    def coming(self, run: str) -> Sequence[Unit]:
        """The units that ``change`` found to be added, by path."""

    def going(self, run: str) -> Sequence[Unit]:
        """The units that ``change`` found to be removed, by path."""


class VersionTransaction(WriteTransaction, ListTransaction, CompareTransaction, LifecycleTransaction, Protocol):
    """What only the end of a run needs, and what people do to versions."""

    def begin_run(self, run: str, repository: str, source: str) -> tuple[int, int]:
        """Note that a run began; make repository and remote where they are new; answer the keys of both."""

    def end_run(self, run: str, exit_code: int, report: str, fingerprint: str | None = None) -> None:
        """Note how the run ended, with its report as JSON, and what the source looked like, if all of it came in."""

    def delete_repository(self, name: str) -> int:
        """Forget a repository with all its versions; its content stays. Answers how many versions went.

        Raises:
            NotFoundError: no such repository.
        """

    def complete(self, run: str, repository: int, change: Change, *, skipped: int = 0) -> Version:
        """Make the version that ``change`` describes; ``skipped`` units that belong in it are not."""


class Catalog(Protocol):
    """A database, one writer at a time."""

    async def read(self, work: Callable[[PlanTransaction], T]) -> T:
        """Run ``work`` on one state of the database.

        Raises:
            CatalogError: the database refused.
        """

    async def write(self, work: Callable[[VersionTransaction], T]) -> T:
        """Run ``work`` in one transaction: all of it is kept, durably, or nothing.

        Raises:
            CatalogError: the database refused, or was locked for longer than 30 seconds.
            ConflictError: ``work`` found that the batch contradicts what is saved.
        """
