"""What SIGHUP does to a sync, from its first moment on: it is passed on, or stops it where its terminal is gone.

Floor 6, doors.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from rxsync.cli.stopping import Stop


class Hangups:
    """Passes hang-ups on to whoever follows the file of settings, as soon as somebody does.

    One that comes before that would kill the process, had nobody listened; it is passed on later, since the file may
    have been read already.
    """

    def __init__(self) -> None:
        self._told: Callable[[], object] | None = None
        self._missed = False

    @contextmanager
    def heard(self, stop: Stop) -> Iterator[None]:
        """Listen while the context lasts.

        Args:
            stop: is told of a terminal that is gone.
        """
        before = signal.getsignal(signal.SIGHUP)
        can_lose_it = before is not signal.SIG_IGN and _has_terminal()  # nohup says: go on when it is gone

        def came(number: int, frame: FrameType | None) -> None:
            if can_lose_it and not _has_terminal():
                stop.came(number, frame)
            elif self._told is None:
                self._missed = True
            else:
                self._told()

        signal.signal(signal.SIGHUP, came)
        try:
            yield
        finally:
            signal.signal(signal.SIGHUP, before)

    @contextmanager
    def passed_on(self, told: Callable[[], object]) -> Iterator[None]:
        """Tell of each while the context lasts, and of one that has come already; called in a signal handler."""
        self._told = told
        if self._missed:
            told()
        try:
            yield
        finally:
            self._told = None


def _has_terminal() -> bool:
    """Whether the process has a terminal that can send it signals; one that has hung up is none."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True
