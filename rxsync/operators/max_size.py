"""Keep out what is too large.

Floor 3, operators.
"""

from __future__ import annotations

from rxsync.declare import DeclarativeContent
from rxsync.errors import UsageError
from rxsync.operators.leave_out import leave_out
from rxsync.operators.stage import PlacedStage


def max_size(size: int) -> PlacedStage:
    """Filter out units whose files have more bytes together than ``size``, as far as the source says.

        source         -a-b-c-|     10, 11 and an unknown number of bytes
        max_size(10)   -a---c-|

    Args:
        size: in bytes, at least 1. Files of unknown size count as none.

    Raises:
        UsageError: it is less.

    Errors: none of its own.
    """
    if size < 1:
        raise UsageError(f"max_size {size}: expected at least 1 byte")

    def why(unit: DeclarativeContent) -> str | None:
        declared = sum(artifact.size or 0 for artifact in unit.artifacts)
        return None if declared <= size else f"it has {declared:,} bytes, more than {size:,}"

    return leave_out(why, "max_size")
