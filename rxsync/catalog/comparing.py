"""What a run would change: its staged units against the newest version, in SQL.

Floor 3, catalog. A run's tables are temporary: they belong to the connection, cost no durable write, and are gone with
the process. The names of the tables of content are left open, so that a plan, whose new units have no rows, asks the
same questions.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from rxsync.catalog.reading import Reading
from rxsync.catalog.rows import insert, stream, take_stock
from rxsync.ports.catalog import Change, Clash, Spared

_STAGE = (
    'CREATE TEMP TABLE "staged_{run}" (content_id INTEGER PRIMARY KEY, origin TEXT)',
    'CREATE TEMP TABLE "spared_{run}" (type TEXT, identity BLOB, repository_key BLOB)',
    'CREATE TEMP TABLE "added_{run}" (content_id INTEGER PRIMARY KEY)',
    'CREATE TEMP TABLE "kept_{run}" (content_id INTEGER PRIMARY KEY)',
    'CREATE TEMP TABLE "removed_{run}" (content_id INTEGER PRIMARY KEY)',
)
_TABLES = ("staged", "spared", "added", "kept", "removed")

_ADDED = """
    INSERT INTO "added_{run}"
    SELECT s.content_id FROM "staged_{run}" s WHERE NOT EXISTS (
        SELECT 1 FROM repository_content m
        WHERE m.repository_id = :repository AND m.content_id = s.content_id AND m.version_removed IS NULL)"""

_LEFT = """
    SELECT m.content_id FROM repository_content m JOIN {content} c ON c.id = m.content_id
    WHERE m.repository_id = :repository AND m.version_removed IS NULL
      AND NOT EXISTS (SELECT 1 FROM "staged_{run}" s WHERE s.content_id = m.content_id)"""

# Whatever may be what was skipped, and whose place nothing that came takes.
_KEPT = f"""
    INSERT INTO "kept_{{run}}" {_LEFT}
      AND (c.identity IN (SELECT identity FROM "spared_{{run}}" WHERE identity IS NOT NULL)
        OR c.repository_key IN (SELECT repository_key FROM "spared_{{run}}" WHERE repository_key IS NOT NULL)
        OR c.type IN (SELECT type FROM "spared_{{run}}" WHERE identity IS NULL AND repository_key IS NULL))
      AND (c.repository_key IS NULL OR c.repository_key NOT IN (
        SELECT n.repository_key FROM "staged_{{run}}" s JOIN {{content}} n ON n.id = s.content_id
        WHERE n.repository_key IS NOT NULL))"""

_REMOVED_BY_MIRROR = """
    INSERT INTO "removed_{run}"
    SELECT m.content_id FROM repository_content m
    WHERE m.repository_id = :repository AND m.version_removed IS NULL
      AND NOT EXISTS (SELECT 1 FROM "staged_{run}" s WHERE s.content_id = m.content_id)
      AND NOT EXISTS (SELECT 1 FROM "kept_{run}" k WHERE k.content_id = m.content_id)"""

_REPLACED = """
    AND m.content_id IN (SELECT id FROM content WHERE repository_key IN (
        SELECT c.repository_key FROM "added_{run}" a JOIN {content} c ON c.id = a.content_id
        WHERE c.repository_key IS NOT NULL))"""

_VANISHING = """
    SELECT count(*) FROM "removed_{run}" r JOIN content c ON c.id = r.content_id
    LEFT JOIN (
        SELECT DISTINCT n.repository_key FROM "added_{run}" a JOIN {content} n ON n.id = a.content_id
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
        SELECT min(c.id) AS one, max(c.id) AS other FROM members JOIN {{content}} c ON c.id = members.content_id
        WHERE c.repository_key IS NOT NULL GROUP BY c.repository_key HAVING count(*) > 1)
    SELECT (SELECT min(relative_path COLLATE BINARY) FROM {{files}} f WHERE f.content_id = twice.one),
           c.type, c.identity, a.origin,
           (SELECT min(relative_path COLLATE BINARY) FROM {{files}} f WHERE f.content_id = twice.other),
           d.type, d.identity, b.origin
    FROM twice
    JOIN {{content}} c ON c.id = twice.one JOIN {{content}} d ON d.id = twice.other
    JOIN members a ON a.content_id = twice.one JOIN members b ON b.content_id = twice.other LIMIT 1"""

# With "/" lower than any other character (control characters are refused in paths), whatever lies below a path
# comes right after it.
_PATHS = f"""
    WITH {_MEMBERS},
    paths AS (
        SELECT replace(f.relative_path, '/', char(1)) COLLATE BINARY AS path, members.origin
        FROM members JOIN {{files}} f ON f.content_id = members.content_id),
    neighbours AS (
        SELECT path, origin, lag(path) OVER (ORDER BY path) AS above, lag(origin) OVER (ORDER BY path) AS above_origin
        FROM paths)
    SELECT replace(path, char(1), '/'), replace(above, char(1), '/'), origin, above_origin FROM neighbours
    WHERE path = above OR substr(path, 1, length(above) + 1) = above || char(1) LIMIT 1"""

_DIGEST = """
    SELECT c.identity FROM "{side}_{run}" s JOIN {{content}} c ON c.id = s.content_id ORDER BY c.identity"""


class Comparing(Reading):
    """A transaction that compares what a run staged with what there is."""

    content: str = "content"
    """Where content is, for ``{content}``; ``{run}`` stands for the run."""

    files: str = "content_artifact"
    """Likewise its files."""

    grown: tuple[str, ...] = ("content", "content_artifact", "repository_content")
    """Tables that the run may have filled."""

    def begin_staging(self, run: str) -> None:
        """Make the run's tables. Until ``end_staging`` they are the run's own."""
        for sql in _STAGE:
            self.connection.execute(sql.format(run=run))

    def end_staging(self, run: str) -> None:
        """Drop the run's tables, where they are."""
        for table in _TABLES:
            self.connection.execute(f'DROP TABLE IF EXISTS "{table}_{run}"')

    def spare(self, run: str, units: Iterable[Spared]) -> None:
        """Note units that the run declared and then left out: a mirror keeps what it has in their place."""
        insert(self.connection, f"spared_{run}", ("type", "identity", "repository_key"), units)

    def change(self, run: str, repository: int, *, mirror: bool) -> Change:
        """Compare what the run staged with the newest version of the repository."""
        names = {"repository": repository}
        take_stock(self.connection, *(self._sql(f'"staged_{run}"', run), *(self._sql(one, run) for one in self.grown)))
        for table in ("added", "kept", "removed"):
            self.connection.execute(f'DELETE FROM "{table}_{run}"')
        added = self.connection.execute(self._sql(_ADDED, run), names).rowcount
        kept = 0
        if mirror and self.connection.execute(f'SELECT 1 FROM "spared_{run}" LIMIT 1').fetchone():
            kept = self.connection.execute(self._sql(_KEPT, run), names).rowcount
        rule = _REMOVED_BY_MIRROR if mirror else _REMOVED_BY_MIRROR + _REPLACED
        removed = self.connection.execute(self._sql(rule, run), names).rowcount
        (vanishing,) = self.connection.execute(self._sql(_VANISHING, run)).fetchone()
        number, present = self.connection.execute(
            "SELECT number, present FROM repository_version WHERE repository_id = ? ORDER BY number DESC LIMIT 1",
            (repository,),
        ).fetchone() or (0, 0)
        return Change(number, present, added, removed, vanishing, kept)

    def clash(self, run: str, repository: int) -> Clash | None:
        """Find two units that could not stand together in the version after ``change``."""
        names = {"repository": repository}
        if row := self.connection.execute(self._sql(_SAME_KEY, run), names).fetchone():
            path, kind, identity, origin, other, other_kind, other_identity, other_origin = row
            one, two = path or f"{kind} {identity.hex()}", other or f"{other_kind} {other_identity.hex()}"
            return Clash(one, two, origin, other_origin)
        row = self.connection.execute(self._sql(_PATHS, run), names).fetchone()
        return None if row is None else Clash(*row)

    def digest(self, run: str) -> str:
        """Sum up what ``change`` found: 32 hex digits, the same where the same would come and the same would go."""
        digest = blake2b(digest_size=16)
        for side in ("added", "removed"):
            for (identity,) in stream(self.connection, self._sql(_DIGEST.format(side=side, run="{run}"), run), {}):
                digest.update(identity)
            digest.update(b"\0")  # no identity is so short
        return digest.hexdigest()

    def _sql(self, text: str, run: str) -> str:
        return text.format(run=run, content=self.content.format(run=run), files=self.files.format(run=run))
