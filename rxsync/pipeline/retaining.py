"""Which versions a collection deletes before it looks for what nothing refers to.

Floor 4, pipeline.
"""

from __future__ import annotations

from rxsync.catalog import DatabaseCatalog


async def retain(catalog: DatabaseCatalog, repository: str, keep: int) -> list[int]:
    """Delete all versions of a repository but the ``keep`` newest; answers their numbers.

    Raises:
        NotFoundError: no such repository.
        LockedError: a run is at work on it.
    """
    raise NotImplementedError
