"""How the progress of a sync looks: pure functions of an event.

Floor 6, doors. Every line fits the width it is given, and their number is that of the stages, so nothing jumps.
"""

from __future__ import annotations

from rich.text import Text

from rxsync.cli import stages
from rxsync.cli.pace import Pace, told
from rxsync.pipeline.progress import Advanced
from rxsync.wording import safe

NARROWEST = 30
"""With fewer columns than this the stages are left out."""


def frame(
    event: Advanced, width: int, *, title: str = "", earlier: Advanced | None = None, stopping: bool = False
) -> list[Text]:
    """Tell it in full, for a terminal.

    Args:
        event: where the run stands.
        width: of the terminal, in columns.
        title: what is being done.
        earlier: an older event, from which on rates are computed.
        stopping: somebody wished the run to stop, and it cleans up.
    """
    rows = [Text(_middle(safe(title), width), "bold"), _bar(event, width, stopping=stopping)]
    rows.append(Text(_fitting(told(event, Pace.of(event, earlier)), width)))
    if width >= NARROWEST:
        rows += [Text(), *stages.rows(event.stages, width)]
    return rows


def _fitting(facts: list[str], width: int, gap: str = "   ") -> str:
    """Join as many facts as fit; what does not is left out from the middle, the first and the last stay longest."""
    facts = list(facts)
    while len(facts) > 1 and len(gap.join(facts)) > width:
        facts.pop(-2 if len(facts) > 2 else -1)
    return gap.join(facts)[:width]


def _bar(event: Advanced, width: int, *, stopping: bool) -> Text:
    share = event.done / event.declared if event.total_known and event.declared else 0.0
    label = f" {_phase(event, share, stopping=stopping)}"
    room = max(0, min(width - len(label), 50))
    full = int(room * share)
    return Text("━" * full, "green").append("─" * (room - full), "dim").append(label[:width])


def _phase(event: Advanced, share: float, *, stopping: bool) -> str:
    if stopping:
        return "stopping, cleaning up"
    if not event.total_known:
        return "reading the source"
    if event.done >= event.declared:
        return "making the version"
    return f"{int(100 * share):3}%"


def _middle(text: str, width: int) -> str:
    """Cut the middle out of a text that is too long: both ends of a URL tell more."""
    if len(text) <= width:
        return text
    tail = (width - 1) // 2
    return f"{text[: width - 1 - tail]}…{text[len(text) - tail :]}"
