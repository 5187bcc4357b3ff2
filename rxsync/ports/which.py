"""How a version is asked for: by its number, a label, or a time.

Floor 2, ports. The one place that tells them apart: a number has digits only, a label begins with a letter, a time
with a year.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from typing import TypeAlias

from rxsync.errors import UsageError

Which: TypeAlias = int | str | datetime | None
"""A number; a label; a time, for the newest version that was made by then; None for the current version."""

_is_number = re.compile(r"[0-9]{1,18}").fullmatch
_is_label = re.compile(r"[A-Za-z][A-Za-z0-9._+-]{0,127}").fullmatch
_is_day = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII).fullmatch
_is_time = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?P<second>:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?", re.ASCII
).fullmatch

RESERVED = ("current", "newest", "latest", "now")
"""No labels: they would be taken for what they say, and stay where they were put."""


def check_label(label: str) -> str:
    """Let a label pass: it must not be taken for a number or a time.

    Raises:
        UsageError: it cannot be one.
    """
    if label.lower() in RESERVED:
        raise UsageError(f"{label!r} cannot be a label: it says which version it is, and would not move")
    if not _is_label(label):
        raise UsageError(
            f"{label!r} cannot be a label: expected a letter, then letters, digits and ._+-, at most 128 in all"
        )
    return label


def parse_which(which: Which) -> Which:
    """Tell what a text asks for, and put a time into UTC, without a zone beside it, as the database keeps times.

    >>> parse_which("41"), parse_which("stable")
    (41, 'stable')
    >>> str(parse_which("2026-07-26T14:03+02:00")), str(parse_which("2026-07-26"))
    ('2026-07-26 12:03:59.999999', '2026-07-26 23:59:59.999999')

    Args:
        which: where it is a text: a number, a label, or a time as ISO 8601 writes it, in UTC where it names no zone; a
            day stands for its end, and so does a minute.

    Raises:
        UsageError: the text is none of them, or there is no such time.
    """
    if not isinstance(which, str):
        return _in_utc(which) if isinstance(which, datetime) else which
    if _is_number(which):
        return int(which)
    if _is_label(which):
        return which
    try:
        if _is_day(which):
            return datetime.combine(datetime.fromisoformat(which), time.max)
        if found := _is_time(which):
            end = timedelta() if found["second"] else timedelta(minutes=1, microseconds=-1)
            return _in_utc(datetime.fromisoformat(which) + end)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{which!r} is no time: {error}") from None
    raise UsageError(f"{which!r} names no version: expected a number, a label, or a time as 2026-07-26T14:03")


def _in_utc(at: datetime) -> datetime:
    return at if at.tzinfo is None else at.astimezone(UTC).replace(tzinfo=None)
