"""Put fetched bytes into the store durably, then name them by rows.

Floor 3, operators.
Follows: ``pulpcore.plugin.stages.ArtifactSaver``, which moves files inside the transaction.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from reactivex import Observable

from rxsync.declare import Body, DeclarativeArtifact
from rxsync.operators.catalog_stage import BATCH, LINGER, CatalogStage, Transact, Units
from rxsync.ports.catalog import WriteTransaction

Keep = Callable[[Sequence[Body]], Awaitable[None] | Observable[None] | None]
"""Puts bodies into the store, durably: ``storage.put``, or a diagram in a test."""


def save_artifacts(
    transact: Transact[WriteTransaction],
    keep: Keep,
    release: Callable[[Sequence[Body]], None],
    *,
    batch: int = BATCH,
    linger: float | None = LINGER,
) -> CatalogStage[WriteTransaction]:
    """Turn each ``body`` into ``stored``.

        source    -a-b--------|
        keep         --k              files first: durable before a row names them
        transact       --u
        result    -------(a,b)|       in order, each unit once

    Args:
        transact: runs a function in a transaction.
        keep: puts bodies into the store, durably.
        release: told the bodies that are needed no more.
        batch: most units in one transaction.
        linger: longest a unit waits for company, in seconds.

    Errors: passes those of ``keep`` and ``transact`` on; units of the failed batch are not emitted.
    """

    def prepare(units: Units) -> Awaitable[None] | Observable[None] | None:
        fresh = {id(body): body for _, body in _fetched(units) if not body.kept}  # units may share one
        return keep(list(fresh.values())) if fresh else None

    def after(units: Units) -> None:
        fetched = _fetched(units)
        for artifact, body in fetched:
            artifact.body = None
            body.mark_kept()
        release([body for _, body in fetched])

    return CatalogStage(_save, transact, True, prepare, after, batch, linger, "save_artifacts")


def _save(tx: WriteTransaction, units: Units) -> Units:
    if fetched := _fetched(units):
        stored = tx.add_artifacts([(body.digests, body.size) for _, body in fetched])
        for artifact, body in fetched:
            artifact.stored = stored[body.sha256]
    return units


def _fetched(units: Units) -> list[tuple[DeclarativeArtifact, Body]]:
    return [(artifact, artifact.body) for unit in units for artifact in unit.artifacts if artifact.body is not None]
