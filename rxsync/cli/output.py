"""What goes to stdout and stderr, and how numbers and times look.

Floor 6, doors. Whatever a source says is shown, never sent: control characters are escaped, so that no name in a
manifest can move the cursor. Whoever reads our output may leave; that changes no exit code.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from rxsync.urls import without_credentials

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"]+")


def prepare() -> None:
    """Make sure that there is a stdout and a stderr, and that they take every character."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115  # for the process's life
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def mute() -> None:
    """Let stdout lead nowhere: its reader has left, and Python would complain of that at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def say(lines: Iterable[str]) -> None:
    """Print lines on stdout; quietly stop where the reader has left.

    Raises:
        OSError: they cannot be written.
    """
    try:
        for line in lines:
            sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        mute()


def complain(line: str) -> None:
    """Print a line on stderr, if that is possible."""
    try:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
    except OSError:
        pass  # nobody is left to be told


def say_json(answer: Mapping[str, object]) -> None:
    """Print one JSON object on stdout; in ASCII, so that no terminal or encoding can spoil it."""
    say([json.dumps(answer, indent=2 if sys.stdout.isatty() else None)])


def safe(text: str) -> str:
    r"""Escape what a terminal would obey rather than show.

    >>> safe("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def discreet(text: str, args: Sequence[str] = ()) -> str:
    """Drop the credentials of URLs in a text, and of arguments that it quotes.

    >>> discreet("GET https://ada:lovelace@host/a failed")
    'GET https://host/a failed'
    """
    for argument in args:
        if "@" in argument and ":" in argument.partition("@")[0]:  # a URL, or one whose scheme was forgotten
            text = text.replace(argument, without_credentials(argument))
    return _URL.sub(lambda url: without_credentials(url[0]), text)


def size(count: float) -> str:
    """Tell bytes to people.

    >>> size(0), size(999), size(1500), size(999_999), size(2.5e9)
    ('0 B', '999 B', '1.5 kB', '1.0 MB', '2.5 GB')
    """
    if count < 1000:
        return f"{count:.0f} B"
    for unit in ("kB", "MB", "GB", "TB", "PB"):
        count /= 1000
        if count < 999.95 or unit == "PB":
            break
    return f"{count:.1f} {unit}"


def duration(seconds: float) -> str:
    """Tell seconds to people.

    >>> duration(0.234), duration(12.3), duration(125), duration(7325)
    ('0.2 s', '12.3 s', '2:05', '2:02:05')
    """
    return f"{seconds:.1f} s" if seconds < 59.95 else clock(seconds)


def clock(seconds: float) -> str:
    """Tell seconds as a clock that is running shows them.

    >>> clock(0.9), clock(125), clock(90061)
    ('0:00', '2:05', '25:01:01')
    """
    minutes, second = divmod(int(seconds), 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour}:{minute:02}:{second:02}" if hour else f"{minute}:{second:02}"


def count(number: int, noun: str) -> str:
    """Tell how many.

    >>> count(1, "unit"), count(1234, "unit")
    ('1 unit', '1,234 units')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def moment(at: datetime) -> str:
    """Tell a time, given in UTC.

    >>> moment(datetime(2026, 7, 26, 14, 3, 12))
    '2026-07-26 14:03:12 UTC'
    """
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def stamp(at: datetime) -> str:
    """Tell a time, given in UTC, to programs.

    >>> stamp(datetime(2026, 7, 26, 14, 3, 12))
    '2026-07-26T14:03:12Z'
    """
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
