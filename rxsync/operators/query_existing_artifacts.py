"""Spare the download of bytes that are already here.

Floor 3, operators. Knows what is asked; the catalog knows how to answer.
Follows: ``pulpcore.plugin.stages.QueryExistingArtifacts``.
"""

from __future__ import annotations

from rxsync.declare import DeclarativeArtifact, first_digest
from rxsync.operators.catalog_stage import BATCH, LINGER, CatalogStage, Transact, Units
from rxsync.ports.catalog import ReadTransaction


def query_existing_artifacts(
    transact: Transact[ReadTransaction], *, batch: int = BATCH, linger: float | None = LINGER
) -> CatalogStage[ReadTransaction]:
    """Fill in, for every declared artifact, the stored one with the same digest.

        source    -a-b------|
        transact     --u            a's file is stored, b's is not
        result    -----(a,b)|       in order, each unit once

    One question for each kind of digest in the batch; of an artifact's digests the first of sha256, sha512, sha384,
    sha224, sha1, md5 is asked for. A body that came with the declaration is let go if its bytes are stored.

    Args:
        transact: runs a function in a transaction.
        batch: most units in one question.
        linger: longest a unit waits for company, in seconds.

    Errors: passes ``transact``'s error on; units of the failed batch are not emitted.
    """
    return CatalogStage(
        look_up, transact, writes=False, after=_let_go, batch=batch, linger=linger, name="query_existing_artifacts"
    )


def look_up(tx: ReadTransaction, units: Units) -> Units:
    """Do it, inside a transaction."""
    wanted: dict[str, dict[str, list[DeclarativeArtifact]]] = {}
    for unit in units:
        for artifact in unit.artifacts:
            if artifact.stored is None and artifact.digests:
                algorithm = first_digest(artifact.digests)
                wanted.setdefault(algorithm, {}).setdefault(artifact.digests[algorithm], []).append(artifact)
    for algorithm, by_digest in wanted.items():
        for digest, stored in tx.find_artifacts(algorithm, by_digest).items():
            for artifact in by_digest[digest]:
                artifact.stored = stored
    return units


def _let_go(units: Units) -> None:
    for unit in units:
        for artifact in unit.artifacts:
            if artifact.body is not None and artifact.stored is not None:
                artifact.body = None
