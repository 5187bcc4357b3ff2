"""Find out which units are saved already, and which of their files are stored.

Floor 3, operators. Comes before the artifacts are looked up, because an identity is known at declaration.
Follows: ``pulpcore.plugin.stages.QueryExistingContents``, which comes after.
"""

from __future__ import annotations

from rxsync.declare import DeclarativeArtifact, DeclarativeContent, StoredFile, Validators
from rxsync.errors import ConflictError
from rxsync.operators.catalog_stage import BATCH, LINGER, CatalogStage, Transact, Units
from rxsync.ports.catalog import ReadTransaction, SavedContent
from rxsync.urls import without_credentials


def query_existing_content(
    transact: Transact[ReadTransaction], remote: int | None = None, *, batch: int = BATCH, linger: float | None = LINGER
) -> CatalogStage[ReadTransaction]:
    """Mark the units that are saved: ``content.id``, ``new``, and for each file ``saved`` and ``stored``.

        source    -a-b------|
        transact     --u            a is saved, b is not
        result    -----(a,b)|       a.new is False; in order, each unit once

    Args:
        transact: runs a function in a transaction.
        remote: key of the remote, whose ``validators`` are looked up for files without declared digest.
        batch: most units in one question.
        linger: longest a unit waits for company, in seconds.

    Errors: passes ``transact``'s error on, and ``ConflictError`` where a saved unit has other bytes than are declared
    now; units of the failed batch are not emitted.
    """

    def apply(tx: ReadTransaction, units: Units) -> Units:
        look_up(tx, units)
        if remote is not None:
            _recall_validators(tx, remote, units)
        return units

    return CatalogStage(apply, transact, writes=False, batch=batch, linger=linger, name="query_existing_content")


def look_up(tx: ReadTransaction, units: Units) -> None:
    """Mark what is saved, inside a transaction."""
    known = [unit for unit in units if unit.content.is_known()]  # of the others a field is yet to be learnt
    saved = tx.find_content([unit.identity for unit in known])
    for unit in known:
        found = saved.get(unit.identity)
        if found is not None:
            _mark(unit, found)


def _mark(unit: DeclarativeContent, found: SavedContent) -> None:
    unit.content.id, unit.new = found.id, False
    for artifact in unit.artifacts:
        file = found.files.get(artifact.relative_path)
        if file is None:
            continue
        artifact.saved, artifact.row = file, file.row
        if file.stored is not None and _agrees(unit, artifact, file.stored):
            artifact.stored = file.stored


def _agrees(unit: DeclarativeContent, artifact: DeclarativeArtifact, stored: StoredFile) -> bool:
    """Whether the stored bytes are known to be the declared ones; where another digest is declared, it is asked for."""
    declared = artifact.digests.get("sha256")
    if declared is not None and declared != stored.sha256:
        raise ConflictError(
            f"{artifact.relative_path}: the same {unit.content.identity.hex()} was saved with sha256 {stored.sha256}, "
            f"and is declared with {declared} now"
        )
    return declared is not None or not artifact.digests


def _recall_validators(tx: ReadTransaction, remote: int, units: Units) -> None:
    unsure: dict[int, list[DeclarativeArtifact]] = {}
    for unit in units:
        for artifact in unit.artifacts:
            if artifact.saved is not None and artifact.stored is not None and not artifact.digests:
                unsure.setdefault(artifact.saved.row, []).append(artifact)
    for row, files in tx.find_remote_files(remote, list(unsure)).items() if unsure else ():
        offer = files[0]
        for artifact in unsure[row]:
            if offer.url == without_credentials(artifact.urls[0]):  # of another URL they say nothing
                artifact.validators = Validators(offer.etag, offer.last_modified)
                artifact.validators_of = offer.url
