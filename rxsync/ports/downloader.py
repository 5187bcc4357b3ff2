"""What the line asks of a downloader.

Floor 2, ports.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple, Protocol

from rxsync.declare.body import Body, Claim, Validators

Coding = Literal["gzip", "xz", "bz2"]
"""What a file of text may be compressed by: ``Packages.gz``, ``Packages.xz``, ``Packages.bz2``."""


class Request(NamedTuple):
    """One file that is wanted, and all that is known about it beforehand.

    Attributes:
        urls: where it may be had, tried in this order; at least one.
        digests: algorithm (as ``hashlib`` spells it) to lower-case hex; the bytes must agree with each.
        size: length in bytes, or None; the bytes must agree.
        headers: extra request headers, for the origin of the first URL.
        validators: of the bytes we hold; with them the answer may be "unchanged".
        relative_path: what the file is called, for errors; None for metadata.
        received: told each number of bytes as they arrive, for progress; negative when an attempt is void.
        keep_wrong: have the error hold bytes that are not what was declared, the last that came, for a look.
        claim: on the run's budget; its room covers ``size``, if that is known, and grows with the bytes that come.
    """

    urls: tuple[str, ...]
    digests: Mapping[str, str] = MappingProxyType({})
    size: int | None = None
    headers: Mapping[str, str] = MappingProxyType({})
    validators: Validators = Validators()
    relative_path: str | None = None
    received: Callable[[int], None] | None = None
    keep_wrong: bool = False
    claim: Claim | None = None


class Downloader(Protocol):
    """Fetches whole, verified files, and reads metadata as a stream."""

    async def fetch(self, request: Request) -> Body | None:
        """Fetch one file; None if ``request.validators`` were given and the server says it is unchanged.

        Raises:
            DownloadError: no URL gave it; names the last URL and, in its notes, what the others said.
            HttpStatusError: likewise, the last answer was a status.
            IntegrityError: likewise, the last answer was other bytes than declared.
            StorageError: there is no room for it.
        """

    async def fingerprint(self, url: str, known: str | None = None) -> str:
        """Say what a file looks like: its ETag, its date, or the digest of its bytes, whichever can be had first.

        Args:
            url: where it is.
            known: what was said of it before, for a conditional request; where it is unchanged, that is the answer.

        Raises:
            DownloadError: it could not be had.
        """

    def lines(self, url: str, *, coding: Coding | None = None, longest: int = 1 << 20) -> AsyncGenerator[str, None]:
        """Stream a text file line by line while it downloads: UTF-8, BOM dropped, LF or CRLF dropped.

        Args:
            url: where it is.
            coding: what the file itself is compressed by; None: it is text, which may come compressed all the same.
            longest: longest line that is accepted, in bytes.

        Raises:
            DownloadError: it could not be had, or ended before its end.
            MetadataError: it is no text in UTF-8, a line is longer than ``longest``, or what is compressed is broken or
                becomes too much; names URL and line, or what came.
        """
