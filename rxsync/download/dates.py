"""Dates in headers, whatever a server takes for one.

Floor 3, download.
Follows: RFC 9110, 5.6.7.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def read_date(text: str) -> datetime | None:
    """Read a date, with its zone; None where it is none.

    >>> read_date("Wed, 21 Oct 2026 07:28:00 GMT")
    datetime.datetime(2026, 10, 21, 7, 28, tzinfo=datetime.timezone.utc)
    """
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # the second for numbers that no date has
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
