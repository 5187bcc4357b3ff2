"""In which order the places of a file are asked: the one that worked before first, one that keeps failing last.

Floor 3, download. No I/O: failures and successes in, an order out.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from rxsync.errors import DownloadError, HttpStatusError, IntegrityError
from rxsync.urls import without_credentials

V = TypeVar("V")

FAILURES = 3
"""Files in a row that an origin has failed to give when it is down: one or two may be chance."""

CHANCE = 60.0
"""Seconds after which an origin that was passed over is asked once in its place, as it may have come back."""

KNOWN = 1000
"""Origins that are remembered, the oldest forgotten first: there are a few, unless a source makes them up."""

_ORIGIN = re.compile(r"[^:/?#]+://[^/?#]*")


class Mirrors:
    """What is known of the origins of files that can be had at several. Of requests with one URL nothing is kept.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._worked: _Known[str] = _Known(clock)  # by the origin of the first URL that is declared
        self._failures: _Known[int] = _Known(clock)  # in a row, by origin

    def order(self, urls: Sequence[str], *, conditional: bool = False) -> Sequence[str]:
        """Put the URLs of a file in the order in which to try them; none is left out.

        First the one whose origin gave the last file that was declared at the same first origin, then the others as
        declared, and after them those whose origin is down.

        Args:
            urls: as declared, best first.
            conditional: the question is whether the first one is unchanged: others come first only where it is down.
        """
        if len(urls) == 1:
            return urls
        origins = [_origin(url) for url in urls]
        down = {origin: self._is_down(origin) for origin in dict.fromkeys(origins)}
        worked = None if conditional else self._worked.get(origins[0])

        def rank(at: int) -> tuple[bool, bool]:
            return down[origins[at]], origins[at] != worked

        return [urls[at] for at in sorted(range(len(urls)), key=rank)]

    def gave(self, urls: Sequence[str], url: str) -> None:
        """Note that of ``urls`` this one gave the file."""
        if len(urls) > 1:
            origin = _origin(url)
            first = _origin(urls[0])
            if self._worked.peek(first) != origin:  # else the chance of another is not put off
                self._worked.set(first, origin)
            self._failures.forget(origin)

    def failed(self, urls: Sequence[str], url: str, error: DownloadError) -> None:
        """Note that of ``urls`` this one did not give the file."""
        if len(urls) == 1:
            return
        origin = _origin(url)
        if _is_the_hosts(error):
            self._failures.set(origin, (self._failures.peek(origin) or 0) + 1)
        else:
            self._failures.forget(origin)  # it answered

    def _is_down(self, origin: str) -> bool:
        failures = self._failures.peek(origin)
        return failures is not None and failures >= FAILURES and self._failures.get(origin) is not None


class _Known(Generic[V]):
    """What was noted of an origin, but for one question every ``CHANCE`` seconds, so that it can turn out otherwise.

    Only one: fifty that ask at the same time would all wait for a host that is still down.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._notes: dict[str, tuple[V, float]] = {}

    def peek(self, origin: str) -> V | None:
        note = self._notes.get(origin)
        return None if note is None else note[0]

    def get(self, origin: str) -> V | None:
        note = self._notes.get(origin)
        if note is None:
            return None
        value, chance = note
        if self._clock() < chance:
            return value
        self.set(origin, value)
        return None

    def set(self, origin: str, value: V) -> None:
        self._notes[origin] = value, self._clock() + CHANCE
        if len(self._notes) > KNOWN:
            del self._notes[next(iter(self._notes))]

    def forget(self, origin: str) -> None:
        self._notes.pop(origin, None)


def _origin(url: str) -> str:
    """Give scheme, host and port as they are written, in lower case and without credentials."""
    origin = _ORIGIN.match(without_credentials(url))
    return origin[0].lower() if origin else ""


def _is_the_hosts(error: DownloadError) -> bool:
    """Whether the next file may fare no better there: no connection, no answer in time, a server in trouble.

    A file that is not there, or is another one, is that file's: a mirror that lags behind has all others. What fails at
    once and for good, such as a certificate, costs no attempts, and an origin that works is remembered anyway.
    """
    if isinstance(error, HttpStatusError):
        return error.status == 429 or error.status >= 500
    return error.transient and not isinstance(error, IntegrityError)
