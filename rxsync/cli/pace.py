"""How fast a sync goes, in words.

Floor 6, doors. Pure functions of events.
"""

from __future__ import annotations

from dataclasses import dataclass

from rxsync.pipeline.progress import Advanced
from rxsync.wording import clock, count, size


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
    return ", ".join(told(event, Pace.of(event, earlier)))


def told(event: Advanced, pace: Pace) -> list[str]:
    """The numbers, the most telling first."""
    if event.total_known:
        units = f"{event.done:,} of {count(event.declared, 'unit')}"
    else:
        units = f"{event.done:,} of {event.declared:,}+ units"
    facts = [units, size(event.bytes_downloaded), f"{size(pace.bytes)}/s", clock(event.seconds)]
    if event.at_once:
        few, many = min(event.at_once.values()), max(event.at_once.values())
        facts.append(f"{few if few == many else f'{few}-{many}'} at once")
    if pace.left is not None and event.done < event.declared:
        facts.append(f"about {clock(pace.left + 1)} left")
    return facts
