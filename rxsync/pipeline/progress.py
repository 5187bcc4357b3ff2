"""Progress as events: the terminal, a notebook and metrics are subscribers.

Floor 4, pipeline. Events are values; nobody who watches can hold up the line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reactivex import abc

from rxsync.flow import Gauge
from rxsync.pipeline.report import Report


@dataclass(frozen=True, slots=True)
class Started:
    """A run began."""

    run: str
    repository: str
    source: str


@dataclass(frozen=True, slots=True)
class Advanced:
    """Where a run stands; comes a few times a second.

    Attributes:
        seconds: since the run began.
        declared: units the source has declared so far.
        total_known: True once the source has ended, so that ``declared`` is the total.
        done: units that have come through.
        bytes_downloaded: bytes of files that have arrived.
        stages: what each stage holds and waits for, in the order of the line.
        at_once: how many requests each host takes at once, by host, where that is being found out.
    """

    seconds: float
    declared: int
    total_known: bool
    done: int
    bytes_downloaded: int
    stages: Sequence[Gauge]
    at_once: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finished:
    """A run is over, well or not."""

    report: Report


Event = Started | Advanced | Finished
Events = abc.ObserverBase[Event]

EVERY = 0.25
"""Seconds between two ``Advanced``."""
