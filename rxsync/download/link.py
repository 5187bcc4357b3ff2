"""How a remote is reached: how many at once, how often again, how long, as whom.

Floor 3, download.
Follows: ``pulpcore.app.models.Remote``, of which this is everything but the URL and what a plugin adds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypedDict

from rxsync.errors import UsageError


class LinkOptions(TypedDict, total=False):
    """What may be said of the way to a remote.

    Attributes:
        max_concurrent: most downloads at once; 50 unless said.
        retries: attempts at one URL after the first, where trying again may help; 4 unless said.
        connect_timeout: longest wait for a connection, in seconds; 30 unless said.
        idle_timeout: longest wait for the next byte, in seconds; 60 unless said.
        min_rate: bytes a second; who is slower for 30 s of waiting is given up; 1024 unless said, 0 for any rate.
        token: signs in at the source's origin, and nowhere else, as a bearer.
    """

    max_concurrent: int
    retries: int
    connect_timeout: float
    idle_timeout: float
    min_rate: float
    token: str | None


@dataclass(frozen=True)
class Link:
    """The same, checked; see ``LinkOptions``.

    Raises:
        UsageError: a value cannot be.
    """

    max_concurrent: int = 50
    retries: int = 4
    connect_timeout: float = 30.0
    idle_timeout: float = 60.0
    min_rate: float = 1024.0
    token: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        for name, least in (("max_concurrent", 1), ("retries", 0), ("min_rate", 0)):
            if getattr(self, name) < least:
                raise UsageError(f"{name} {getattr(self, name)}: expected at least {least}")
        for name in ("connect_timeout", "idle_timeout"):
            if getattr(self, name) <= 0:
                raise UsageError(f"{name} {getattr(self, name):g}: expected more than 0 seconds")
