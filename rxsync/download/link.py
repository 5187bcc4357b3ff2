"""How a remote is reached: how many at once, how often again, how long, as whom.

Floor 3, download.
Follows: ``pulpcore.app.models.Remote``, of which this is everything but the URL and what a plugin adds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, TypedDict

from rxsync.download.checks import (
    check_certificates,
    check_flags,
    check_headers,
    check_numbers,
    check_sign_in,
    check_way,
    check_whole,
)
from rxsync.download.controls import MOST, Controls, MaxConcurrent

Token: TypeAlias = str | Callable[[], str]
"""A bearer token, or what reads it: once when a run begins, and once more where it is refused."""


class LinkOptions(TypedDict, total=False):
    """What may be said of the way to a remote.

    Attributes:
        max_concurrent: most downloads at once, 50 unless said; or ``auto``: as many as each host takes well.
        rate: most requests a second, over all hosts; None, unless said, for any number.
        bwlimit: most bytes a second, over all downloads; None, unless said, for any number.
        retries: attempts at one URL after the first, where trying again may help; 4 unless said.
        connect_timeout: longest wait for a connection, in seconds; 30 unless said.
        idle_timeout: longest wait for the next byte, in seconds; 60 unless said.
        min_rate: bytes a second; who is slower for 30 s of waiting is given up; 1024 unless said, 0 for any rate.
        username: signs in at the source's origin, and nowhere else, with ``password``, which may be empty.
        password: goes with ``username``.
        token: signs in at the source's origin, and nowhere else, as a bearer; or a function that reads it.
        headers: are sent to the source's origin, and nowhere else.
        proxy: an http or https URL that all requests go over, or ``"environment"``: what ``HTTP_PROXY``,
            ``HTTPS_PROXY`` and ``NO_PROXY`` say; None, unless said, for none, whatever the environment says.
        ca_file: certificates in PEM that are trusted beside those of the system.
        client_cert: a certificate in PEM that is shown to the source's origin, and nowhere else.
        client_key: the key of it, where that is in a file of its own.
        verify_tls: False takes any certificate for good, with a warning each run.
        allow_private: False refuses addresses that are not public: loopback, link-local, private, reserved; a name is
            asked at its public ones alone. It excludes a proxy, which looks names up where nobody can check it.
    """

    max_concurrent: MaxConcurrent
    rate: float | None
    bwlimit: float | None
    retries: int
    connect_timeout: float
    idle_timeout: float
    min_rate: float
    username: str | None
    password: str | None
    token: Token | None
    headers: Mapping[str, str]
    proxy: str | None
    ca_file: str | None
    client_cert: str | None
    client_key: str | None
    verify_tls: bool
    allow_private: bool


@dataclass(frozen=True)
class Link:
    """The same, checked; see ``LinkOptions``.

    Raises:
        UsageError: a value cannot be.
    """

    max_concurrent: MaxConcurrent = MOST
    rate: float | None = None
    bwlimit: float | None = None
    retries: int = 4
    connect_timeout: float = 30.0
    idle_timeout: float = 60.0
    min_rate: float = 1024.0
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    token: Token | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    proxy: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    verify_tls: bool = True
    allow_private: bool = True

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        self.controls()
        check_whole("retries", self.retries)
        check_numbers({"min_rate": self.min_rate}, "a number of bytes a second, or 0")
        times = {"connect_timeout": self.connect_timeout, "idle_timeout": self.idle_timeout}
        check_numbers(times, "a number of seconds, more than 0", above=0)
        check_flags({"verify_tls": self.verify_tls, "allow_private": self.allow_private})
        check_sign_in(self.username, self.password, self.token, self.headers)
        check_headers(self.headers)
        check_certificates(self.ca_file, self.client_cert, self.client_key)
        check_way(self.proxy, allow_private=self.allow_private)

    def controls(self) -> Controls:
        """Give what may be set otherwise while a sync runs.

        Raises:
            UsageError: a value cannot be.
        """
        return Controls(self.max_concurrent, self.rate, self.bwlimit)
