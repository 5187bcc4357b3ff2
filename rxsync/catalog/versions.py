"""How a run becomes a version: in SQL, against the staged ids, in one transaction.

Floor 3, catalog. A run's tables are temporary: they belong to the writing connection, cost no durable write, and
are gone with the process.
"""

from __future__ import annotations

from rxsync.catalog.lifecycle import Lifecycle
from rxsync.catalog.rows import take_stock
from rxsync.catalog.runs import Runs, now
from rxsync.ports.catalog import Change, Clash, Version

_STAGE = (
    'CREATE TEMP TABLE "staged_{run}" (content_id INTEGER PRIMARY KEY, origin TEXT)',
    'CREATE TEMP TABLE "added_{run}" (content_id INTEGER PRIMARY KEY)',
    'CREATE TEMP TABLE "removed_{run}" (content_id INTEGER PRIMARY KEY)',
)
_UNSTAGE = tuple(f'DROP TABLE IF EXISTS "{table}_{{run}}"' for table in ("staged", "added", "removed"))

_ADDED = """
    INSERT INTO "added_{run}"
    SELECT s.content_id FROM "staged_{run}" s WHERE NOT EXISTS (
        SELECT 1 FROM repository_content m
        WHERE m.repository_id = :repository AND m.content_id = s.content_id AND m.version_removed IS NULL)"""

_REMOVED_BY_MIRROR = """
    INSERT INTO "removed_{run}"
    SELECT m.content_id FROM repository_content m
    WHERE m.repository_id = :repository AND m.version_removed IS NULL
      AND NOT EXISTS (SELECT 1 FROM "staged_{run}" s WHERE s.content_id = m.content_id)"""

_REPLACED = """
    AND m.content_id IN (SELECT id FROM content WHERE repository_key IN (
        SELECT c.repository_key FROM "added_{run}" a JOIN content c ON c.id = a.content_id
        WHERE c.repository_key IS NOT NULL))"""

_VANISHING = """
    SELECT count(*) FROM "removed_{run}" r JOIN content c ON c.id = r.content_id
    LEFT JOIN (
        SELECT DISTINCT n.repository_key FROM "added_{run}" a JOIN content n ON n.id = a.content_id
    ) taken ON taken.repository_key = c.repository_key
    WHERE taken.repository_key IS NULL"""

_MEMBERS = """
    members AS (
        SELECT content_id, origin FROM "staged_{run}"
        UNION ALL
        SELECT m.content_id, NULL FROM repository_content m
        WHERE m.repository_id = :repository AND m.version_removed IS NULL
          AND NOT EXISTS (SELECT 1 FROM "staged_{run}" s WHERE s.content_id = m.content_id)
          AND NOT EXISTS (SELECT 1 FROM "removed_{run}" r WHERE r.content_id = m.content_id))"""

_SAME_KEY = f"""
    WITH {_MEMBERS},
    twice AS (
        SELECT min(c.id) AS one, max(c.id) AS other FROM members JOIN content c ON c.id = members.content_id
        WHERE c.repository_key IS NOT NULL GROUP BY c.repository_key HAVING count(*) > 1)
    SELECT (SELECT min(relative_path COLLATE BINARY) FROM content_artifact WHERE content_id = twice.one),
           c.type, c.identity, a.origin,
           (SELECT min(relative_path COLLATE BINARY) FROM content_artifact WHERE content_id = twice.other),
           d.type, d.identity, b.origin
    FROM twice
    JOIN content c ON c.id = twice.one JOIN content d ON d.id = twice.other
    JOIN members a ON a.content_id = twice.one JOIN members b ON b.content_id = twice.other LIMIT 1"""

# With "/" lower than any other character (control characters are refused in paths), whatever lies below a path
# comes right after it.
_PATHS = f"""
    WITH {_MEMBERS},
    paths AS (
        SELECT replace(f.relative_path, '/', char(1)) COLLATE BINARY AS path, members.origin
        FROM members JOIN content_artifact f ON f.content_id = members.content_id),
    neighbours AS (
        SELECT path, origin, lag(path) OVER (ORDER BY path) AS above, lag(origin) OVER (ORDER BY path) AS above_origin
        FROM paths)
    SELECT replace(path, char(1), '/'), replace(above, char(1), '/'), origin, above_origin FROM neighbours
    WHERE path = above OR substr(path, 1, length(above) + 1) = above || char(1) LIMIT 1"""


class Versions(Runs, Lifecycle):
    """A transaction that can also make versions. Implements ``rxsync.ports.catalog.VersionTransaction``."""

    def begin_staging(self, run: str) -> None:
        """Make the run's tables. Until ``end_staging`` they are the run's own."""
        for sql in _STAGE:
            self.connection.execute(sql.format(run=run))

    def end_staging(self, run: str) -> None:
        """Drop the run's tables, where they are."""
        for sql in _UNSTAGE:
            self.connection.execute(sql.format(run=run))

    def change(self, run: str, repository: int, *, mirror: bool) -> Change:
        """Compare what the run staged with the newest version of the repository."""
        names = {"repository": repository}
        take_stock(self.connection, f'"staged_{run}"', "content", "content_artifact", "repository_content")
        for table in ("added", "removed"):
            self.connection.execute(f'DELETE FROM "{table}_{run}"')
        added = self.connection.execute(_ADDED.format(run=run), names).rowcount
        rule = _REMOVED_BY_MIRROR if mirror else _REMOVED_BY_MIRROR + _REPLACED
        removed = self.connection.execute(rule.format(run=run), names).rowcount
        (vanishing,) = self.connection.execute(_VANISHING.format(run=run)).fetchone()
        number, present = self.connection.execute(
            "SELECT number, present FROM repository_version WHERE repository_id = ? ORDER BY number DESC LIMIT 1",
            (repository,),
        ).fetchone()
        return Change(number, present, added, removed, vanishing)

    def clash(self, run: str, repository: int) -> Clash | None:
        """Find two units that could not stand together in the version after ``change``."""
        names = {"repository": repository}
        if row := self.connection.execute(_SAME_KEY.format(run=run), names).fetchone():
            path, kind, identity, origin, other, other_kind, other_identity, other_origin = row
            one, two = path or f"{kind} {identity.hex()}", other or f"{other_kind} {other_identity.hex()}"
            return Clash(one, two, origin, other_origin)
        row = self.connection.execute(_PATHS.format(run=run), names).fetchone()
        return None if row is None else Clash(*row)

    def complete(self, run: str, repository: int, change: Change, *, skipped: int = 0) -> Version:
        """Make the version that ``change`` describes; ``skipped`` units that belong in it are not."""
        created, present = now(), change.present + change.added - change.removed
        (number,) = self.connection.execute(
            "UPDATE repository SET last_version = last_version + 1, fingerprint = NULL WHERE id = ?"
            " RETURNING last_version",
            (repository,),
        ).fetchone()
        self.connection.execute(
            "UPDATE repository_content SET version_removed = ? WHERE repository_id = ? AND version_removed IS NULL"
            f' AND content_id IN (SELECT content_id FROM "removed_{run}")',
            (number, repository),
        )
        self.connection.execute(
            "INSERT INTO repository_content (repository_id, content_id, version_added)"
            f' SELECT ?, content_id, ? FROM "added_{run}"',
            (repository, number),
        )
        self.connection.execute(
            "INSERT INTO repository_version (repository_id, number, created, run_id, present, added, removed, skipped)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (repository, number, created.isoformat(" "), run, present, change.added, change.removed, skipped),
        )
        return Version(number, created, present, change.added, change.removed, run, skipped)
