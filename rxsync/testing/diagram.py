"""Read marble diagrams.

Floor 6, testing. One character is one second, by its index: ``-`` nothing, ``a`` an item, ``[a,b]`` one item that is a
list of two, ``(a,b)`` several items, all of them at its bracket; ``|`` the end, ``#`` an error, ``!`` the moment at
which whoever watches walks away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

_MARK = re.compile(r"\((?P<group>(?:[^()\[\]]|\[[^()\[\]]*\])*)\)|(?P<one>\[[^()\[\]]*\]|[^\s(),\[\]])")
_IN_GROUP = re.compile(r"[|#!]|\[[^\]]*\]|[^,|#!\s\[\]]+")
_IN_BATCH = re.compile(r"[^,\s]+")

Kind = Literal["next", "completed", "error", "cancelled"]
_ENDS: Mapping[str, Kind] = {"|": "completed", "#": "error", "!": "cancelled"}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a stream says, or that is done to it.

    Attributes:
        time: when, in virtual seconds.
        kind: an item, the end, an error, or that it was left.
        value: the item or the error; None at the end.
    """

    time: float
    kind: Kind
    value: Any = None


def read(diagram: str, values: Mapping[str, Any], error: Any) -> list[Event]:
    """Events of ``diagram``, in order.

    >>> [(event.time, event.value) for event in read("-a-[a,b]", {"a": 1}, None)]
    [(1, 1), (3, [1, 'b'])]

    Args:
        diagram: as described above.
        values: what the names mean; a name that is missing means itself.
        error: what ``#`` means.

    Raises:
        ValueError: it is no diagram; or a value is given that is not in it.
    """
    unknown = values.keys() - names_in(diagram)
    if unknown:
        raise ValueError(f"{', '.join(sorted(unknown))}: not in the diagram {diagram!r}")
    return [_event(time, mark, values, error) for time, mark in _marks(diagram)]


def names_in(diagram: str) -> set[str]:
    """Names that values may be given for.

    Raises:
        ValueError: it is no diagram.
    """
    return {name for _, mark in _marks(diagram) for name in (mark, *_batch(mark))}


def _batch(mark: str) -> list[str]:
    return _IN_BATCH.findall(mark[1:-1]) if mark.startswith("[") else []


def _marks(diagram: str) -> Iterator[tuple[int, str]]:
    at = 0
    while at < len(diagram):
        match = _MARK.match(diagram, at)
        if match is None:
            raise ValueError(f"{diagram!r}: {diagram[at]!r} at {at} is no mark")
        if match["group"] is not None:
            yield from ((at, mark) for mark in _IN_GROUP.findall(match["group"]))
        elif match["one"] != "-":
            yield at, match["one"]
        at = match.end()


def _event(time: int, mark: str, values: Mapping[str, Any], error: Any) -> Event:
    if mark in _ENDS:
        return Event(time, _ENDS[mark], error if mark == "#" else None)
    if mark.startswith("["):
        return Event(time, "next", [values.get(name, name) for name in _batch(mark)])
    return Event(time, "next", values.get(mark, mark))
