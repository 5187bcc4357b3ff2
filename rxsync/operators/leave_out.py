"""What filters have in common: a unit is left out because the operator asked for it, and the report counts it so.

Floor 3, operators.
"""

from __future__ import annotations

from collections.abc import Callable

from reactivex import operators as ops

from rxsync.declare import DeclarativeContent
from rxsync.operators.for_new_content import at
from rxsync.operators.stage import PlacedStage

UNTIL = frozenset({"bytes", "stored files", "saved content"})
"""What no step before a filter may give: it would have been given in vain."""


def leave_out(why: Callable[[DeclarativeContent], str | None], step: str) -> PlacedStage:
    """Filter out what ``why`` has a reason for, in words; None lets a unit pass.

    Errors: those of ``why``, with a note that names the unit.
    """

    def stays(unit: DeclarativeContent) -> bool:
        if unit.skipped is not None:
            return False
        with at(unit):
            reason = why(unit)
        if reason is not None:
            unit.filter_out(reason, step=step)
        return reason is None

    return PlacedStage(ops.filter(stays), until=UNTIL)
