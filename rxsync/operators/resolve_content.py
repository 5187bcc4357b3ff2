"""Wake whoever awaits a unit.

Floor 3, operators.
Follows: ``pulpcore.plugin.stages.ResolveContentFutures``.
"""

from __future__ import annotations

from rxsync.operators.catalog_stage import BATCH, LINGER, CatalogStage, Units
from rxsync.ports.catalog import ReadTransaction


def resolve_content(*, batch: int = BATCH, linger: float | None = LINGER) -> CatalogStage[ReadTransaction]:
    """Resolve each unit with its saved content. Fused with what saves it: once that is kept.

        source  -a-b---|
        result  ---(a,b)|      batch=2: in order, each unit once

    Args:
        batch: most units at once.
        linger: longest a unit waits for company, in seconds.

    Errors: none of its own.
    """
    return CatalogStage(writes=False, after=_resolve, batch=batch, linger=linger, name="resolve_content")


def _resolve(units: Units) -> None:
    for unit in units:
        unit.resolve(unit.content)
