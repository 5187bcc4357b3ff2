"""How a run becomes a version: in one transaction.

Floor 3, catalog.
"""

from __future__ import annotations

from rxsync.catalog.comparing import Comparing
from rxsync.catalog.fingerprints import forget
from rxsync.catalog.lifecycle import Lifecycle
from rxsync.catalog.runs import Runs, now
from rxsync.ports.catalog import Change, Version


class Versions(Runs, Lifecycle, Comparing):
    """A transaction that can also make versions. Implements ``rxsync.ports.catalog.VersionTransaction``."""

    def complete(self, run: str, repository: int, change: Change, *, skipped: int = 0) -> Version:
        """Make the version that ``change`` describes; ``skipped`` units that belong in it are not."""
        created, present = now(), change.present + change.added - change.removed
        (number,) = self.connection.execute(
            "UPDATE repository SET last_version = last_version + 1 WHERE id = ? RETURNING last_version", (repository,)
        ).fetchone()
        forget(self.connection, repository)
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
