"""Who watches a sync from the command line: a screen on a terminal, a line now and then in a log.

Floor 6, doors. Subscribers of the run's events. A terminal that stands still (Ctrl-S) holds up only itself: it is
written to by a thread of its own.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reactivex import Observable, Subject
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

from rxsync.cli import frame
from rxsync.cli.globals import Settings
from rxsync.cli.output import complain
from rxsync.pipeline.progress import EVERY, Advanced, Event, Finished, Started
from rxsync.wording import safe

LINE_EVERY = 30.0
"""Seconds between two lines in a log."""

REMEMBERED = 10.0
"""Rates are of so many seconds past."""

_ASCII = str.maketrans({"━": "#", "─": "-", "…": "~"})


@contextmanager
def watching(events: Observable[Event], settings: Settings) -> Iterator[None]:
    """Show progress on stderr while the block runs, in the manner that fits; afterwards it is clean."""
    if settings.quiet:
        yield
    elif sys.stderr.isatty() and os.environ.get("TERM") not in ("dumb", "unknown"):
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
            self._write(f"{safe(self._name)}: {frame.line(event, self._earlier)}")
            self._last, self._earlier = event.seconds, event


class Screen:
    """Shows where the run stands. A context manager; what it drew is gone when it ends."""

    def __init__(self, console: Console) -> None:
        self._console, self._title, self._stopping = console, "", False
        self._past: deque[Advanced] = deque(maxlen=int(REMEMBERED / EVERY))
        self._shown: tuple[Advanced, Advanced] | None = None  # the newest event and one to compare it with
        self._live = Live(
            get_renderable=lambda: self,
            console=console,
            refresh_per_second=1 / EVERY,
            transient=True,
            vertical_overflow="crop",
        )

    def on_next(self, event: Event) -> None:
        """Take an event. Only notes it; drawing is the thread's."""
        if isinstance(event, Started):
            self._title = f"{event.repository}  {event.source}"
            self._past.clear()
        elif isinstance(event, Advanced):
            self._past.append(event)
            self._shown = event, self._past[0]
            if event.seconds >= EVERY and not self._live.is_started:  # a sync that is over at once shows nothing
                self._live.start()
        elif isinstance(event, Finished):
            self._live.stop()

    def stop(self) -> None:
        """Say from now on that the run stops. May be called in a signal handler."""
        self._stopping = True

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw as many lines as the terminal has room for."""
        if self._shown is None:
            return
        event, earlier = self._shown
        width, height = options.max_width, console.height
        lines = frame.frame(event, width, title=self._title, earlier=earlier, stopping=self._stopping)
        for line in lines[: max(1, height - 1)]:
            line = Text(line.plain.translate(_ASCII), line.style) if options.ascii_only else line
            line.no_wrap, line.overflow = True, "crop"
            yield line
