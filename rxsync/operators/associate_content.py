"""Note which units this run declared; the version is made of them when the run is over.

Floor 3, operators.
Follows: ``pulpcore.plugin.stages.ContentAssociation``, which holds the keys of the whole version in memory.
"""

from __future__ import annotations

from rxsync.errors import FlowError
from rxsync.operators.catalog_stage import BATCH, LINGER, CatalogStage, Transact, Units
from rxsync.ports.catalog import WriteTransaction


def associate_content(
    transact: Transact[WriteTransaction], run: str, *, batch: int = BATCH, linger: float | None = LINGER
) -> CatalogStage[WriteTransaction]:
    """Note the saved units as the run's, each once, and mark those that came before as ``repeated``.

        source    -a-b-a------|
        transact      --u
        result    -----(a,b,a)|      the second a is repeated; in order

    Args:
        transact: runs a function in a transaction.
        run: whose staging it is.
        batch: most units in one transaction.
        linger: longest a unit waits for company, in seconds.

    Errors: passes ``transact``'s error on; ``FlowError`` for a unit that nobody has saved. Units of the failed batch
    are not emitted.
    """

    def apply(tx: WriteTransaction, units: Units) -> Units:
        for unit in units:
            if unit.content.id is None:
                raise FlowError(f"{unit.name} was never saved: the step that brought it stands behind save_content")
        first = tx.stage(run, [(unit.content.id, unit.origin) for unit in units])
        firsts: set[int] = set()  # objects: the same one may come twice
        for unit in units:
            if unit.content.id in first:
                first.discard(unit.content.id)
                firsts.add(id(unit))
            unit.repeated = id(unit) not in firsts
        return units

    return CatalogStage(apply, transact, batch=batch, linger=linger, name="associate_content")
