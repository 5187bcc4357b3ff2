"""What a repository's source looked like holds no longer once the repository has another newest version.

Floor 3, catalog.
"""

from __future__ import annotations

from rxsync.catalog.rows import Connection

PART = "+"
"""Stands between the name of a repository and that of a part of it."""

# A source that is unchanged makes none of its parts, so what moves a part makes the whole look again, too.
_FORGET = f"""
    UPDATE repository SET fingerprint = NULL
    WHERE fingerprint IS NOT NULL AND EXISTS (
        SELECT 1 FROM repository moved WHERE moved.id = ? AND (moved.id = repository.id
            OR substr(moved.name, 1, length(repository.name) + 1) = repository.name || '{PART}'))"""


def forget(connection: Connection, repository: int) -> None:
    """Let the next sync look at the source of a repository, and of whatever it is a part of, unchanged or not."""
    connection.execute(_FORGET, (repository,))
