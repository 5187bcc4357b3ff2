"""Which version is meant.

Floor 3, catalog. The current version is the pinned one, else the newest, which ``last_version`` names: the newest is
never deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NoReturn

from rxsync.catalog.reading import Reading
from rxsync.catalog.rows import MOST_ROWS, Cell, Row
from rxsync.errors import NotFoundError
from rxsync.ports.catalog import Version, Which

_VERSIONS = """
    SELECT v.number, v.created, v.present, v.added, v.removed, v.run_id, v.skipped, coalesce(r.pinned, -1),
           coalesce(r.pinned, r.last_version)
    FROM repository r JOIN repository_version v ON v.repository_id = r.id
    WHERE r.name = ?"""

_CURRENT = "AND v.number = coalesce(r.pinned, r.last_version)"
_NUMBERED = "AND v.number = ?"
_LABELLED = "AND v.number = (SELECT number FROM version_label WHERE repository_id = r.id AND label = ?)"
_MADE_BY = "AND v.created <= ? ORDER BY v.number DESC LIMIT 1"

_LABELS = "SELECT number, label FROM version_label WHERE repository_id = ? ORDER BY label COLLATE BINARY"

_EXPIRED = """
    SELECT v.number FROM repository r JOIN repository_version v ON v.repository_id = r.id
    WHERE r.id = ? AND v.number < (
        SELECT number FROM repository_version WHERE repository_id = r.id ORDER BY number DESC LIMIT 1 OFFSET ?)
      AND (r.pinned IS NULL OR r.pinned <> v.number)
      AND NOT EXISTS (SELECT 1 FROM version_label l WHERE l.repository_id = r.id AND l.number = v.number)
    ORDER BY v.number"""

_MOST = 1 << 62
"""More than any number, and not more than both databases can be asked for."""


class Finding(Reading):
    """A transaction that answers which versions there are."""

    def versions(self, name: str) -> list[Version]:
        """The versions of a repository, oldest first.

        Raises:
            NotFoundError: no such repository.
        """
        return self._versions(name, "ORDER BY v.number")

    def version(self, name: str, number: int | None = None) -> Version:
        """One version; the newest where no number is given.

        Raises:
            NotFoundError: no such repository or version.
        """
        if number is not None:
            return self.find_version(name, number)
        return self._versions(name, "ORDER BY v.number DESC LIMIT 1")[0]

    def find_version(self, name: str, which: Which = None) -> Version:
        """One version, by number, label or time, after ``parse_which``; the current one for None.

        Raises:
            NotFoundError: no such repository or version.
        """
        found = self._versions(name, *_asked(which))
        return found[0] if found else self._none(name, which)

    def expired(self, name: str, keep: int) -> list[int]:
        """The versions that are not among the ``keep`` newest, nor pinned or labelled, oldest first.

        Raises:
            NotFoundError: no such repository.
        """
        rows = self.connection.execute(_EXPIRED, (self.repository_key(name), min(keep, MOST_ROWS) - 1))
        return [number for (number,) in rows]

    def _versions(self, name: str, rest: str, bound: Sequence[Cell] = ()) -> list[Version]:
        labels: dict[int, list[str]] = {}
        for number, label in self.connection.execute(_LABELS, (self.repository_key(name),)):
            labels.setdefault(number, []).append(label)
        rows = self.connection.execute(f"{_VERSIONS} {rest}", (name, *bound))
        return [_version(row, labels.get(row[0], ())) for row in rows]

    def _none(self, name: str, which: Which) -> NoReturn:
        """Say what there is instead.

        Raises:
            NotFoundError: always.
        """
        first, *_, last = versions if len(versions := self.versions(name)) > 1 else versions * 2
        if isinstance(which, datetime):
            at, made = as_told(which), as_told(first.created)
            raise NotFoundError(f"{name}: no version was made by {at}; the first is {first.number}, made {made}")
        if isinstance(which, str):
            labels = ", ".join(sorted(label for version in versions for label in version.labels))
            raise NotFoundError(f"{name}: no version is labelled {which}; labels are: {labels or 'none'}")
        if 0 <= int(which or 0) < last.number:
            raise NotFoundError(f"{name}: version {which} was deleted")
        raise NotFoundError(f"{name}: no version {which}; it has {first.number} to {last.number}")


def _asked(which: Which) -> tuple[str, Sequence[Cell]]:
    if isinstance(which, datetime):
        return _MADE_BY, (which.isoformat(" "),)
    if isinstance(which, str):
        return _LABELLED, (which,)
    return (_CURRENT, ()) if which is None else (_NUMBERED, (max(-1, min(which, _MOST)),))


def _version(row: Row, labels: Sequence[str]) -> Version:
    number, created, present, added, removed, run, skipped, pinned, current = row
    return Version(
        number,
        as_time(created),
        present,
        added,
        removed,
        run,
        skipped,
        tuple(labels),
        pinned=number == pinned,
        current=number == current,
    )


def as_time(at: str | datetime) -> datetime:
    """Read a time of the database: SQLite keeps times as text."""
    return at if isinstance(at, datetime) else datetime.fromisoformat(at)


def as_told(at: datetime) -> str:
    """Write a time into an error."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
