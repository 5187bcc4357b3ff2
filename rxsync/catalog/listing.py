"""What people ask: repositories, versions, and what changed between two.

Floor 3, catalog. Asked seldom, but of large repositories: each answer costs what it shows, not what there is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from operator import itemgetter

from rxsync.catalog.finding import Finding, as_time
from rxsync.catalog.history import History
from rxsync.catalog.rows import Row, stream
from rxsync.ports.catalog import RepositorySummary, Unit

_REPOSITORIES = """
    SELECT r.name, v.number, v.created, v.present,
           (SELECT count(*) FROM repository_version o WHERE o.repository_id = r.id)
    FROM repository r JOIN repository_version v ON v.repository_id = r.id AND v.number = r.last_version"""

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

# The plus keeps SQLite from going through all of the repository: what was touched is looked up unit by unit.
_TOUCHED = """
    SELECT content_id,
        max(CASE WHEN version_added <= :there AND (version_removed IS NULL OR version_removed > :there)
            THEN 1 ELSE 0 END) AS there,
        max(CASE WHEN version_added <= :gone AND (version_removed IS NULL OR version_removed > :gone)
            THEN 1 ELSE 0 END) AS gone
    FROM repository_content
    WHERE +repository_id = :repository AND content_id IN (
        SELECT content_id FROM repository_content
        WHERE repository_id = :repository AND version_added > :low AND version_added <= :high
        UNION
        SELECT content_id FROM repository_content
        WHERE repository_id = :repository AND version_removed > :low AND version_removed <= :high)
    GROUP BY content_id"""

CHANGED = f"SELECT content_id FROM ({_TOUCHED}) touched WHERE there = 1 AND gone = 0"
"""The content in version ``there`` and not in version ``gone``, with the names that ``between`` gives."""

COUNTED = f"""
    SELECT coalesce(sum(there * (1 - gone)), 0), coalesce(sum(gone * (1 - there)), 0) FROM ({_TOUCHED}) touched"""
"""How much that is, and how much is in ``gone`` and not in ``there``."""


def between(repository: int, there: int, gone: int) -> dict[str, int]:
    """Name the numbers that ``CHANGED`` asks with."""
    low, high = sorted((there, gone))
    return {"repository": repository, "low": low, "high": high, "there": there, "gone": gone}


class Listing(Finding, History):
    """A transaction that answers people. Implements ``rxsync.ports.catalog.ListTransaction``."""

    def repositories(self) -> list[RepositorySummary]:
        """Every repository with its newest and its current version, by name."""
        rows = self.connection.execute(f"{_REPOSITORIES} ORDER BY r.name COLLATE BINARY").fetchall()
        return [self._summary(row) for row in rows]

    def repository(self, name: str) -> RepositorySummary:
        """One repository with its newest and its current version.

        Raises:
            NotFoundError: no such repository.
        """
        self.repository_key(name)
        return self._summary(self.connection.execute(f"{_REPOSITORIES} WHERE r.name = ?", (name,)).fetchone())

    def fingerprint(self, name: str) -> str | None:
        """What the source looked like when the newest version was found to hold all of it; None: nobody knows.

        Raises:
            NotFoundError: no such repository.
        """
        sql = "SELECT fingerprint FROM repository WHERE id = ?"
        (fingerprint,) = self.connection.execute(sql, (self.repository_key(name),)).fetchone()
        return None if fingerprint is None else str(fingerprint)

    def content_types(self) -> list[str]:
        """The types of all content that is saved, by name."""
        return sorted(kind for (kind,) in self.connection.execute("SELECT DISTINCT type FROM content"))

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
        return self._units(CHANGED, between(self.repository_key(name), there, gone))

    def _summary(self, row: Row) -> RepositorySummary:
        name, newest, created, present, versions = row
        return RepositorySummary(name, versions, newest, as_time(created), present, self.find_version(name))

    def _units(self, members: str, names: Mapping[str, int]) -> Iterator[Unit]:
        rows = stream(self.connection, _UNITS.format(members=members), names)
        for (_, kind, identity), files in groupby(rows, key=itemgetter(0, 1, 2)):
            yield Unit(kind, identity.hex(), tuple(row[3:] for row in files if row[3] is not None))
