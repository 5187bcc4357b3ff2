"""Refuse a source that contradicts itself, before anything is fetched.

Floor 3, operators. Pulp finds out when the version is made. Here that check stands, too, for what the version would
hold; this one is for the source's own word: the same path with other bytes, a path below another file's path.
"""

from __future__ import annotations

from rxsync.errors import ConflictError
from rxsync.operators.catalog_stage import BATCH, LINGER, CatalogStage, Transact, Units
from rxsync.ports.catalog import Declared, ReadTransaction


def refuse_clashes(
    transact: Transact[ReadTransaction], run: str, *, batch: int = BATCH, linger: float | None = LINGER
) -> CatalogStage[ReadTransaction]:
    """Let units pass as long as all their paths can stand beside those that came before.

        source    -a-b-c------|
        transact     --u--#           c is at the path of a, with other bytes
        result    -----(a,b)#         in order, each unit once

    The same unit again is no contradiction. Leave this step out where several sources are merged by priority.

    Args:
        transact: runs a function in a transaction.
        run: whose declarations they are.
        batch: most units in one transaction.
        linger: longest a unit waits for company, in seconds.

    Errors: ``ConflictError`` names both paths and where in the source they are; passes ``transact``'s error on.
    """

    def apply(tx: ReadTransaction, units: Units) -> Units:
        known = [unit for unit in units if unit.content.is_known()]  # of the others nobody can say yet
        files = ((a.relative_path, unit.identity, unit.origin) for unit in known for a in unit.artifacts)
        if clash := tx.declare(run, [Declared(*file) for file in files]):
            raise ConflictError(str(clash))
        return units

    return CatalogStage(apply, transact, writes=False, batch=batch, linger=linger, name="refuse_clashes")
