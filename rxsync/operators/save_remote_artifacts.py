"""Remember where each file may be had, for those who want it later.

Floor 3, operators.
Follows: ``pulpcore.plugin.stages.RemoteArtifactSaver``, which keeps the first URL only.
"""

from __future__ import annotations

from rxsync.declare import DeclarativeArtifact, Validators
from rxsync.operators.catalog_stage import BATCH, LINGER, CatalogStage, Transact, Units
from rxsync.ports.catalog import RemoteFile, WriteTransaction
from rxsync.urls import without_credentials

NOTHING = Validators()


def save_remote_artifacts(
    transact: Transact[WriteTransaction], remote: int, *, batch: int = BATCH, linger: float | None = LINGER
) -> CatalogStage[WriteTransaction]:
    """Save every candidate URL of every file, in order; of known units too, where something changed.

        source    -a-b------|
        transact     --u
        result    -----(a,b)|       in order, each unit once

    Args:
        transact: runs a function in a transaction.
        remote: key of the remote that offers them.
        batch: most units in one transaction.
        linger: longest a unit waits for company, in seconds.

    Errors: passes ``transact``'s error on; units of the failed batch are not emitted.
    """

    def apply(tx: WriteTransaction, units: Units) -> Units:
        known = [a.row for unit in units if not unit.new for a in unit.artifacts if a.row is not None]
        before = tx.find_remote_files(remote, known) if known else {}
        changed: dict[tuple[int, int], RemoteFile] = {}
        gone = []
        for unit in units:
            for artifact in unit.artifacts:
                if artifact.row is not None:
                    old = before.get(artifact.row, ())
                    files = _offers(artifact, artifact.row)
                    changed.update(((file.row, file.position), file) for file in files if file not in old)
                    gone += [(file.row, file.position) for file in old[len(files) :]]
        if changed or gone:
            tx.set_remote_files(remote, list(changed.values()), gone)
        return units

    return CatalogStage(apply, transact, batch=batch, linger=linger, name="save_remote_artifacts")


def _offers(artifact: DeclarativeArtifact, row: int) -> list[RemoteFile]:
    digests = " ".join([f"{algorithm}:{digest}" for algorithm, digest in sorted(artifact.digests.items())])
    offers = []
    for position, url in enumerate(map(without_credentials, artifact.urls)):
        held = NOTHING
        if artifact.validators is not None and not artifact.digests and artifact.validators_of == url:
            held = artifact.validators
        offers.append(RemoteFile(row, position, url, artifact.size, digests, *held))
    return offers
