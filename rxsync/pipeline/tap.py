"""A look into a live stream.

Floor 4, pipeline. Whoever looks on holds up nothing, and breaks nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeAlias

from reactivex import Observable, abc
from reactivex import operators as ops

from rxsync.declare import DeclarativeContent
from rxsync.operators import Stage

_log = logging.getLogger(__name__)

Looker: TypeAlias = abc.ObserverBase[DeclarativeContent] | Callable[[DeclarativeContent], object]
"""Somebody who is told: an observer, or a function of a unit."""


def tapped(step: str, looker: Looker) -> Stage:
    """Tell ``looker`` of each unit that goes by, at once.

        source   -a-b-c--|
        looker    a b#           fails at b, and is told no more
        result   -a-b-c--|

    In order; nothing is held. An observer is told of the end, too, and of an error.

    Args:
        step: the step that units come from, for the warning.
        looker: whom to tell. Where it raises, a warning is logged.

    Errors: passes the source's on.
    """

    def operator(source: Observable[DeclarativeContent]) -> Observable[DeclarativeContent]:
        return source.pipe(ops.do(_Guarded(step, looker)))

    return operator


class _Guarded(abc.ObserverBase[DeclarativeContent]):
    """Of one line: keeps what goes wrong in an observer away from the stream."""

    def __init__(self, step: str, looker: Looker) -> None:
        self._step = step
        self._looker: Looker | None = looker

    def on_next(self, value: DeclarativeContent) -> None:
        self._tell("on_next", value)

    def on_error(self, error: Exception) -> None:
        self._tell("on_error", error)

    def on_completed(self) -> None:
        self._tell("on_completed")

    def _tell(self, what: str, *args: Any) -> None:
        looker = self._looker
        if looker is None:
            return
        try:
            if isinstance(looker, abc.ObserverBase):
                getattr(looker, what)(*args)
            elif what == "on_next":
                looker(*args)
        except Exception:
            self._looker = None
            _log.warning("who looks at step %r failed and is told no more", self._step, exc_info=True)
