"""Save the units that are new, and the files they have.

Floor 3, operators.
Follows: ``pulpcore.plugin.stages.ContentSaver``, which inserts one row at a time.
"""

from __future__ import annotations

from rxsync.declare import DeclarativeArtifact, DeclarativeContent
from rxsync.errors import ConflictError
from rxsync.models import Related, content_type
from rxsync.operators.catalog_stage import BATCH, LINGER, CatalogStage, Transact, Units
from rxsync.ports.catalog import SavedContent, WriteTransaction


def save_content(
    transact: Transact[WriteTransaction], *, batch: int = BATCH, linger: float | None = LINGER
) -> CatalogStage[WriteTransaction]:
    """Give every unit its row: ``content.id``, ``new``, and for each file ``row``.

        source    -a-b------|
        transact     --u
        result    -----(a,b)|       in order, each unit once

    Files of saved units whose bytes have come since are pointed to them.

    Args:
        transact: runs a function in a transaction.
        batch: most units in one transaction.
        linger: longest a unit waits for company, in seconds.

    Errors: passes ``transact``'s error on, and ``ConflictError`` where a unit is saved with other bytes already;
    units of the failed batch are not emitted.
    """
    return CatalogStage(_save, transact, batch=batch, linger=linger, name="save_content")


def _save(tx: WriteTransaction, units: Units) -> Units:
    # Looked up once more, inside the transaction that writes: another run may have saved them meanwhile. What decides
    # is what the look-up found, never what an attempt of this transaction wrote that may have been rolled back.
    unsettled = [unit for unit in units if unit.new is not False or any(map(_is_unsettled, unit.artifacts))]
    related = _related(units)
    if not unsettled and not related:
        return units
    for unit in unsettled:
        _learn(unit)
    saved = dict(tx.find_content(list({unit.identity: None for unit in unsettled})))
    fresh = [unit.content for unit in unsettled if unit.identity not in saved]
    for unit in unsettled:
        unit.check_key()
        if unit.identity in saved:
            unit.content.id = saved[unit.identity].id
    tx.add_content(fresh, related)
    made = {content.identity: SavedContent(content.id, {}) for content in fresh}
    for unit in unsettled:
        unit.new = unit.identity in made
    _save_files(tx, unsettled, saved | made)
    return units


def _learn(unit: DeclarativeContent) -> None:
    if content_type(type(unit.content)).learnt and unit.artifacts:
        artifact = unit.artifacts[0]
        if artifact.stored is not None:
            unit.content.learn({**artifact.digests, "sha256": artifact.stored.sha256}, artifact.stored.size)


def _related(units: Units) -> list[Related]:
    """What comes with the units, and what they refer to: of known units, too, since it may have changed."""
    rows: list[Related] = []
    for unit in units:
        rows += [parent for parent in unit.content.parents() if isinstance(parent, Related)]
        rows += unit.related
    return rows


def _is_unsettled(artifact: DeclarativeArtifact) -> bool:
    return artifact.saved is None or (artifact.stored is not None and artifact.saved.stored is None)


def _save_files(tx: WriteTransaction, units: Units, saved: dict[bytes, SavedContent]) -> None:
    missing: dict[tuple[int, str], int | None] = {}
    pointed: dict[int, int] = {}
    for unit in units:
        content = saved[unit.identity]
        for artifact in unit.artifacts:
            file = content.files.get(artifact.relative_path)
            stored = artifact.stored.artifact_id if artifact.stored is not None else None
            if file is None:
                key = (content.id, artifact.relative_path)
                missing[key] = _same(unit, artifact, missing.get(key), stored)
            elif file.stored is None:
                if stored is not None:
                    pointed[file.row] = stored
            else:
                _same(unit, artifact, file.stored.artifact_id, stored)
    rows = tx.add_content_artifacts([(*key, stored) for key, stored in missing.items()])
    tx.point_content_artifacts(pointed.items())
    _mark(units, saved, dict(zip(missing, rows, strict=True)))


def _same(unit: DeclarativeContent, artifact: DeclarativeArtifact, one: int | None, other: int | None) -> int | None:
    if one is not None and other is not None and one != other:
        raise ConflictError(
            f"{artifact.relative_path}: the same {type(unit.content).__name__} {unit.identity.hex()} "
            "comes with other bytes than it is saved with"
        )
    return one if other is None else other


def _mark(units: Units, saved: dict[bytes, SavedContent], rows: dict[tuple[int, str], int]) -> None:
    for unit in units:
        content = saved[unit.identity]
        for artifact in unit.artifacts:
            file = content.files.get(artifact.relative_path)
            artifact.row = rows[content.id, artifact.relative_path] if file is None else file.row
            if artifact.stored is None and file is not None:
                artifact.stored = file.stored
