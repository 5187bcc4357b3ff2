"""Keep so many versions, and no more.

Floor 4, pipeline.
"""

from __future__ import annotations

from rxsync.catalog import DatabaseCatalog
from rxsync.errors import UsageError


def check_keep(keep: int) -> int:
    """Let a number of versions to keep pass.

    Raises:
        UsageError: it is less than one: the newest always stays.
    """
    if keep < 1:
        raise UsageError(f"keep {keep} versions: expected 1 or more")
    return keep


async def retain(catalog: DatabaseCatalog, repository: str, keep: int) -> list[int]:
    """Delete what is older than the newest ``keep`` versions; answers the numbers, oldest first.

    Pinned and labelled versions stay, and so does the current one. Each goes in a transaction of its own, so nobody
    waits long; whatever interrupts it, all that is left is whole.

    Args:
        catalog: opened for writing, by somebody who holds the repository.
        repository: its name.
        keep: how many, one or more.

    Raises:
        UsageError: ``keep`` is less than one.
        NotFoundError: no such repository.
        CatalogError: the database refused.
    """
    check_keep(keep)
    gone: list[int] = []
    while (number := await catalog.write(lambda tx: tx.expire(repository, keep))) is not None:
        gone.append(number)
    return gone
