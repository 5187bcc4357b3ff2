"""Note what would be done with each unit, and do none of it.

Floor 3, operators. Stands where a sync would download.
"""

from __future__ import annotations

from rxsync.declare import DeclarativeContent, first_digest
from rxsync.models import content_type
from rxsync.operators.catalog_stage import BATCH, LINGER, CatalogStage, Transact, Units
from rxsync.operators.download_artifacts import is_wanted, refuse_signed
from rxsync.operators.query_existing_content import look_up
from rxsync.ports.catalog import Planned, PlanTransaction, Wanted
from rxsync.urls import without_credentials


def plan_content(
    transact: Transact[PlanTransaction],
    run: str,
    *,
    deferred: bool = False,
    batch: int = BATCH,
    linger: float | None = LINGER,
) -> CatalogStage[PlanTransaction]:
    """Note the units as the plan's, with the bytes they lack; ``new`` says what a sync would make of them.

        source    -a-b-a------|
        transact      --u
        result    -----(a,b,a)|      the second a is repeated; in order

    A unit whose key is learnt from its bytes must have them by now.

    Args:
        transact: runs a function in a transaction.
        run: whose plan it is.
        deferred: what a sync would do with an artifact that says nothing itself: True leaves its bytes for later.
        batch: most units in one transaction.
        linger: longest a unit waits for company, in seconds.

    Errors: passes ``transact``'s error on, and ``UsageError`` where a sync would refuse to leave a file for later;
    units of the failed batch are not emitted.
    """

    def apply(tx: PlanTransaction, units: Units) -> Units:
        if learnt := [unit for unit in units if unit.new is None and content_type(type(unit.content)).learnt]:
            look_up(tx, learnt)
        first = tx.plan(run, [_planned(unit, deferred) for unit in units])
        for at, unit in enumerate(units):
            unit.repeated = at not in first
            unit.new = unit.content.id is None
        return units

    return CatalogStage(apply, transact, writes=False, batch=batch, linger=linger, name="plan_content")


def _planned(unit: DeclarativeContent, deferred: bool) -> Planned:
    content = unit.content
    return Planned(
        content.id,
        content.identity,
        content_type(type(content)).name,
        content.place,
        unit.origin,
        tuple((artifact.relative_path, artifact.size) for artifact in unit.artifacts),
        tuple(_wanted(unit, deferred)),
    )


def _wanted(unit: DeclarativeContent, deferred: bool) -> list[Wanted]:
    wanted: list[Wanted] = []
    refuse_signed(unit, [artifact for artifact in unit.artifacts if is_wanted(unit, artifact, deferred)])
    for artifact in unit.artifacts:
        fetched = artifact.body is not None and artifact.body.url is not None  # for the plan's own use
        if fetched or (artifact.stored is None and is_wanted(unit, artifact, deferred)):
            digest = artifact.digests and artifact.digests[first_digest(artifact.digests)]
            size = artifact.size if artifact.body is None else artifact.body.size
            wanted.append((digest or without_credentials(artifact.urls[0]), size))
    return wanted
