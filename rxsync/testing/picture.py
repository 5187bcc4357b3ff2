"""Draw two streams one under the other, on one ruler, and point at where they part.

Floor 6, testing. While there is room, a stream is drawn as its diagram would be written, so that what came can be
pasted as what is expected; where marks of either stream would overlap, the seconds are drawn further apart in both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from rxsync.testing.diagram import Event

Names = Sequence[Mapping[str, Any]]
"""What values are called: in the diagram itself, then elsewhere."""

_NEAR = 12  # seconds of silence that are drawn before and after what happens
_AFTER = 30  # events that are drawn after the first difference
_MOST = 8  # marks of one moment, and lines of a legend
_MARKS = {"completed": "|", "error": "#", "cancelled": "!"}
_ENDS = {"completed": "ends", "error": "fails", "cancelled": "left"}
_is_name = re.compile(r"[^,|#!\s()\[\]?]{1,12}").fullmatch


def difference(expected: Sequence[Event], came: Sequence[Event], names: Names) -> str | None:
    """Draw both streams and say in words where they part; None if they agree.

    Args:
        expected: events; the value of an error may be its type.
        came: events.
        names: what to call the values.
    """
    pairs = zip_longest(expected, came)
    first = next((i for i, (one, other) in enumerate(pairs) if not (one and other and _agree(one, other))), None)
    if first is None:
        return None
    rows = [_Row(*row, first + _AFTER, names) for row in (("expected", expected), ("actual", came))]
    scale = _Scale(rows)
    at = min(row.events[first].time for row in rows if first < len(row.events))
    shown = next(row for row in reversed(rows) if first < len(row.events) and row.events[first].time == at)
    caret = scale.columns[at] + shown.offset(first)
    drawn = [("seconds", scale.ruler()), *((row.title, scale.draw(row)) for row in rows), ("", " " * caret + "^")]
    width = max(len(line) for _, line in drawn)
    tails = ["", *(row.tail() for row in rows), f"at {at:g} s"]
    lines = [f"{title:<10}{line:<{width}}  {tail}".rstrip() for (title, line), tail in zip(drawn, tails, strict=True)]
    told = f"another stream than expected, at {at:g} s: {_words(expected, came, first, names)}"
    return "\n".join([told, "", *lines, *_legend(rows[1], first, names)])


def _agree(expected: Event, came: Event) -> bool:
    return (expected.time, expected.kind) == (came.time, came.kind) and _same(expected, came)


def _same(expected: Event, came: Event) -> bool:
    """Whether it is the same, whenever."""
    if expected.kind != came.kind:
        return False
    if expected.kind == "error" and isinstance(expected.value, type):
        return isinstance(came.value, expected.value)
    return expected.value is came.value or bool(expected.value == came.value)


class _Row:
    """One stream: for each moment, the marks of what happens then."""

    def __init__(self, title: str, events: Sequence[Event], most: int, names: Names) -> None:
        self.title, self.events, self._last = title, events[:most], events[-1] if events else None
        self.moments: dict[float, list[str]] = {}
        for event in self.events:
            self.moments.setdefault(event.time, []).append(_mark(event, names))

    @property
    def ends(self) -> bool:
        return bool(self.events) and self.events[-1].kind != "next"

    def token(self, time: float) -> str:
        marks = self.moments.get(time, [])
        if len(marks) == 1 and (len(marks[0]) == 1 or marks[0].startswith("[")):
            return marks[0]
        more = [f"…{len(marks) - _MOST} more"] if len(marks) > _MOST else []
        return f"({','.join(marks[:_MOST] + more)})" if marks else ""

    def offset(self, index: int) -> int:
        """Where in its moment's token the mark of an event stands."""
        time = self.events[index].time
        before = sum(event.time == time for event in self.events[:index])
        marks = self.moments[time]
        return 0 if before == 0 else 1 + sum(len(mark) + 1 for mark in marks[: min(before, _MOST)])

    def tail(self) -> str:
        """How long it lasts."""
        last = self._last
        return f"{_ENDS[last.kind]} at {last.time:g} s" if last and last.kind != "next" else "goes on"


