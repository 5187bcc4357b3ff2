"""What every operator of rxsync is made of: gather, then work.

Floor 2, flow. A stage is one shape for items and for batches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar, overload

from reactivex import compose

from rxsync.flow.buffer import buffer
from rxsync.flow.concurrent import flat_map_with_max_concurrent
from rxsync.typing import Item, OnError, Operator, Work

T = TypeVar("T")
R = TypeVar("R")


@overload
def stage(
    fn: Callable[[list[T]], Work[R]],
    *,
    batch: int,
    concurrency: int = ...,
    prefetch: int | None = ...,
    linger: float | None = ...,
    ordered: bool = ...,
    name: str | None = ...,
    on_error: OnError | None = ...,
) -> Operator[T, R]: ...


@overload
def stage(
    fn: Callable[[T], Work[R]],
    *,
    batch: None = ...,
    concurrency: int = ...,
    prefetch: int | None = ...,
    linger: float | None = ...,
    ordered: bool = ...,
    name: str | None = ...,
    on_error: OnError | None = ...,
) -> Operator[T, R]: ...


def stage(
    fn: Callable[[Item], Work[R]],
    *,
    batch: int | None = None,
    concurrency: int = 1,
    prefetch: int | None = None,
    linger: float | None = 0.05,
    ordered: bool = False,
    name: str | None = None,
    on_error: OnError | None = None,
) -> Operator[Item, R]:
    """Run ``fn`` on items, or on lists of them, several at once, never ahead of demand.

        source    -a-b------|
        fn            --k|           answers with the list it was given
        batch=2   -----(a,b)|        a waits for b, both for the answer

    It is ``buffer`` and ``flat_map_with_max_concurrent``, which say more. Never holds more than
    ``prefetch + concurrency * batch`` items (but for streams of several results an item). Results come in
    the order of completion; with ``ordered`` in the order of the items.

    Args:
        fn: answers with a stream, an awaitable of an iterable, an iterable, or None for nothing.
        batch: most items in one call; None: each item by itself, no list.
        concurrency: most calls at once.
        prefetch: most items that wait here; None: twice what one round of work takes.
        linger: longest an item waits for company, in seconds; None: no timer.
        ordered: keep the order of the items.
        name: what gauges call it; None: the name of ``fn``.
        on_error: called with the item at fault and its error; gives what to emit in its place, or raises.

    Errors: without ``on_error``, the first failure; all other work is cancelled at the same moment.
    """
    if batch is None:
        return flat_map_with_max_concurrent(
            fn, concurrency, prefetch=prefetch, ordered=ordered, name=name, on_error=on_error
        )
    return compose(
        buffer(batch, linger=linger, prefetch=prefetch),
        flat_map_with_max_concurrent(fn, concurrency, prefetch=0, ordered=ordered, name=name, on_error=on_error),
    )


def expand(fn: Callable[[T], Iterable[R]]) -> Operator[T, R]:
    """Make any number of items of one.

        source    -a-----b--|
        result    -(x,y)-x--|     fn(a) = x, y; fn(b) = x

    Draws from ``fn(item)`` only while the gate below is open, so it may be endless. In order.

    Errors: whatever ``fn`` or its iterator raises.
    """
    return flat_map_with_max_concurrent(fn, 1, prefetch=0)
