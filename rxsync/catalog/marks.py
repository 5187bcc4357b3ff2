"""Marks on rows that nothing refers to, as look-ups meet them.

Floor 3, catalog. The time of a mark is an order first, and a time second: ``docs/decisions/0011-collecting.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from rxsync.catalog.rows import Connection, insert, select_in

CONTENT, ARTIFACT = "content", "artifact"
"""Kinds of rows that are marked, by their tables."""

_AMONG = "SELECT key FROM mark WHERE kind = ? AND key IN ({places})"
_DROP = "DELETE FROM mark WHERE kind = ? AND key IN ({places}) RETURNING key"
_LATEST = "SELECT (SELECT max(started) FROM sync_run), (SELECT max(marked) FROM mark)"
_TICK = timedelta(microseconds=1)


class MarkedError(Exception):
    """A look-up that cannot write found rows that are marked. Never leaves the catalog.

    Attributes:
        kind: of the rows.
        keys: theirs.
    """

    kind: str
    keys: Sequence[int]

    def __init__(self, kind: str, keys: Sequence[int]) -> None:
        super().__init__(kind, keys)
        self.kind, self.keys = kind, keys


def exist(connection: Connection) -> bool:
    """Whether anything is marked."""
    return connection.execute("SELECT 1 FROM mark LIMIT 1").fetchone() is not None


def among(connection: Connection, kind: str, keys: Iterable[int]) -> list[int]:
    """Those of the rows that are marked."""
    return [key for (key,) in select_in(connection, _AMONG, keys, (kind,))]


def drop(connection: Connection, kind: str, keys: Iterable[int]) -> None:
    """Take the marks of rows away, where they have one."""
    for _ in select_in(connection, _DROP, keys, (kind,)):
        pass


def add(connection: Connection, rows: Iterable[tuple[str, int]]) -> datetime:
    """Mark (kind, key) each, unless it is marked; answers the time that is noted. In a transaction that writes."""
    at = moment(connection)
    marked = at.isoformat(" ")
    insert(
        connection,
        "mark",
        ("kind", "key", "marked"),
        ((*row, marked) for row in rows),
        ending="ON CONFLICT DO NOTHING",
    )
    return at


def moment(connection: Connection) -> datetime:
    """The time, in UTC; never before the start of a run that has begun, and after every mark, whoever's clock is wrong.

    So a run that is younger than a mark can have begun only after it was set.
    """
    started, marked = connection.execute(_LATEST).fetchone()
    times = [datetime.now(UTC).replace(tzinfo=None)]
    times += [as_time(started)] if started is not None else []
    times += [as_time(marked) + _TICK] if marked is not None else []
    return max(times)


def as_time(at: str | datetime) -> datetime:
    """Read a time; SQLite keeps it as text."""
    return at if isinstance(at, datetime) else datetime.fromisoformat(at)