class _Scale:
    """Which column each moment stands in, for all rows.

    A time of None in the axis is a silence too long to be drawn.
    """

    def __init__(self, rows: Sequence[_Row]) -> None:
        times = {time for row in rows for time in row.moments}
        self._axis = _axis(times)
        self.columns: dict[float, int] = {}
        free, column = dict.fromkeys(rows, 0), -1
        self._gaps: list[int] = []
        for time in self._axis:
            tokens = {} if time is None else {row: row.token(time) for row in rows if time in row.moments}
            column = max([column + 1, *(free[row] for row in tokens)])
            if time is None:
                self._gaps.append(column)
            else:
                self.columns[time] = column
            free.update((row, column + len(token)) for row, token in tokens.items())

    def draw(self, row: _Row) -> str:
        cells: dict[int, str] = dict.fromkeys(self._gaps, "…")
        cells |= {column: "-" for time, column in self.columns.items() if time == int(time)}
        for time in row.moments:
            cells |= dict(enumerate(row.token(time), self.columns[time]))
        last = max(cells) + 1
        if row.ends:
            time = row.events[-1].time
            last = self.columns[time] + len(row.token(time))
        return "".join(cells.get(column, "·") for column in range(last))

    def ruler(self) -> str:
        """Numbers above every fifth second, those that are no whole ones, and after a silence."""
        line, silent = "", False
        for time in self._axis:
            if time is None:
                silent = True
            elif (time % 5 == 0 or time % 1 or silent) and (not line or len(line) < self.columns[time]):
                line, silent = f"{line:<{self.columns[time]}}{time:g}", False
        return line


def _axis(times: set[float]) -> list[float | None]:
    last, axis = max(times, default=0), list[float | None]()
    drawn = times | {float(second) for moment in (0, *times) for second in _around(moment, last)}
    for time in sorted(drawn):
        if axis and axis[-1] is not None and time - axis[-1] > 1:
            axis.append(None)
        axis.append(time)
    return axis


def _around(time: float, last: float) -> range:
    """Seconds near ``time``, when something happens, up to the ``last``; a stream begins at 0."""
    return range(max(0, int(time) - _NEAR), min(int(time) + _NEAR, int(last)) + 1)


def _mark(event: Event, names: Names) -> str:
    return _MARKS.get(event.kind) or _name(event.value, names)


def _name(value: Any, names: Names) -> str:
    for called in names:
        known = called.items()
        if same := [name for name, one in known if one is value] or [name for name, one in known if one == value]:
            return same[0]
    if isinstance(value, str) and _is_name(value):
        return value
    if isinstance(value, list) and len(value) <= _MOST:
        return f"[{','.join(_name(item, names) for item in value)}]"
    return "?"


def _words(expected: Sequence[Event], came: Sequence[Event], at: int, names: Names) -> str:
    wanted, got = (events[at] if at < len(events) else None for events in (expected, came))
    if wanted is None:
        return f"nothing more expected, came {_called(got, names)}"
    name = _called(wanted, names)
    later = next((event for event in came[at:] if _same(wanted, event)), None)
    if later is not None and later.time != wanted.time:
        late = later.time - wanted.time
        return f"expected {name}, came {abs(late):g} s {'late' if late > 0 else 'early'}, at {later.time:g} s"
    if got is None:
        return f"expected {name}, nothing came"
    when = "" if got.time == wanted.time else f" at {got.time:g} s"
    also = f" at {wanted.time:g} s" if when and got.time < wanted.time else ""
    return f"expected {name}{also}, came {_called(got, names)}{when}"


def _called(event: Event | None, names: Names) -> str:
    if event is None:
        return "nothing"
    if event.kind == "next":
        name = _name(event.value, names)
        return repr(event.value) if "?" in name else name
    words = {"completed": "the end", "cancelled": "! (to be left)", "error": f"# ({_said(event.value)})"}
    return words[event.kind]


def _said(error: object) -> str:
    return error.__name__ if isinstance(error, type) else repr(error)


def _legend(row: _Row, told: int, names: Names) -> list[str]:
    """Tell what the marks cannot: values without a name, and errors; but for the one that was told."""
    lines = [
        f"  at {event.time:g} s  {mark} is {event.value!r}"
        for index, event in enumerate(row.events)
        if index != told and ("?" in (mark := _mark(event, names)) or event.kind == "error")
    ]
    more = [f"  and {len(lines) - _MOST} more"] if len(lines) > _MOST else []
    return ["", *lines[:_MOST], *more] if lines else []
