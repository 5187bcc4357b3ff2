"""What the line asks of a database.

Floor 2, ports. A catalog runs functions of a transaction, each in a thread of its own, and answers when the
transaction is over. ``rxsync.testing.catalog.CatalogTests`` is this contract as a test suite.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeVar

from peewee import BaseQuery

from rxsync.declare import SavedFile, StoredFile
from rxsync.models import Content, Related

T = TypeVar("T")


class SavedContent(NamedTuple):
    """A saved unit.

    Attributes:
        id: key of the content.
        files: path to file.
    """

    id: int
    files: dict[str, SavedFile]


class RemoteFile(NamedTuple):
    """One URL of one file, as a row of ``remote_artifact`` without its remote."""

    row: int
    position: int
    url: str
    size: int | None
    digests: str
    etag: str | None
    last_modified: str | None


class Clash(NamedTuple):
    """Two units that cannot stand in one version.

    Attributes:
        path: of a file of the one; its type and identity if it has none.
        other: likewise of the other; the same as ``path``, a folder above it, or what has the same repository key.
        origin: where in the source the one was declared; None if nobody said, or it was there before.
        other_origin: likewise of the other.
    """

    path: str
    other: str
    origin: str | None
    other_origin: str | None

    def __str__(self) -> str:
        one, other = _named(self.path, self.origin), _named(self.other, self.other_origin)
        if self.path == self.other:
            return f"{one} and {other} have other bytes: expected each path once"
        if self.path.startswith(f"{self.other}/"):
            return f"{one} lies below {other}, which is a file: expected a file or a folder, not both"
        return f"{one} and {other} have the same repository key: expected one of them"


def _named(path: str, origin: str | None) -> str:
    return f'"{path}" ({origin})' if origin else f'"{path}"'


class Declared(NamedTuple):
    """A file as it was declared.

    Attributes:
        path: where it would stand.
        identity: of its unit.
        origin: where in the source; None if nobody said.
    """

    path: str
    identity: bytes
    origin: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """What a run would change in a repository.

    Attributes:
        base: number of the version it starts from.
        present: units in that version.
        added: units that would come.
        removed: units that would go.
        vanishing: those of them whose repository key nothing added takes.
    """

    base: int
    present: int
    added: int
    removed: int
    vanishing: int


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a repository, as it is listed.

    Attributes:
        number: 0 is the empty one.
        created: when, in UTC.
        present: units in it.
        added: units in it that were not in the version before.
        removed: units of the version before that are not in it.
        run: the sync that made it; None for version 0.
    """

    number: int
    created: datetime
    present: int
    added: int
    removed: int
    run: str | None


class Unit(NamedTuple):
    """A unit of a version, as it is listed.

    Attributes:
        type: its content type.
        identity: 32 hex digits.
        files: (path, sha256 or None where the bytes are not here, size in bytes or None) each.
    """

    type: str
    identity: str
    files: tuple[tuple[str, str | None, int | None], ...]

    @property
    def name(self) -> str:
        """How a person would call it: the path of its first file, or its type and identity."""
        return self.files[0][0] if self.files else f"{self.type} {self.identity}"


class RepositorySummary(NamedTuple):
    """A repository, as it is listed.

    Attributes:
        name: its name.
        versions: how many it has.
        version: number of the newest.
        created: when that was made, in UTC.
        present: units in that.
    """

    name: str
    versions: int
    version: int
    created: datetime
    present: int


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
        """Every repository with its newest version, by name."""

    def versions(self, name: str) -> Sequence[Version]:
        """The versions of a repository, oldest first.

        Raises:
            NotFoundError: no such repository.
        """

    def version(self, name: str, number: int | None = None) -> Version:
        """One version; the newest where no number is given.

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


class VersionTransaction(WriteTransaction, ListTransaction, Protocol):
    """What only the end of a run needs."""

    def begin_run(self, run: str, repository: str, source: str) -> tuple[int, int]:
        """Note that a run began; make repository and remote where they are new; answer the keys of both."""

    def end_run(self, run: str, exit_code: int, report: str) -> None:
        """Note how the run ended, with its report as JSON."""

    def delete_repository(self, name: str) -> int:
        """Forget a repository with all its versions; its content stays. Answers how many versions went.

        Raises:
            NotFoundError: no such repository.
        """

    def begin_staging(self, run: str) -> None:
        """Give the run a place to note what it declares."""

    def end_staging(self, run: str) -> None:
        """Forget what the run noted."""

    def change(self, run: str, repository: int, *, mirror: bool) -> Change:
        """Compare what the run noted with the newest version of the repository."""

    def clash(self, run: str, repository: int) -> Clash | None:
        """Find two units that could not stand together in the version after ``change``."""

    def complete(self, run: str, repository: int, change: Change) -> Version:
        """Make the version that ``change`` describes."""


class Catalog(Protocol):
    """A database, one writer at a time."""

    async def read(self, work: Callable[[ListTransaction], T]) -> T:
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
