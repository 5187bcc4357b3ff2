"""What each stage of a line is doing, a row each.

Floor 6, doors. Pure functions of gauges; names are shortened, never wrapped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from rxsync.flow import Gauge
from rxsync.wording import safe

WIDE, NARROW = 72, 50
"""With fewer columns the word beside each number is left out, and then what the stage waits for."""

_DOING = {
    "work": "{working:,} at work",
    "company": "fills a batch",
    "room": "waits for the next step",
    "input": "waits for units",
    "done": "done",
}
_SOURCE = _DOING | {"work": "reads", "input": "reads", "room": "waits: the line is full"}
_WORDS = max(len(words) for words in _DOING.values())
_HELD = len("10,000")


def rows(stages: Sequence[Gauge], width: int) -> Iterator[Text]:
    """Tell of each stage what it holds and what it waits for; the first is the source."""
    names = ["source" if at == 0 else gauge.name for at, gauge in enumerate(stages)]
    holds = "holds " if width >= WIDE else ""
    numbers = len(holds) + _HELD
    beside = numbers + (2 + _WORDS if width >= NARROW else 0)
    shown = [shorten(safe(name), width - 4 - beside) for name in names]
    column = max(map(len, shown), default=0)
    for at, (gauge, name) in enumerate(zip(stages, shown, strict=True)):
        held = f"{holds}{gauge.held:>{_HELD},}" if gauge.held else ""
        cells = [f"  {name:<{column}}", f"{held:>{numbers}}"]
        if width >= NARROW:
            cells.append((_DOING if at else _SOURCE)[gauge.waits_for].format(working=gauge.working))
        yield Text("  ".join(cells).rstrip()[:width], "dim" if gauge.waits_for in ("input", "done") else "")


def shorten(name: str, room: int) -> str:
    """Make the name of a stage fit; one that was fused keeps its first step, and its last if that fits.

    >>> shorten("save_artifacts + save_content + resolve_content", 40)
    'save_artifacts … resolve_content'
    >>> shorten("save_artifacts + save_content + resolve_content", 20)
    'save_artifacts +2'
    """
    steps = name.split(" + ")
    candidates = [name, f"{steps[0]} … {steps[-1]}", f"{steps[0]} +{len(steps) - 1}"]
    fitting = next((candidate for candidate in candidates if len(candidate) <= room), None)
    return fitting if fitting is not None else f"{steps[0][: max(0, room - 1)]}…"
