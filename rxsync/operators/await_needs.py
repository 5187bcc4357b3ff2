"""Hold a unit until what it refers to is saved.

Floor 3, operators. Pulp leaves it to each plugin to gather units and flush them bottom up.
"""

from __future__ import annotations

from rxsync.declare import DeclarativeContent
from rxsync.errors import DroppedError, FlowError, SkippedError
from rxsync.flow import flat_map_with_max_concurrent
from rxsync.operators.stage import Stage
from rxsync.typing import Work

_ANY = 1 << 30  # who waits must never keep out those it waits for; the run's window bounds them


def await_needs() -> Stage:
    """Let units pass once all that they need is saved, or known to be; the batches that hold those leave at once.

        source  -a-b-c---|        b needs a
        a saved ------x
        result  -a---cb--|        in order of the last need

    Needs were declared earlier, so they come by earlier, or are before this step on their way.

    Errors: ``FlowError`` names the unit and what it needs, where that was dropped or never declared. A unit whose need
    is skipped is skipped, too.
    """
    return flat_map_with_max_concurrent(_hold, _ANY, prefetch=0, name="await_needs")


def _hold(unit: DeclarativeContent) -> Work[DeclarativeContent]:
    for need in unit.needs:
        if need.skipped is not None or not (need.resolved or need.new is False):
            return _wait(unit)
    return (unit,)


async def _wait(unit: DeclarativeContent) -> tuple[DeclarativeContent, ...]:
    for need in unit.needs:
        if need.new is False:
            continue
        try:
            await need.resolution()
        except SkippedError as error:
            unit.skip(f"needs {need.name}, which was skipped: {error.reason}", step="await_needs")
            return ()
        except DroppedError as error:
            why = "nothing in the line holds it: a step dropped it, or it was never declared"
            raise FlowError(f"{unit.name} needs {need.name}, and {why}") from error
    return (unit,)
