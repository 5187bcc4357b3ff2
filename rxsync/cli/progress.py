"""Who watches a sync from the command line: a screen on a terminal, a line now and then in a log.

Floor 6, doors. Subscribers of the run's events.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reactivex import Observable, Subject

from rxsync.cli.globals import Settings
from rxsync.cli.output import complain
from rxsync.cli.pace import line
from rxsync.pipeline.progress import Advanced, Event, Finished, Started
from rxsync.wording import safe

LINE_EVERY = 30.0
"""Seconds between two lines in a log."""


@contextmanager
def watching(events: Observable[Event], settings: Settings) -> Iterator[None]:
    """Show progress on stderr while the block runs, in the manner that fits; afterwards it is clean."""
    if settings.quiet:
        yield
    elif sys.stderr.isatty() and os.environ.get("TERM") not in ("dumb", "unknown"):
        from rich.console import Console  # which takes a tenth of the time that a sync without news does

        from rxsync.cli.screen import Screen

        screen = Screen(Console(file=sys.stderr, force_terminal=True))
        settings.stop.on_stop = screen.stop
        with screen, events.subscribe(screen.on_next):
            yield
    else:
        with events.subscribe(Log(complain).on_next):
            yield


@contextmanager
def noted(settings: Settings) -> Iterator[Subject[Event]]:
    """Give an observer for a sync: it is watched, and ``settings.report`` says how far it came."""
    events: Subject[Event] = Subject()

    def note(event: Event) -> None:
        if isinstance(event, Finished):
            settings.report = event.report

    events.subscribe(note)
    with watching(events, settings):
        yield events


class Log:
    """Tells in a line where the run stands, at most every so many seconds of the run.

    Args:
        write: takes a line.
        every: seconds.
    """

    def __init__(self, write: Callable[[str], None], every: float = LINE_EVERY) -> None:
        self._write, self._every = write, every
        self._name, self._last = "", 0.0
        self._earlier: Advanced | None = None

    def on_next(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, Started):
            self._name, self._last, self._earlier = event.repository, 0.0, None
        elif isinstance(event, Advanced) and event.seconds - self._last >= self._every:
            self._write(f"{safe(self._name)}: {line(event, self._earlier)}")
            self._last, self._earlier = event.seconds, event
