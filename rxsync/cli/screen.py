"""A sync on a terminal.

Floor 6, doors. A subscriber of the run's events. A terminal that stands still (Ctrl-S) holds up only itself: it is
written to by a thread of its own.
"""

from __future__ import annotations

from collections import deque

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

from rxsync.cli import frame
from rxsync.pipeline.progress import EVERY, Advanced, Event, Finished, Started

REMEMBERED = 10.0
"""Rates are of so many seconds past."""

_ASCII = str.maketrans({"━": "#", "─": "-", "…": "~"})


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
