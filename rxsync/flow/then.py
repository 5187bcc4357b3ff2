"""Go on with the answer of some work, whatever kind of work it is.

Floor 2, flow. That is why one operator runs on diagrams in a test and on a database in production.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar, overload

from reactivex import Observable
from reactivex import operators as ops

from rxsync.errors import FlowError
from rxsync.flow.from_iterable import from_iterable
from rxsync.typing import Work

T = TypeVar("T")
R = TypeVar("R")


@overload
def then(work: Observable[T], fn: Callable[[T], Work[R]]) -> Observable[R]: ...


@overload
def then(work: Awaitable[T], fn: Callable[[T], Work[R]]) -> Awaitable[Iterable[R] | None]: ...


@overload
def then(work: T, fn: Callable[[T], Work[R]]) -> Work[R]: ...


def then(work: Any, fn: Callable[[Any], Work[R]]) -> Work[R]:
    """Call ``fn`` with the answer of ``work``; its results are the results.

        work      --k|
        result    --x|     fn(k) = [x]

    Args:
        work: a stream (``fn`` is called with each value), an awaitable, or the answer itself.
        fn: answers with an iterable or None, or with more work of the same kind.

    Errors: those of ``work`` and of ``fn``; ``FlowError`` if streams and awaitables are mixed.
    """
    if isinstance(work, Observable):
        stream: Observable[R] = work.pipe(ops.flat_map(lambda answer: _as_stream(fn(answer))))
        return stream
    if inspect.isawaitable(work):
        return _after(work, fn)
    return fn(work)


async def _after(work: Awaitable[T], fn: Callable[[T], Work[R]]) -> Iterable[R] | None:
    answer = fn(await work)
    if isinstance(answer, Observable):  # which is an awaitable too, of its last value only
        raise FlowError("work that began as an awaitable goes on with an awaitable or an iterable, not a stream")
    if isinstance(answer, Awaitable):
        return await answer
    return answer


def _as_stream(answer: Work[R]) -> Observable[R]:
    if isinstance(answer, Observable):
        return answer
    if isinstance(answer, Awaitable):
        raise FlowError("work that began as a stream goes on with a stream or an iterable, not an awaitable")
    return from_iterable(answer or ())
