"""Remember where each file may be had, for those who want it later.

Floor 3, operators.
Follows: ``pulpcore.plugin.stages.RemoteArtifactSaver``, which keeps the first URL only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rxsync.declare import DeclarativeArtifact
from rxsync.operators.catalog_stage import BATCH, LINGER, CatalogStage, Transact, Units
from rxsync.ports.catalog import RemoteFile, WriteTransaction
from rxsync.urls import without_credentials


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
        offered = {file[0].row: file for unit in units for a in unit.artifacts if (file := list(_offers(a)))}
        known = [a.saved.row for unit in units if not unit.new for a in unit.artifacts if a.saved is not None]
        before = tx.find_remote_files(remote, known) if known else {}
        changed, gone = [], []
        for row, files in offered.items():
            old = before.get(row, ())
            if old != files:
                changed += [file for file in files if file not in old]
                gone += _left_over(old, len(files))
        if changed or gone:
            tx.set_remote_files(remote, changed, gone)
        return units

    return CatalogStage(apply, transact, batch=batch, linger=linger, name="save_remote_artifacts")


def _offers(artifact: DeclarativeArtifact) -> Iterable[RemoteFile]:
    if artifact.saved is None:
        return
    row, size = artifact.saved.row, artifact.size
    digests = " ".join(f"{algorithm}:{digest}" for algorithm, digest in sorted(artifact.digests.items()))
    etag = last_modified = None
    if artifact.validators is not None and not artifact.digests:
        etag, last_modified = artifact.validators.etag, artifact.validators.last_modified
    for position, url in enumerate(artifact.urls):
        yield RemoteFile(row, position, without_credentials(url), size, digests, etag, last_modified)


def _left_over(files: Sequence[RemoteFile], kept: int) -> list[tuple[int, int]]:
    return [(file.row, file.position) for file in files if file.position >= kept]
