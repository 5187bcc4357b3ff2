"""What goes to stdout and stderr, and how times look.

Floor 6, doors. Whoever reads our output may leave; that changes no exit code.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from rxsync import urls
from rxsync.urls import is_signed, without_credentials


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


def discreet(text: str, args: Sequence[str] = ()) -> str:
    """Drop the credentials of URLs in a text, and of arguments that it quotes.

    >>> discreet("GET https://ada:lovelace@host/a failed")
    'GET https://host/a failed'
    """
    for argument in args:
        named = "@" in argument and ":" in argument.partition("@")[0]  # a URL, or one whose scheme was forgotten
        if named or is_signed(argument):
            text = text.replace(argument, without_credentials(argument))
    return urls.discreet(text)


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
