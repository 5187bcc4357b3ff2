"""What people ask: repositories, versions, and what changed between two.

Floor 3, catalog. Asked seldom, but of large repositories: each answer costs what it shows, not what there is.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

from rxsync.catalog.history import History, as_time
from rxsync.catalog.rows import stream
from rxsync.errors import NotFoundError
from rxsync.ports.catalog import RepositorySummary, Unit, Version

_VERSIONS = """
    SELECT number, created, present, added, removed, run_id, skipped FROM repository_version
    WHERE repository_id = ?"""

_REPOSITORIES = """
    SELECT r.name, count(v.id), max(v.number),
           (SELECT created FROM repository_version WHERE repository_id = r.id ORDER BY number DESC LIMIT 1),
           (SELECT present FROM repository_version WHERE repository_id = r.id ORDER BY number DESC LIMIT 1)
    FROM repository r JOIN repository_version v ON v.repository_id = r.id
    GROUP BY r.id ORDER BY r.name COLLATE BINARY"""

_UNITS = """
    SELECT c.id, c.type, c.identity, f.relative_path, a.sha256,
           coalesce(a.size, (SELECT size FROM remote_artifact WHERE content_artifact_id = f.id LIMIT 1))
    FROM ({members}) m JOIN content c ON c.id = m.content_id
    LEFT JOIN content_artifact f ON f.content_id = c.id
    LEFT JOIN artifact a ON a.id = f.artifact_id
    ORDER BY min(f.relative_path COLLATE BINARY) OVER (PARTITION BY c.id) NULLS FIRST, c.id,
             f.relative_path COLLATE BINARY"""

_IN_VERSION = """
    SELECT content_id FROM repository_content
    WHERE repository_id = :repository AND version_added <= :number
      AND (version_removed IS NULL OR version_removed > :number)"""

_CHANGED = """
    SELECT content_id FROM repository_content
    WHERE repository_id = :repository AND content_id IN (
        SELECT content_id FROM repository_content
        WHERE repository_id = :repository AND version_added > :low AND version_added <= :high
        UNION
        SELECT content_id FROM repository_content
        WHERE repository_id = :repository AND version_removed > :low AND version_removed <= :high)
    GROUP BY content_id
    HAVING max(CASE WHEN version_added <= :there AND (version_removed IS NULL OR version_removed > :there)
                    THEN 1 ELSE 0 END) = 1
       AND max(CASE WHEN version_added <= :gone AND (version_removed IS NULL OR version_removed > :gone)
                    THEN 1 ELSE 0 END) = 0"""


class Listing(History):
    """A transaction that answers people. Implements ``rxsync.ports.catalog.ListTransaction``."""

    def repositories(self) -> list[RepositorySummary]:
        """Every repository with its newest version, by name."""
        rows = self.connection.execute(_REPOSITORIES)
        return [RepositorySummary(n, versions, newest, as_time(at), units) for n, versions, newest, at, units in rows]

    def content_types(self) -> list[str]:
        """The types of all content that is saved, by name."""
        return sorted(kind for (kind,) in self.connection.execute("SELECT DISTINCT type FROM content"))

    def versions(self, name: str) -> list[Version]:
        """The versions of a repository, oldest first.

        Raises:
            NotFoundError: no such repository.
        """
        rows = self.connection.execute(f"{_VERSIONS} ORDER BY number", (self.repository_key(name),))
        return [Version(number, as_time(created), *rest) for number, created, *rest in rows]

    def fingerprint(self, name: str) -> str | None:
        """What the source looked like when the newest version was found to hold all of it; None: nobody knows.

        Raises:
            NotFoundError: no such repository.
        """
        sql = "SELECT fingerprint FROM repository WHERE id = ?"
        (fingerprint,) = self.connection.execute(sql, (self.repository_key(name),)).fetchone()
        return None if fingerprint is None else str(fingerprint)

    def version(self, name: str, number: int | None = None) -> Version:
        """One version; the newest where no number is given.

        Raises:
            NotFoundError: no such repository or version.
        """
        one = " AND number = ?" if number is not None else ""
        sql = f"{_VERSIONS}{one} ORDER BY number DESC LIMIT 1"
        row = self.connection.execute(
            sql, (self.repository_key(name), *([] if number is None else [number]))
        ).fetchone()
        if row is not None:
            return Version(row[0], as_time(row[1]), *row[2:])
        versions = self.versions(name)
        raise NotFoundError(f"{name}: no version {number}; it has {versions[0].number} to {versions[-1].number}")

    def units(self, name: str, number: int) -> Iterator[Unit]:
        """The units of a version, by path; read as they are taken.

        Raises:
            NotFoundError: no such repository.
        """
        names = {"repository": self.repository_key(name), "number": number}
        return self._units(_IN_VERSION, names)

    def changed(self, name: str, there: int, gone: int) -> Iterator[Unit]:
        """The units that are in version ``there`` and not in version ``gone``, by path.

        Raises:
            NotFoundError: no such repository.
        """
        low, high = sorted((there, gone))
        names = {"repository": self.repository_key(name), "low": low, "high": high, "there": there, "gone": gone}
        return self._units(_CHANGED, names)

    def _units(self, members: str, names: dict[str, int]) -> Iterator[Unit]:
        rows = stream(self.connection, _UNITS.format(members=members), names)
        for (_, kind, identity), files in groupby(rows, key=itemgetter(0, 1, 2)):
            yield Unit(kind, identity.hex(), tuple(row[3:] for row in files if row[3] is not None))
