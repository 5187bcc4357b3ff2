"""Let new releases cool down before they come in.

Floor 3, operators.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from rxsync.declare import DeclarativeContent
from rxsync.errors import FlowError, UsageError
from rxsync.operators.leave_out import leave_out
from rxsync.operators.stage import PlacedStage

Published = Callable[[DeclarativeContent], datetime | None]
"""Says when a unit was published, with a time zone; None where that is not known."""


def older_than(
    age: float, published: Published, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> PlacedStage:
    """Filter out units that were published less than ``age`` ago; those without a date pass.

        source           -a-b-c-|     published an hour ago, two days ago, and nobody knows when
        older_than(day)  ---b-c-|

    Args:
        age: in seconds.
        published: says when a unit was.
        now: says what time it is, with a time zone.

    Raises:
        UsageError: the age is negative, or beyond all dates.

    Errors: those of ``published``, with a note that names the unit; ``FlowError`` where it gives no time zone.
    """
    try:
        least = timedelta(seconds=age)
    except (OverflowError, ValueError):
        least = None
    if least is None or least < timedelta(0):
        raise UsageError(f"minimum age {age} s: expected 0 or more, and less than a million years")

    def why(unit: DeclarativeContent) -> str | None:
        date = published(unit)
        if date is None:
            return None
        if date.tzinfo is None:
            raise FlowError(f"it was published at {date.isoformat()}: expected a time zone with it")
        return None if now() - date >= least else f"it was published at {date.isoformat()}, too short a time ago"

    return leave_out(why, "older_than")
