"""What nothing refers to: found while others write, marked, and deleted later.

Floor 3, catalog. Whatever takes long is worked out on the reading connection, in temporary tables that stay with it:
``loose`` has what nothing kept refers to, ``doomed`` what of that may go now. What is written then is short, and each
transaction looks again at what it deletes. Why that is safe beside runs: ``docs/decisions/0011-collecting.md``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from rxsync.catalog import marks
from rxsync.catalog.listing import Listing
from rxsync.catalog.marks import ARTIFACT, CONTENT
from rxsync.catalog.references import FILE, MEMBERSHIP, References, make_set, read_references
from rxsync.catalog.rows import Connection, insert, take_stock, texts
from rxsync.catalog.writing import Writing

NEVER = datetime(9999, 1, 1)

LOOSE, DOOMED, _GOING, _GONE = "loose", "doomed", "going", "gone_version"

_IN_A_VERSION_THAT_STAYS = f"""
    EXISTS (SELECT 1 FROM repository_content m JOIN repository_version v ON v.repository_id = m.repository_id
            WHERE m.content_id = c.id AND v.number >= m.version_added
              AND (m.version_removed IS NULL OR v.number < m.version_removed)
              AND NOT EXISTS (SELECT 1 FROM {_GONE} g WHERE g.repository = v.repository_id AND g.number = v.number))"""

_WITH_MARKS = f"{LOOSE} l LEFT JOIN mark m ON m.kind = l.kind AND m.key = l.key"
_RIPE = "coalesce(m.marked, :now) <= :cutoff AND coalesce(m.marked, :now) < :before"

_FRESH = f"""
    SELECT l.kind, l.key FROM {_WITH_MARKS}
    WHERE l.kind IN ('{CONTENT}', '{ARTIFACT}') AND m.kind IS NULL AND (l.kind, l.key) > (?, ?)
    ORDER BY l.kind, l.key LIMIT ?"""

_STALE = f"""
    SELECT m.kind, m.key FROM mark m LEFT JOIN {LOOSE} l ON l.kind = m.kind AND l.key = m.key
    WHERE l.kind IS NULL AND (m.kind, m.key) > (?, ?) ORDER BY m.kind, m.key LIMIT ?"""

_WAITING = f"""
    SELECT l.kind, count(*), sum(a.size), max(CASE WHEN coalesce(m.marked, :now) > :cutoff
                                              THEN coalesce(m.marked, :now) END)
    FROM {_WITH_MARKS} LEFT JOIN artifact a ON l.kind = '{ARTIFACT}' AND a.id = l.key
    WHERE l.kind IN ('{CONTENT}', '{ARTIFACT}')
      AND NOT EXISTS (SELECT 1 FROM {DOOMED} d WHERE d.kind = l.kind AND d.key = l.key)
    GROUP BY l.kind"""

_UNNAMED = """
    SELECT wanted.value FROM json_each(?) wanted LEFT JOIN artifact a ON a.sha256 = wanted.value
    WHERE a.id IS NULL"""

_UNNAMED_SOON = f"""{_UNNAMED} OR EXISTS (SELECT 1 FROM {DOOMED} d WHERE d.kind = '{ARTIFACT}' AND d.key = a.id)"""

_OF_GOING = f"SELECT key FROM {_GOING} WHERE kind = '{{}}'"


Row = tuple[str, int]
"""Kind and key of a row."""


@dataclass(frozen=True)
class Limits:
    """What may go: what was marked long enough ago, and before any run that lives began.

    Attributes:
        now: the time in the order of marks.
        grace: how long a mark must have stood.
        before: start of the oldest run that lives; ``NEVER`` where none does.
    """

    now: datetime
    grace: timedelta
    before: datetime = NEVER

    @property
    def names(self) -> dict[str, str]:
        """As they are bound in SQL."""
        times = {"now": self.now, "cutoff": self.now - self.grace, "before": self.before}
        return {name: at.isoformat(" ") for name, at in times.items()}


class Begun(NamedTuple):
    """A run that has no end."""

    run: str
    repository: str
    started: datetime


class Waiting(NamedTuple):
    """What nothing refers to, and may not go yet.

    Attributes:
        content: units.
        files: artifacts.
        bytes: of those.
        marked: the youngest mark of those whose grace is not over; None where it is over for all.
    """

    content: int
    files: int
    bytes: int
    marked: datetime | None


def survey(tx: Listing, gone: Collection[tuple[str, int]] = ()) -> tuple[References, datetime]:
    """Find what nothing kept refers to; answers how rows refer to each other, and the time in the order of marks.

    Args:
        tx: a transaction; ``loose`` stays with its connection.
        gone: (repository, number) of versions that count as deleted.
    """
    connection = tx.connection
    references = read_references(connection, tx.database)
    make_set(connection, LOOSE)
    member = MEMBERSHIP.keeps("c.id", LOOSE)
    if gone:
        _note_versions(tx, gone)
        member = _IN_A_VERSION_THAT_STAYS
    connection.execute(f"INSERT INTO {LOOSE} SELECT '{CONTENT}', c.id FROM content c WHERE NOT {member}")
    references.close(connection, LOOSE)
    _add_artifacts(connection, references, LOOSE, "SELECT id AS key FROM artifact", {})
    take_stock(connection, LOOSE)
    return references, marks.moment(connection)


def doom(tx: Listing, references: References, limits: Limits) -> Waiting:
    """Find what of ``loose`` may go now; answers what may not. ``doomed`` stays with the connection."""
    connection = tx.connection
    make_set(connection, DOOMED)
    ripe = f"FROM {_WITH_MARKS} WHERE l.kind = '{{}}' AND {_RIPE}"
    connection.execute(f"INSERT INTO {DOOMED} SELECT l.kind, l.key {ripe.format(CONTENT)}", limits.names)
    references.close(connection, DOOMED)
    _add_artifacts(connection, references, DOOMED, f"SELECT l.key {ripe.format(ARTIFACT)}", limits.names)
    take_stock(connection, DOOMED)
    names = {name: limits.names[name] for name in ("now", "cutoff")}
    rows = {kind: rest for kind, *rest in connection.execute(_WAITING, names)}
    content, _, since = rows.get(CONTENT, (0, 0, None))
    files, size, files_since = rows.get(ARTIFACT, (0, 0, None))
    times = [marks.as_time(at) for at in (since, files_since) if at is not None]
    return Waiting(content, files, int(size), max(times, default=None))


def count_doomed(tx: Listing) -> tuple[int, int]:
    """How many units and artifacts are in ``doomed``."""
    sql = f"SELECT kind, count(*) FROM {DOOMED} GROUP BY kind"
    counts = dict(tx.connection.execute(sql).fetchall())
    return counts.get(CONTENT, 0), counts.get(ARTIFACT, 0)


def unmarked(tx: Listing, after: Row, most: int) -> list[Row]:
    """The next rows of ``loose`` that have no mark, in order."""
    return [(kind, key) for kind, key in tx.connection.execute(_FRESH, (*after, most))]


def outdated(tx: Listing, after: Row, most: int) -> list[Row]:
    """The next marks of what is not in ``loose``, in order."""
    return [(kind, key) for kind, key in tx.connection.execute(_STALE, (*after, most))]


def unmark(tx: Writing, rows: Iterable[Row]) -> None:
    """Take marks away: what is referred to again may have been marked."""
    keys: dict[str, list[int]] = {}
    for kind, key in rows:
        keys.setdefault(kind, []).append(key)
    for kind in keys:
        marks.drop(tx.connection, kind, keys[kind])


def doomed(tx: Listing, kind: str, below: int, most: int) -> list[int]:
    """The next keys in ``doomed``, from the highest down: what refers to others is mostly younger."""
    sql = f"SELECT key FROM {DOOMED} WHERE kind = ? AND key < ? ORDER BY key DESC LIMIT ?"
    return [key for (key,) in tx.connection.execute(sql, (kind, below, most))]


def delete(tx: Writing, references: References, kind: str, keys: Sequence[int], limits: Limits) -> set[int]:
    """Delete those of the rows that are marked still, and that nothing else refers to by now; answers which.

    Args:
        tx: a transaction that writes.
        references: how rows refer to each other.
        kind: ``content`` or ``artifact``.
        keys: of the rows.
        limits: what may go.
    """
    connection = tx.connection
    make_set(connection, _GOING)
    insert(connection, _GOING, ("kind", "key"), [(kind, key) for key in keys])
    ripe = f"SELECT 1 FROM mark m WHERE m.kind = {_GOING}.kind AND m.key = {_GOING}.key AND {_RIPE}"
    connection.execute(f"DELETE FROM {_GOING} WHERE NOT EXISTS ({ripe})", limits.names)
    connection.execute(f"DELETE FROM {_GOING} WHERE kind = '{CONTENT}' AND {MEMBERSHIP.keeps(f'{_GOING}.key', _GOING)}")
    references.close(connection, _GOING)
    gone = {key for (key,) in connection.execute(_OF_GOING.format(kind))}
    if kind == CONTENT:
        _delete_content(connection, references)
    else:
        connection.execute(f"DELETE FROM artifact WHERE id IN ({_OF_GOING.format(ARTIFACT)})")
    marks.drop(connection, kind, gone)
    connection.execute(f"DROP TABLE {_GOING}")
    return gone


def unnamed(tx: Listing, names: Collection[str], *, soon: bool = False) -> set[str]:
    """Those sha256 that no artifact has; with ``soon`` as if what is in ``doomed`` were deleted."""
    if not names:
        return set()
    sql = _UNNAMED_SOON if soon else _UNNAMED
    return {name for (name,) in tx.connection.execute(sql, (texts(tx.connection, names),))}


def begun(tx: Listing) -> list[Begun]:
    """The runs that have no end: those that live, and those that died."""
    rows = tx.connection.execute("SELECT id, repository, started FROM sync_run WHERE finished IS NULL ORDER BY started")
    return [Begun(run, name, marks.as_time(started)) for run, name, started in rows]


def _note_versions(tx: Listing, gone: Iterable[tuple[str, int]]) -> None:
    tx.connection.execute(f"DROP TABLE IF EXISTS {_GONE}")
    tx.connection.execute(f"CREATE TEMP TABLE {_GONE} (repository INTEGER, number INTEGER)")
    keys = {name: tx.repository_key(name) for name in {name for name, _ in gone}}
    insert(tx.connection, _GONE, ("repository", "number"), [(keys[name], number) for name, number in gone])


def _add_artifacts(
    connection: Connection, references: References, inside: str, candidates: str, names: dict[str, str]
) -> None:
    """Put in those of the candidates that only rows in ``inside`` refer to."""
    kept = " OR ".join(one.keeps("a.key", inside) for one in references.to(ARTIFACT))
    sql = f"INSERT INTO {inside} SELECT '{ARTIFACT}', a.key FROM ({candidates}) a WHERE NOT ({kept})"
    connection.execute(sql, names)


def _delete_content(connection: Connection, references: References) -> None:
    """Delete what is in the set, those that refer first."""
    keys = _OF_GOING.format(CONTENT)
    files = f"SELECT id FROM content_artifact WHERE content_id IN ({keys})"
    connection.execute(f"DELETE FROM remote_artifact WHERE content_artifact_id IN ({files})")
    connection.execute(f"DELETE FROM {FILE.table} WHERE {FILE.key} IN ({keys})")
    for table in references.order:
        kind = references.kind(table)
        connection.execute(f'DELETE FROM "{table}" WHERE id IN ({_OF_GOING.format(kind)})')
    connection.execute(f"DELETE FROM content WHERE id IN ({keys})")
