"""A number that may change while a stream runs.

Floor 2, flow.
"""

from __future__ import annotations

from collections.abc import Callable

from rxsync.flow.gate import void


class Dial:
    """A bound that can be turned; whoever goes by it is told.

    Args:
        value: to begin with.
    """

    __slots__ = ("_listeners", "_value")

    def __init__(self, value: int) -> None:
        self._value = value
        self._listeners: dict[object, Callable[[int], None]] = {}

    @property
    def value(self) -> int:
        """What holds now; setting it tells everybody at once, in the order they came."""
        return self._value

    @value.setter
    def value(self, value: int) -> None:
        if value != self._value:
            self._value = value
            for listener in [*self._listeners.values()]:
                listener(self._value)  # not ``value``: one before may have turned it further

    def on_change(self, listener: Callable[[int], None]) -> Callable[[], None]:
        """Call ``listener`` with each new value; the answer takes the request back."""
        key = object()
        self._listeners[key] = listener
        return lambda: void(self._listeners.pop(key, None))


Bound = int | Dial
"""A bound that stays, or one that can be turned."""


def now(bound: Bound) -> int:
    """Give what holds now."""
    return bound.value if isinstance(bound, Dial) else bound
