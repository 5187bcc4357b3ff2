"""An HTTP server that misbehaves byte by byte, as written down beforehand.

Floor 6, testing. A raw socket on loopback: a server library would not let a body end early, or a status line
be rubbish. It reads requests and plays back a script; it understands nothing.
"""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
import struct
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field

from rxsync.testing.bombs import gzip_bomb
from rxsync.testing.scripts import (
    End,
    Reply,
    Script,
    Seen,
    answer,
    busy,
    chunked,
    drip,
    flipped,
    hang_up,
    ranged,
    redirect,
    reset,
    rubbish,
    silence,
    truncated,
    wrong_length,
)

__all__ = [
    "End",
    "FaultServer",
    "Reply",
    "Script",
    "Seen",
    "answer",
    "busy",
    "chunked",
    "drip",
    "fault_server",
    "flipped",
    "gzip_bomb",
    "hang_up",
    "ranged",
    "redirect",
    "reset",
    "rubbish",
    "silence",
    "truncated",
    "wrong_length",
]


@dataclass(slots=True, eq=False)
class FaultServer:
    """Plays scripts back, by path.

    Attributes:
        origin: scheme, host and port, such as ``http://127.0.0.1:8080``.
        seen: the requests, in the order they came.
        open: requests that are being answered.
        most_open: most of them there ever were at once.
        resets: share of the requests that are torn down somewhere in their answer, 0 to 1.
        seed: which of them those are; it depends on this, the path and how often that was asked for, on nothing else.
        torn: how many were.
    """

    origin: str = ""
    resets: float = 0.0
    seed: int = 0
    torn: int = 0
    seen: list[Seen] = field(default_factory=list)
    open: int = 0
    most_open: int = 0
    _scripts: dict[str, deque[Script | Reply]] = field(default_factory=dict)
    _asked: Counter[str] = field(default_factory=Counter)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def serve(self, path: str, *scripts: Script | Reply) -> str:
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
                try:
                    end = await self._play(seen, writer)
                finally:
                    await self._count(-1)
                if end is End.RESET:
                    _tear_down(writer)
                if end is not End.KEEP:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _play(self, seen: Seen, writer: asyncio.StreamWriter) -> End:
        scripts = self._scripts.get(seen.path) or deque([answer(b"no such path", 404)])
        next_one = scripts.popleft() if len(scripts) > 1 else scripts[0]
        script = next_one if isinstance(next_one, Script) else next_one(seen)
        if self.resets and (cut := self._cut(seen.path)) is not None:
            self.torn += 1
            script = Script(script.wire[: int(cut * len(script.wire))], End.RESET)
        await _send(writer, script.wire)
        if script.hold:
            await script.hold.wait()
            await _send(writer, script.rest)
        if script.more:
            async with aclosing(script.more()) as pieces:
                async for piece in pieces:
                    await _send(writer, piece)
        return script.end

    def _cut(self, path: str) -> float | None:
        """Where in its answer this request is torn down, 0 to 1; None where it is not."""
        self._asked[path] += 1
        chance = random.Random(f"{self.seed} {self._asked[path]} {path}")  # noqa: S311 - no secret: it must be foreseen
        return chance.random() if chance.random() < self.resets else None

    async def _count(self, step: int) -> None:
        async with self._changed:
            self.open += step
            self.most_open = max(self.most_open, self.open)
            self._changed.notify_all()


@asynccontextmanager
async def fault_server(
    host: str = "127.0.0.1", tls: ssl.SSLContext | None = None, *, resets: float = 0.0, seed: int = 0
) -> AsyncIterator[FaultServer]:
    """Run a server on a free port while the context lasts.

    Args:
        host: a loopback address; another one of 127.0.0.0/8 stands in for another host.
        tls: if given, the server speaks https.
        resets: share of the requests that are torn down somewhere in their answer, 0 to 1.
        seed: which of them those are.
    """
    faults = FaultServer(resets=resets, seed=seed)
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


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()


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
