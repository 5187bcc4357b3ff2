"""What a catalog answers: plain values.

Floor 2, ports.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from rxsync.declare import SavedFile


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
        kept: units that stay for what was declared and left out.
    """

    base: int
    present: int
    added: int
    removed: int
    vanishing: int
    kept: int = 0


class Spared(NamedTuple):
    """What is known of a unit that was declared and then left out.

    Attributes:
        type: its content type.
        identity: None where a field of its natural key was to be learnt.
        repository_key: None where it has none, or that was to be learnt. Where nothing at all is known of it, it may be
            any of its type.
    """

    type: str
    identity: bytes | None
    repository_key: bytes | None


Wanted = tuple[str, int | None]
"""Bytes that must be fetched: what tells them from others, and their size in bytes, if it is known."""


class Planned(NamedTuple):
    """A unit as a plan notes it.

    Attributes:
        id: key of its row; None for one that is not saved.
        identity: of its natural key.
        type: its content type.
        repository_key: what may stand only once in a version; None for none.
        origin: where in the source it was declared; None if nobody said.
        files: (path, size in bytes or None) each.
        wanted: bytes of it that must be fetched.
    """

    id: int | None
    identity: bytes
    type: str
    repository_key: bytes | None
    origin: str | None
    files: tuple[tuple[str, int | None], ...]
    wanted: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a repository, as it is listed.

    Attributes:
        number: 0 is the empty one.
        created: when, in UTC.
        present: units in it.
        added: units in it that were not in the version before.
        removed: units of the version before that are not in it.
        run: the sync that made it; None for version 0, and for one that was rolled back to.
        skipped: units that the run which made it left out for an error.
        labels: its names, in order.
        pinned: it stays the current one whatever comes later.
        current: it is what the repository holds for those who do not name a version: the pinned one, else the newest.
            False while it is only being made.
    """

    number: int
    created: datetime
    present: int
    added: int
    removed: int
    run: str | None
    skipped: int = 0
    labels: tuple[str, ...] = ()
    pinned: bool = False
    current: bool = False


class RolledBack(NamedTuple):
    """What a rollback did.

    Attributes:
        version: the one that is current and pinned now.
        target: the one whose content that has.
        made: False if the newest version held just that already, so that it was only pinned.
    """

    version: Version
    target: Version
    made: bool


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


class RunRecord(NamedTuple):
    """A run, as it was noted.

    Attributes:
        run: 32 hex digits.
        repository: its name.
        source: URL without credentials.
        started: when, in UTC.
        finished: when it ended, in UTC; None if it did not.
        exit_code: what it ended with; likewise.
        report: its report, as JSON; likewise.
    """

    run: str
    repository: str
    source: str
    started: datetime
    finished: datetime | None
    exit_code: int | None
    report: str | None


class RepositorySummary(NamedTuple):
    """A repository, as it is listed.

    Attributes:
        name: its name.
        versions: how many it has.
        version: number of the newest.
        created: when that was made, in UTC.
        present: units in that.
        current: the current version: the pinned one, else the newest.
    """

    name: str
    versions: int
    version: int
    created: datetime
    present: int
    current: Version
