"""Run work on items, several at once, never ahead of demand.

Floor 2, flow. Stock ``flat_map`` runs everything at once, and ``merge(max_concurrent=n)`` queues what it
cannot run without any bound; this asks for no more than it can take.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from rxsync.flow.concurrent_step import Concurrent
from rxsync.flow.dial import Bound, now
from rxsync.flow.gauge import Label
from rxsync.flow.lanes import Lanes
from rxsync.flow.scheduler import FlowScheduler
from rxsync.flow.step import Step, at_least_one, lift
from rxsync.typing import Again, Observer, OnError, Operator, Work

T = TypeVar("T")
R = TypeVar("R")


def flat_map_with_max_concurrent(
    fn: Callable[[T], Work[R]],
    max_concurrent: Bound,
    *,
    prefetch: int | None = None,
    ordered: bool = False,
    lanes: Lanes[T] | None = None,
    name: str | None = None,
    on_error: OnError | None = None,
    again: Again | None = None,
) -> Operator[T, R]:
    """Run ``fn`` on each item, at most ``max_concurrent`` at once, and emit all results.

        source                -a-b-c-d-----------------|
        fn                     ----x|                        answers after 4 s, is done after 5 s
        max_concurrent=2      -----A-B--C-D------------|     c starts when a is done

    Results come in the order of completion; with ``ordered`` in the order of the items, and then work that
    is done keeps its place until those before it are. The results of one item always come in order.

        source                -a-b--|
        fn                     -#                            a fails at first; later, as b, it is -(x,|)
        again: always yes     ----B--(A,|)                   a has its second pass when all else is done

    A second pass begins when the source has ended and nothing else is left here; at once, when somebody awaits the
    item; and when the run would otherwise stand still. Until then the item counts as held. No more than 100 are set
    aside, those whose second pass was in vain still among them: a failure beyond that is final.

    Args:
        fn: answers with a stream, an awaitable of an iterable, an iterable, or None for nothing. An
            iterable is drawn from only while the gate below is open, so a generator may be endless.
        max_concurrent: most items in work; a ``Dial`` may be turned meanwhile: up, and who waits begins at once,
            down, and what is in work ends as it would have.
        prefetch: most items that wait here for work; None: twice ``max_concurrent``.
        ordered: keep the order of the items.
        lanes: bounds of its own for each kind of item: one whose lane is full waits here and lets others pass.
        name: what gauges call it; None: the name of ``fn``.
        on_error: called with the item at fault and its error; gives what to emit in its place, or raises. A
            list that ``buffer`` made is first split in halves, again and again, until that item is found:
            ``fn`` must be repeatable. Results then come when the whole item, or list, is through.
        again: called with an item and its first failure; says whether to work on it once more, and only what fails
            then is an error. Not for lists that ``buffer`` made. ``fn`` must be repeatable, results come as above.

    Errors: without ``on_error``, the first failure; all other work is cancelled at the same moment.

    Raises:
        ValueError: ``max_concurrent`` is less than 1, or the order is to be kept in spite of lanes or ``again``.
    """
    at_least_one("max_concurrent", now(max_concurrent))
    if lanes is not None and ordered:
        raise ValueError("lanes let items pass each other: they cannot be ordered")
    if again is not None and ordered:
        raise ValueError("an item that is worked on once more lets others pass: they cannot be ordered")
    who = name or str(getattr(fn, "__name__", type(fn).__name__))
    label = Label(who)

    def make(observer: Observer, scheduler: FlowScheduler) -> Step:
        return Concurrent(label, fn, max_concurrent, prefetch, ordered, lanes, on_error, again, observer, scheduler)

    return lift(make, who)
