"""Runs, and the repositories and remotes they are about.

Floor 3, catalog.
"""

from __future__ import annotations

from datetime import UTC, datetime

from rxsync.catalog.fingerprints import forget
from rxsync.catalog.writing import Writing


def now() -> datetime:
    """The time, in UTC, without a zone beside it: every time in the database is UTC."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def _exactly_now() -> str:
    """Likewise, as the database takes it, to the microsecond: runs are told in the order in which they began."""
    return datetime.now(UTC).replace(tzinfo=None).isoformat(" ")


class Runs(Writing):
    """A transaction that notes how runs begin and end."""

    def begin_run(self, run: str, repository: str, source: str) -> tuple[int, int]:
        """Note that a run began; make repository and remote where they are new; answer the keys of both.

        Args:
            run: 32 hex digits.
            repository: its name.
            source: URL without credentials.
        """
        self.connection.execute(
            "INSERT INTO sync_run (id, repository, source, started, forgotten) VALUES (?, ?, ?, ?, 0)",
            (run, repository, source, _exactly_now()),
        )
        made = self._make("repository", "name", repository, {"last_version": 0})
        key = self._key("repository", "name", repository)
        if made:
            self.connection.execute(
                "INSERT INTO repository_version (repository_id, number, created, present, added, removed, skipped)"
                " VALUES (?, 0, ?, 0, 0, 0, 0)",
                (key, now().isoformat(" ")),
            )
        self._make("remote", "url", source, {})
        return key, self._key("remote", "url", source)

    def end_run(self, run: str, exit_code: int, report: str, fingerprint: str | None = None) -> None:
        """Note how the run ended, with its report as JSON, and what the source looked like, if all of it came in."""
        if fingerprint is not None:
            self.connection.execute(
                "UPDATE repository SET fingerprint = ? WHERE name = (SELECT repository FROM sync_run WHERE id = ?)",
                (fingerprint, run),
            )
        self.connection.execute(
            "UPDATE sync_run SET finished = ?, exit_code = ?, report = ? WHERE id = ?",
            (_exactly_now(), exit_code, report, run),
        )

    def delete_repository(self, name: str) -> int:
        """Forget a repository with all its versions; its content stays. Answers how many versions went.

        Raises:
            NotFoundError: no such repository.
        """
        row = (self.repository_key(name),)
        forget(self.connection, *row)
        # With a number given to none, no version is the newest any more, which cannot be deleted.
        self.connection.execute("UPDATE repository SET last_version = last_version + 1 WHERE id = ?", row)
        self.connection.execute("UPDATE sync_run SET forgotten = 1 WHERE repository = ?", (name,))
        self.connection.execute("DELETE FROM version_label WHERE repository_id = ?", row)
        gone = self.connection.execute("DELETE FROM repository_version WHERE repository_id = ?", row).rowcount
        self.connection.execute("DELETE FROM repository_content WHERE repository_id = ?", row)
        self.connection.execute("DELETE FROM repository WHERE id = ?", row)
        return gone

    def _make(self, table: str, column: str, value: str, more: dict[str, int]) -> bool:
        names, cells = (column, *more), (value, *more.values())
        sql = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(cells))}) ON CONFLICT DO NOTHING"
        return self.connection.execute(sql, cells).rowcount == 1

    def _key(self, table: str, column: str, value: str) -> int:
        sql = f"SELECT id FROM {table} WHERE {column} = ?"
        key: int = self.connection.execute(sql, (value,)).fetchone()[0]
        return key
