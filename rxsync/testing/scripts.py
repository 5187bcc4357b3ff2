"""What a server that misbehaves says: scripts of single answers, down to the byte.

Floor 6, testing. Values alone; ``faults.py`` plays them.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from enum import Enum, auto
from http import HTTPStatus
from types import MappingProxyType


class End(Enum):
    """What becomes of the connection after an answer."""

    KEEP = auto()  # it waits for the next request
    CLOSE = auto()  # it is closed in order
    RESET = auto()  # it is torn down: the client gets an RST


@dataclass(frozen=True, slots=True)
class Script:
    """What goes over the wire in answer to one request.

    Attributes:
        wire: the bytes, status line and all.
        end: what becomes of the connection then.
        hold: if given, the server waits for it between ``wire`` and ``rest``.
        rest: what goes over the wire after the wait.
        more: gives what goes over the wire in the end, piece by piece, made while it is sent.
    """

    wire: bytes
    end: End = End.KEEP
    hold: asyncio.Event | None = None
    rest: bytes = b""
    more: Callable[[], AsyncGenerator[bytes, None]] | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """One request that came in.

    Attributes:
        path: as it stands in the request line, query included.
        headers: names in lower case; what came twice is joined by a comma.
    """

    path: str
    headers: Mapping[str, str]


Reply = Callable[[Seen], Script]
"""Says what to answer to a request, where that depends on what it asks."""


def answer(body: bytes = b"", status: int = 200, *, length: int | None = -1, **headers: str) -> Script:
    """Script an answer without a fault.

    Args:
        body: what follows the headers.
        status: HTTP status code.
        length: what ``Content-Length`` says; -1 is the truth; None leaves it out and closes the connection.
        headers: further headers; ``_`` in a name stands for ``-``.
    """
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    if length is not None:
        said["Content-Length"] = str(len(body) if length == -1 else length)
    return Script(_head(status, said) + body, End.CLOSE if length is None else End.KEEP)


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{lines}\r\n".encode("latin-1")


def redirect(location: str, status: int = 302) -> Script:
    """Script a redirect to ``location``, absolute or relative.

    To its own path it is a loop; to the URL of a server on 127.0.0.2 it crosses to another origin.
    """
    return answer(status=status, Location=location)


def busy(retry_after: int | datetime, status: int = 503) -> Script:
    """Script a refusal that asks for a pause.

    Args:
        retry_after: what ``Retry-After`` says: seconds, or a date, in UTC.
        status: HTTP status code, such as 429 or 503.
    """
    said = format_datetime(retry_after, usegmt=True) if isinstance(retry_after, datetime) else str(retry_after)
    return answer(status=status, Retry_After=said)


def wrong_length(body: bytes, announced: int) -> Script:
    """Script the whole body under another ``Content-Length``, in bytes; the connection is closed in order."""
    return Script(answer(body, length=announced).wire, End.CLOSE)


def drip(body: bytes, tick: Callable[[], Awaitable[object]], *, size: int = 1) -> Script:
    """Script an answer that comes ``size`` bytes at a time.

    Args:
        body: the whole, whose length is announced.
        tick: awaited before each few bytes: ``queue.get`` of a queue that the test fills, ``event.wait``, or
            ``partial(asyncio.sleep, 0.5)``.
        size: bytes that come at a tick.
    """

    async def drops() -> AsyncGenerator[bytes, None]:
        for start in range(0, len(body), size):
            await tick()
            yield body[start : start + size]

    return Script(answer(length=len(body)).wire, more=drops)


def truncated(body: bytes, at: int, *, announced: bool = True) -> Script:
    """Script an answer whose connection is closed in order after ``at`` bytes of the body.

    Args:
        body: the whole that should have come.
        at: how much of it does, in bytes.
        announced: whether ``Content-Length`` tells of the whole, or there is none.
    """
    return Script(answer(body[:at], length=len(body) if announced else None).wire, End.CLOSE)


def reset(body: bytes, at: int, *, announced: bool = True) -> Script:
    """Script an answer torn down by an RST after ``at`` bytes of the body; arguments as ``truncated``."""
    return Script(truncated(body, at, announced=announced).wire, End.RESET)


def chunked(*pieces: bytes, whole: bool = True) -> Script:
    """Script an answer in chunks, one a piece; without ``whole`` the last chunk never comes."""
    chunks = b"".join(as_chunk(piece) for piece in pieces)
    head = answer(length=None, Transfer_Encoding="chunked").wire
    return Script(head + chunks + (b"0\r\n\r\n" if whole else b""), End.KEEP if whole else End.CLOSE)


def as_chunk(piece: bytes) -> bytes:
    """Frame a piece of a body as one chunk; an empty one is the last."""
    return b"%x\r\n%b\r\n" % (len(piece), piece)


def flipped(body: bytes, at: int) -> Script:
    """Script an answer in which the byte at index ``at`` has one wrong bit."""
    return answer(body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :])


def rubbish() -> Script:
    """Script an answer that is no HTTP."""
    return Script(b"\x16\x03\x01 tell me another one\r\n\r\n", End.CLOSE)


def silence(until: asyncio.Event) -> Script:
    """Script no answer at all; the connection is closed after ``until``."""
    return Script(b"", End.CLOSE, until)


def hang_up(end: End = End.CLOSE) -> Script:
    """Script the end of the connection instead of an answer."""
    return Script(b"", end)


_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def ranged(
    body: bytes, *, etag: str | None = '"1"', breaks: Mapping[int, int] = MappingProxyType({}), end: End = End.RESET
) -> Reply:
    """Reply as a server that knows ``Range`` and ``If-Range``: with 200, 206 or 416.

    It knows one range of bytes; others are passed over, and so is one whose ``If-Range`` is not ``etag``.

    Args:
        body: the whole.
        etag: what it is known by, in its quotes; None: nothing.
        breaks: which requests, counted from 1, break off, and after how many bytes of what they were to get.
        end: how they do.
    """
    asked = 0

    def reply(seen: Seen) -> Script:
        nonlocal asked
        asked += 1
        said = {"Accept-Ranges": "bytes"} | ({} if etag is None else {"ETag": etag})
        status, wanted = 206, _wanted(seen, len(body), etag)
        if wanted is None:
            status, wanted = 200, range(len(body))
        elif wanted:
            said["Content-Range"] = f"bytes {wanted.start}-{wanted.stop - 1}/{len(body)}"
        else:
            status, said["Content-Range"] = 416, f"bytes */{len(body)}"
        part = body[wanted.start : wanted.stop]
        head = _head(status, said | {"Content-Length": str(len(part))})
        return Script(head + part[: breaks[asked]], end) if asked in breaks else Script(head + part)

    return reply


def _wanted(seen: Seen, size: int, etag: str | None) -> range | None:
    """Which bytes are asked for: none if it cannot be met; None where it is the whole."""
    asked = _RANGE.fullmatch(seen.headers.get("range", ""))
    if asked is None or asked[0] == "bytes=-" or seen.headers.get("if-range", etag) != etag:
        return None
    if not asked[1]:
        return range(max(0, size - int(asked[2])), size)
    return range(int(asked[1]), min(size, int(asked[2] or size) + 1))
