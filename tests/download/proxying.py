"""A proxy that says whom it was asked for: absolute URLs of http, tunnels for https."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class ProxyServer:
    """One that runs.

    Attributes:
        url: where it is.
        heard: the heads of requests, as they came.
        answers: said instead of what was asked for, if given.
    """

    url: str = ""
    heard: list[str] = field(default_factory=list)
    answers: bytes | None = None

    async def serve(self, reader, writer):
        """Answer one request, then close; a tunnel lasts as long as both sides do."""
        head = await reader.readuntil(b"\r\n\r\n")
        self.heard.append(head.decode("latin-1"))
        method, target = head.decode("latin-1").split(" ")[:2]
        if self.answers is not None:
            writer.write(self.answers)
            return
        if method == "CONNECT":
            host, _, port = target.rpartition(":")
            there = await asyncio.open_connection(host, int(port))
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await _both(reader, writer, *there)
        else:
            host, _, path = target.removeprefix("http://").partition("/")
            there = await asyncio.open_connection(*host.split(":"))
            asked = [f"{method} /{path} HTTP/1.1", *head.decode("latin-1").split("\r\n")[1:]]
            asked = [line for line in asked if not line.startswith("Proxy-")]
            there[1].write("\r\n".join(asked).encode("latin-1"))
            await _both(reader, writer, *there)


async def _both(reader, writer, far_reader, far_writer):
    async def pump(source, sink):
        with suppress(ConnectionError):
            while piece := await source.read(1 << 16):
                sink.write(piece)
                await sink.drain()
        sink.close()

    try:
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))
    finally:
        far_writer.close()


@asynccontextmanager
async def proxy_server(host="127.0.0.3", tls=None):
    """Run one on a free port while the context lasts; with ``tls`` it speaks https itself."""
    proxy, talks = ProxyServer(), set()

    async def converse(reader, writer):
        talks.add(asyncio.current_task())
        try:
            with suppress(asyncio.CancelledError, asyncio.IncompleteReadError, ConnectionError):
                await proxy.serve(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(converse, host, 0, ssl=tls)
    proxy.url = f"http{'s' if tls else ''}://{host}:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
        await server.wait_closed()
