"""Hold a unit until what it refers to is saved.

Floor 3, operators. Pulp leaves it to each plugin to gather units and flush them bottom up.
"""

from __future__ import annotations

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable
from reactivex.subject import Subject

from rxsync.declare import FILTERED, DeclarativeContent
from rxsync.errors import DroppedError, FlowError, SkippedError
from rxsync.flow import flat_map_with_max_concurrent
from rxsync.operators.stage import Stage
from rxsync.typing import Observer

_ANY = 1 << 30  # who waits must never keep out those it waits for; the run's window bounds them


def await_needs() -> Stage:
    """Let units pass once all that they need is saved, or known to be; the batches that hold those leave at once.

        source  -a-b-c---|        b needs a
        a saved ------x
        result  -a---cb--|        in order of the last need

    Needs were declared earlier, so they come by earlier, or are before this step on their way.

    Errors: ``FlowError`` names the unit and what it needs, where that was dropped or never declared. A unit whose need
    is skipped, or filtered out, is so, too.
    """
    hold = flat_map_with_max_concurrent(_wait, _ANY, prefetch=0, name="await_needs")

    def operator(source: Observable[DeclarativeContent]) -> Observable[DeclarativeContent]:
        def subscribe(observer: Observer, scheduler: abc.SchedulerBase | None = None) -> abc.DisposableBase:
            held: Subject[DeclarativeContent] = Subject()

            def take(unit: DeclarativeContent) -> None:  # nearly all need nothing: past the stage, which costs 7 us
                (held if any(map(_is_open, unit.needs)) else observer).on_next(unit)

            below = hold(held).subscribe(observer, scheduler=scheduler)
            above = source.subscribe(take, held.on_error, held.on_completed, scheduler=scheduler)
            return CompositeDisposable(above, below)

        return Observable(subscribe)

    return operator


def _is_open(need: DeclarativeContent) -> bool:
    return need.skipped is not None or not (need.resolved or need.new is False)


async def _wait(unit: DeclarativeContent) -> tuple[DeclarativeContent, ...]:
    for need in unit.needs:
        if not _is_open(need):
            continue
        try:
            await need.resolution()
        except SkippedError as error:
            kind = FILTERED if need.filtered else "skipped"
            unit.skip(f"needs {need.name}, which was skipped: {error.reason}", kind=kind, step="await_needs")
            return ()
        except DroppedError as error:
            why = "nothing in the line holds it: a step dropped it, or it was never declared"
            raise FlowError(f"{unit.name} needs {need.name}, and {why}") from error
    return (unit,)
