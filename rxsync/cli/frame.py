"""How the progress of a sync looks: pure functions of an event.

Floor 6, doors. Every line fits the width it is given, and their number is that of the stages, so nothing jumps.
"""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text

from rxsync.cli import stages
from rxsync.pipeline.progress import Advanced
from rxsync.wording import clock, count, safe, size

NARROWEST = 30
"""With fewer columns than this the stages are left out."""


@dataclass(frozen=True)
class Pace:
    """How fast it goes, from two events of one run.

    Attributes:
        units: a second.
        bytes: a second.
        left: seconds until the end; None if that cannot be told.
    """

    units: float
    bytes: float
    left: float | None

    @classmethod
    def of(cls, event: Advanced, earlier: Advanced | None = None) -> Pace:
        """Tell from ``earlier`` on; from the beginning of the run where there is none."""
        seconds, done, received = event.seconds, event.done, event.bytes_downloaded
        if earlier is not None and earlier.seconds < event.seconds:
            seconds, done, received = (
                seconds - earlier.seconds,
                done - earlier.done,
                received - earlier.bytes_downloaded,
            )
        units = done / seconds if seconds > 0 else 0.0
        missing = event.declared - event.done
        left = missing / units if event.total_known and units > 0 else None
        return cls(units, max(0.0, received / seconds) if seconds > 0 else 0.0, left)


def line(event: Advanced, earlier: Advanced | None = None) -> str:
    """Tell it in one line, for a log: ``1,234 of 3,000 units, 45.2 MB, 3.1 MB/s, 0:42, about 1:10 left``."""
    return ", ".join(_facts(event, Pace.of(event, earlier)))


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
    rows.append(Text(_fitting(_facts(event, Pace.of(event, earlier)), width)))
    if width >= NARROWEST:
        rows += [Text(), *stages.rows(event.stages, width)]
    return rows


def _facts(event: Advanced, pace: Pace) -> list[str]:
    """The numbers, the most telling first."""
    if event.total_known:
        units = f"{event.done:,} of {count(event.declared, 'unit')}"
    else:
        units = f"{event.done:,} of {event.declared:,}+ units"
    facts = [units, size(event.bytes_downloaded), f"{size(pace.bytes)}/s", clock(event.seconds)]
    if pace.left is not None and event.done < event.declared:
        facts.append(f"about {clock(pace.left + 1)} left")
    return facts


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
