"""Do more for units that are not saved yet: a step in the middle.

Floor 3, operators. The first use case of the story behind this project: further requests only for what is new.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any, TypeVar, cast

from reactivex import Observable
from reactivex import operators as ops

from rxsync.declare import DeclarativeContent
from rxsync.flow import stage, then
from rxsync.operators.stage import PlacedStage
from rxsync.typing import Work

T = TypeVar("T")

Enrich = Callable[[DeclarativeContent], "Awaitable[object] | Observable[Any] | None"]
"""Fills in fields of a unit's content, adds artifacts, or skips it. What it answers is passed over."""


def for_new_content(fn: Enrich, *, max_concurrent: int = 10, name: str | None = None) -> PlacedStage:
    """Call ``fn`` with each unit that was looked up and not found, or whose key is yet to be learnt; others pass by.

        source  -a-b-c-----|
        fn         ---x            b is saved already
        result  ---b-a---c-|      max_concurrent=2: in order of completion

    It may fill in fields and add artifacts, and may ``unit.skip(reason)``. The natural key stays as it is.

    Args:
        fn: works on one unit.
        max_concurrent: most units at once.
        name: what gauges call it; None: the name of ``fn``.

    An answer that is a stream is done with its first value, or its end.

    Errors: those of ``fn``, with a note that names the unit; ``DeclarationError`` where it changed the natural key.
    """

    def work(unit: DeclarativeContent) -> Work[DeclarativeContent]:
        if unit.new is not None:
            return (unit,)
        if iscoroutinefunction(fn):
            return enrich(unit)
        with at(unit):
            return then(once(fn(unit)), lambda _: kept(unit))

    async def enrich(unit: DeclarativeContent) -> tuple[DeclarativeContent, ...]:
        with at(unit):
            await fn(unit)  # type: ignore[misc]  # a coroutine function, as was seen
            return kept(unit)

    label = name or getattr(fn, "__name__", "for_new_content")
    line = stage(work, concurrency=max_concurrent, name=label)
    return PlacedStage(line, frozenset({"known content"}), frozenset({"saved content"}))


def kept(unit: DeclarativeContent) -> tuple[DeclarativeContent, ...]:
    """The unit, unless it was skipped.

    Raises:
        DeclarationError: its natural key is another now.
    """
    if unit.skipped is not None:
        return ()
    if unit.content.is_known():
        unit.check_key()
    return (unit,)


def once(answer: T) -> T:
    """Make a stream say one thing: its first value, or None where it has none."""
    if isinstance(answer, Observable):
        one: Any = answer.pipe(ops.first_or_default(None, None))
        return cast(T, one)
    return answer


class at:
    """Notes on an error which unit was at work."""

    def __init__(self, unit: DeclarativeContent) -> None:
        self._unit = unit

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        """Note it."""
        if isinstance(error, Exception):
            error.add_note(f"at unit {self._unit.name}")
