"""How repositories stand, and what became of their runs.

Floor 3, catalog. Asked by monitors, so again and again: each answer is one or two questions that an index serves.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime

from rxsync.catalog.finding import as_time
from rxsync.catalog.reading import Reading
from rxsync.catalog.rows import MOST_ROWS, Cell, lock_key
from rxsync.errors import NotFoundError
from rxsync.ports.catalog import RunRecord

# That keys are above 0 goes without saying, but for SQLite's planner: it leads to the index that has all it takes, of
# 100,000 units in 250,000 rows in 80 ms instead of 200.
_NEWEST = """
    SELECT content_id FROM repository_content
    WHERE repository_id = :repository AND version_removed IS NULL AND content_id > 0"""

_OLDER = f"""{_NEWEST} AND version_added <= :number
    UNION ALL
    SELECT content_id FROM repository_content
    WHERE repository_id = :repository AND version_removed > :number AND version_added <= :number"""

_SIZE = """
    SELECT coalesce(sum(size), 0) FROM artifact WHERE id IN (
        SELECT f.artifact_id FROM ({members}) m JOIN content_artifact f ON f.content_id = m.content_id)"""

_RUNS = "SELECT id, repository, source, started, finished, exit_code, report FROM sync_run"


class History(Reading):
    """A transaction that tells how things stand; part of one that answers people."""

    def stored_size(self, name: str, number: int) -> int:
        """Bytes that a version's files take in the store, each once; those that are not here take none.

        Raises:
            NotFoundError: no such repository.
        """
        repository = self.repository_key(name)
        names: dict[str, Cell] = {"repository": repository}
        (newest,) = self.connection.execute(
            "SELECT last_version FROM repository WHERE id = ?", (repository,)
        ).fetchone()
        if number != newest:
            names["number"] = number
        sql = _SIZE.format(members=_NEWEST if number == newest else _OLDER)
        return int(self.connection.execute(sql, names).fetchone()[0])

    def runs(self, repository: str | None = None, *, limit: int, forgotten: bool = True) -> list[RunRecord]:
        """The last runs, of one repository or of all, newest first; those of one that was deleted, if ``forgotten``."""
        if repository is None:
            rows = self.connection.execute(f"{_RUNS} ORDER BY started DESC LIMIT ?", (min(limit, MOST_ROWS),))
        else:
            these = "" if forgotten else " AND forgotten = 0"
            sql = f"{_RUNS} WHERE repository = ?{these} ORDER BY started DESC LIMIT ?"
            rows = self.connection.execute(sql, (repository, min(limit, MOST_ROWS)))
        return [_record(*row) for row in rows]

    def run(self, beginning: str) -> RunRecord:
        """The run whose id begins so.

        Raises:
            NotFoundError: there is none, or there are several.
        """
        sql = "SELECT id FROM sync_run WHERE substr(id, 1, ?) = ? LIMIT 2"
        found = self.connection.execute(sql, (len(beginning), beginning)).fetchall()
        if len(found) != 1:
            raise NotFoundError(f"{'several runs begin' if found else 'no run begins'} with {beginning!r}")
        return _record(*self.connection.execute(f"{_RUNS} WHERE id = ?", found[0]).fetchone())

    def checked(self, repository: str) -> datetime | None:
        """When the last run ended that went through, in UTC; None if none did."""
        row = self.connection.execute(
            "SELECT finished FROM sync_run WHERE repository = ? AND exit_code IN (0, 3) AND forgotten = 0"
            " ORDER BY started DESC LIMIT 1",
            (repository,),
        ).fetchone()
        return None if row is None else as_time(row[0])

    def is_held(self, repository: str) -> bool:
        """Whether the database knows of a run at work on a repository; its lock is not taken, not even for a moment.

        A file of SQLite's never does: whoever shares that shares the home's folders, where runs are seen to live.
        """
        if isinstance(self.connection, sqlite3.Connection):
            return False
        (schema,) = self.connection.execute("SELECT current_schema()").fetchone()
        sql = """
            SELECT EXISTS (SELECT 1 FROM pg_locks
            WHERE locktype = 'advisory' AND granted AND objsubid = 1
              AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
              AND (classid::bigint << 32) | objid::bigint = ?)"""
        return bool(self.connection.execute(sql, (lock_key(schema, repository),)).fetchone()[0])


def _record(
    run: str,
    repository: str,
    source: str,
    started: str | datetime,
    finished: str | datetime | None,
    exit_code: int | None,
    report: str | None,
) -> RunRecord:
    ended = None if finished is None else as_time(finished)
    return RunRecord(run, repository, source, as_time(started), ended, exit_code, report)
