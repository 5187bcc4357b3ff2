"""The shapes that every floor speaks of: what work may answer with, and what an operator is.

Floor 0. ``Any`` stands only here, at the seam to reactivex, whose own types end where ours begin.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeAlias, TypeVar

from reactivex import Observable, abc

T = TypeVar("T")
R = TypeVar("R")

#: What a function may answer with, for any number of results: a stream, an awaitable of an iterable, an
#: iterable, or None for nothing at all.
Work: TypeAlias = Observable[T] | Awaitable[Iterable[T] | None] | Iterable[T] | None

#: What ``pipe()`` takes.
Operator: TypeAlias = Callable[[Observable[T]], Observable[R]]

#: An item on its way through operators that do not look into it.
Item: TypeAlias = Any

#: Whoever stands below an operator.
Observer: TypeAlias = abc.ObserverBase[Any]

#: Says what takes the place of an item whose work failed: items to emit, or None; or raises to fail the run.
OnError: TypeAlias = Callable[[Any, Exception], Iterable[Any] | None]

#: Says whether an item whose work failed may be worked on once more, when all else is done.
Again: TypeAlias = Callable[[Any, Exception], bool]
