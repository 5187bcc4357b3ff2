"""Read and draw marble diagrams.

Floor 6, testing. One character is one second, by its index: ``-`` nothing, ``a`` an item, ``(a,b)`` several
at its bracket, ``|`` the end, ``#`` an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

_MARK = re.compile(r"\(([^()]*)\)|([^\s(),])")
_IN_GROUP = re.compile(r"[|#]|[^,|#\s]+")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a stream says.

    Attributes:
        time: when, in virtual seconds.
        kind: an item, the end, or an error.
        value: the item or the error; None at the end.
    """

    time: float
    kind: Literal["next", "completed", "error"]
    value: Any = None


def read(diagram: str, values: Mapping[str, Any], error: Any) -> list[Event]:
    """Events of ``diagram``, in order.

    Args:
        diagram: as described above.
        values: what the names mean; a name that is missing means itself.
        error: what ``#`` means.

    Raises:
        ValueError: it is no diagram; or a value is given that is not in it.
    """
    marks = list(_marks(diagram))
    unknown = set(values) - {name for _, name in marks}
    if unknown:
        raise ValueError(f"{', '.join(sorted(unknown))}: not in the diagram {diagram!r}")
    return [_event(time, name, values, error) for time, name in marks]


def _marks(diagram: str) -> Iterator[tuple[int, str]]:
    at = 0
    while at < len(diagram):
        match = _MARK.match(diagram, at)
        if match is None:
            raise ValueError(f"{diagram!r}: {diagram[at]!r} at {at} is no mark")
        if match[1] is not None:
            yield from ((at, name) for name in _IN_GROUP.findall(match[1]))
        elif match[2] != "-":
            yield at, match[2]
        at = match.end()


def _event(time: int, name: str, values: Mapping[str, Any], error: Any) -> Event:
    if name == "|":
        return Event(time, "completed")
    if name == "#":
        return Event(time, "error", error)
    return Event(time, "next", values.get(name, name))


def draw(events: Iterable[Event], values: Mapping[str, Any]) -> str:
    """Draw ``events``; what has no name in ``values`` is drawn as ``?``, and all of it is told below."""
    groups: dict[float, list[Event]] = {}
    for event in events:
        groups.setdefault(event.time, []).append(event)
    picture, legend = "", []
    for time, group in groups.items():
        names = [_name(event, values) for event in group]
        picture = picture.ljust(int(time), "-") + (names[0] if len(names) == 1 else f"({','.join(names)})")
        legend += [f"{time:g} s: {event.kind} {_told(event)}".rstrip() for event in group]
    return "\n".join([picture or "-", *(f"    {line}" for line in legend)])


def _name(event: Event, values: Mapping[str, Any]) -> str:
    if event.kind != "next":
        return "|" if event.kind == "completed" else "#"
    names = [name for name, value in values.items() if value is event.value or value == event.value]
    if names:
        return names[0]
    return event.value if isinstance(event.value, str) and len(event.value) == 1 else "?"


def _told(event: Event) -> str:
    return "" if event.kind == "completed" else repr(event.value)
