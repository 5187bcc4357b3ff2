"""How numbers and foreign text look to people: the same in a terminal, a page and a notebook.

Floor 0. Whatever a source says is shown, never sent: control characters are escaped, so that no name in a manifest can
move a cursor.
"""

from __future__ import annotations

import re
from typing import Literal

MAKE_ROOM = "make room on the disk, then run again"
"""What to do where a file or a row has no room."""

OFF = "off"
"""Lifts a limit that was said elsewhere."""

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_BYTES = {"B": 1} | {
    f"{letter}{end}": base**power
    for power, letter in enumerate("KMGT", 1)
    for end, base in (("", 1000), ("B", 1000), ("IB", 1024))
}


def safe(text: str) -> str:
    r"""Escape what a terminal would obey rather than show.

    >>> safe("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


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


def parse_duration(text: str) -> float:
    """Read what people call a time; in seconds.

    >>> parse_duration("90s"), parse_duration("1.5h"), parse_duration("7d"), parse_duration("0")
    (90.0, 5400.0, 604800.0, 0.0)

    Raises:
        ValueError: it is none.
    """
    return _measure(text, _SECONDS, 's, m, h or d behind it, such as "24h"')


def parse_size(text: str) -> int:
    """Read what people call a size; in bytes. ``K``, ``M``, ``G``, ``T`` are thousands, ``KiB`` and so on 1024s.

    >>> parse_size("10M"), parse_size("1.5GiB"), parse_size("512 kB"), parse_size("0")
    (10000000, 1610612736, 512000, 0)

    Raises:
        ValueError: it is none.
    """
    return int(_measure(text.upper(), _BYTES, 'a unit behind it, such as "10M" or "1.5GiB"'))


def parse_rate(text: str) -> float | None:
    """Read how many requests a second there may be; None for any number.

    >>> parse_rate("20/s"), parse_rate("90/m"), parse_rate("36/h"), parse_rate("off")
    (20.0, 1.5, 0.01, None)

    Raises:
        ValueError: it is nothing of the kind.
    """
    if text.strip() == OFF:
        return None
    match = re.fullmatch(r"([0-9]{1,15}(?:\.[0-9]{1,15})?) ?/ ?([smh])", text.strip())
    if match is None or not float(match[1]):
        raise ValueError(
            f'"{text}": expected a number from above 0 with /s, /m or /h behind it, such as "20/s", or {OFF}'
        )
    return float(match[1]) / _SECONDS[match[2]]


def parse_bwlimit(text: str) -> int | None:
    """Read how many bytes a second there may be; None for any number.

    >>> parse_bwlimit("10M"), parse_bwlimit("1.5MiB"), parse_bwlimit("off")
    (10000000, 1572864, None)

    Raises:
        ValueError: it is nothing of the kind.
    """
    if text.strip() == OFF:
        return None
    try:
        limit = parse_size(text)
    except ValueError:
        limit = 0
    if not limit:
        raise ValueError(f'"{text}": expected a size a second from above 0 with its unit, such as "10M", or {OFF}')
    return limit


def parse_concurrent(text: str) -> int | Literal["auto"]:
    """Read how many downloads there may be at once.

    >>> parse_concurrent("20"), parse_concurrent("auto")
    (20, 'auto')

    Raises:
        ValueError: it is nothing of the kind.
    """
    if text.strip() == "auto":
        return "auto"
    if not re.fullmatch(r"[0-9]{1,9}", text.strip()) or not int(text):
        raise ValueError(f'"{text}": expected a whole number from 1, or auto')
    return int(text)


def _measure(text: str, units: dict[str, int], expected: str) -> float:
    match = re.fullmatch(r"([0-9]{1,15}(?:\.[0-9]{1,15})?) ?([A-Za-z]*)", text.strip())
    if match and match[2] in units:
        return float(match[1]) * units[match[2]]
    if match and not match[2] and float(match[1]) == 0:
        return 0.0
    raise ValueError(f'"{text}": expected a number with {expected}')
