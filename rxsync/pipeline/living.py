"""Which of the runs that have no end are at work, and which died.

Floor 4, pipeline. No lock that a run wants is touched: a sync that begins at this moment must not find its repository
taken.
"""

from __future__ import annotations

from datetime import datetime

from rxsync.catalog import DatabaseCatalog, collecting
from rxsync.catalog.collecting import NEVER, Begun
from rxsync.storage import LocalStorage


async def live_runs(catalog: DatabaseCatalog, storage: LocalStorage) -> list[Begun]:
    """Answer the runs that are at work, the oldest first.

    One is, if its scratch is: a run that has none yet has looked nothing up. Or if its repository is held in the
    database, by it or by a later one, since a host elsewhere may have its scratch elsewhere.

    Raises:
        StorageError: ``tmp`` cannot be read.
        CatalogError: the database refused.
    """
    found = await catalog.read(collecting.begun)
    here = await storage.living([one.run for one in found])
    newest = {one.repository: one.started for one in found}
    held = await catalog.read(lambda tx: {name for name in newest if tx.is_held(name)})
    return [
        one for one in found if one.run in here or (one.repository in held and one.started == newest[one.repository])
    ]


def oldest(runs: list[Begun]) -> datetime:
    """When the oldest of them began; in thousands of years where there is none."""
    return min((one.started for one in runs), default=NEVER)
