"""An HTTP server that misbehaves byte by byte, as written down beforehand.

Floor 6, testing. A raw socket on loopback: a server library would not let a body end early, or a status line
be rubbish. It reads requests and plays back a script; it understands nothing.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from http import HTTPStatus


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
    """

    wire: bytes
    end: End = End.KEEP
    hold: asyncio.Event | None = None
    rest: bytes = b""


@dataclass(frozen=True, slots=True)
class Seen:
    """One request that came in.

    Attributes:
        path: as it stands in the request line, query included.
        headers: names in lower case; what came twice is joined by a comma.
    """

    path: str
    headers: Mapping[str, str]


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
    head = "".join(f"{name}: {value}\r\n" for name, value in said.items())
    line = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
    end = End.CLOSE if length is None else End.KEEP
    return Script(f"{line}{head}\r\n".encode("latin-1") + body, end)


def redirect(location: str, status: int = 302) -> Script:
    """Script a redirect to ``location``, absolute or relative."""
    return answer(status=status, Location=location)


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
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    head = answer(length=None, Transfer_Encoding="chunked").wire
    return Script(head + chunks + (b"0\r\n\r\n" if whole else b""), End.KEEP if whole else End.CLOSE)


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


@dataclass(slots=True, eq=False)
class FaultServer:
    """Plays scripts back, by path.

    Attributes:
        origin: scheme, host and port, such as ``http://127.0.0.1:8080``.
        seen: the requests, in the order they came.
        open: requests that are being answered.
        most_open: most of them there ever were at once.
    """

    origin: str = ""
    seen: list[Seen] = field(default_factory=list)
    open: int = 0
    most_open: int = 0
    _scripts: dict[str, deque[Script]] = field(default_factory=dict)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def serve(self, path: str, *scripts: Script) -> str:
        """Answer requests for ``path`` by these in turn, then by the last one for ever. Gives the URL."""
        self._scripts[path] = deque(scripts)
        return self.url(path)

    def url(self, path: str) -> str:
        """Give the absolute URL of ``path``."""
        return self.origin + path

    async def until_open(self, count: int) -> None:
        """Wait until ``count`` requests are being answered at once."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.open >= count)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's requests; a client that goes away is none of our business."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                seen = _parse(head)
                self.seen.append(seen)
                await self._count(1)
                end = await self._play(seen.path, writer)
                await self._count(-1)
                if end is End.RESET:
                    _tear_down(writer)
                if end is not End.KEEP:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _play(self, path: str, writer: asyncio.StreamWriter) -> End:
        scripts = self._scripts.get(path) or deque([answer(b"no such path", 404)])
        script = scripts.popleft() if len(scripts) > 1 else scripts[0]
        writer.write(script.wire)
        await writer.drain()
        if script.hold:
            await script.hold.wait()
            writer.write(script.rest)
            await writer.drain()
        return script.end

    async def _count(self, step: int) -> None:
        async with self._changed:
            self.open += step
            self.most_open = max(self.most_open, self.open)
            self._changed.notify_all()


@asynccontextmanager
async def fault_server(host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> AsyncIterator[FaultServer]:
    """Run a server on a free port while the context lasts.

    Args:
        host: a loopback address; another one of 127.0.0.0/8 stands in for another host.
        tls: if given, the server speaks https.
    """
    faults = FaultServer()
    talks: set[asyncio.Task[None]] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task:
            talks.add(task)
            task.add_done_callback(talks.discard)
        # Swallowed: this task ends here anyway, and Python 3.11 reports a cancelled handler as a lost error.
        with suppress(asyncio.CancelledError):
            await faults._converse(reader, writer)

    server = await asyncio.start_server(converse, host, 0, ssl=tls)
    faults.origin = f"http{'s' if tls else ''}://{host}:{server.sockets[0].getsockname()[1]}"
    try:
        yield faults
    finally:
        server.close()
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
        await server.wait_closed()


def _parse(head: bytes) -> Seen:
    first, *rest = head.decode("latin-1").split("\r\n")
    headers: dict[str, str] = {}
    for name, _, value in (line.partition(":") for line in rest if line):
        known = headers.get(name.lower())
        headers[name.lower()] = value.strip() if known is None else f"{known}, {value.strip()}"
    return Seen(first.split(" ")[1], headers)


def _tear_down(writer: asyncio.StreamWriter) -> None:
    """Close with an RST: lingering for no time is how a socket is told to."""
    raw: socket.socket = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
