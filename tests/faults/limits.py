"""Do ``rate`` and ``bwlimit`` hold? Real sockets, real seconds.

``python -m tests.faults.limits`` prints a row for each; the goal is 5 % over 20 s.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from rxsync.download import Controls, Link, limited, open_downloader
from rxsync.errors import DownloadError
from rxsync.ports.downloader import Request
from rxsync.testing.scratch import MemoryScratch
from tests.faults.row import Outcome

SECONDS = 20.0

TOLERATED = 0.05

AT_ONCE = 8

PIECE = bytes(1 << 16)


class Held(NamedTuple):
    """What was measured.

    Attributes:
        limit: which, and how much a second.
        allowed: so many a second.
        measured: so many a second there were.
    """

    limit: str
    allowed: float
    measured: float

    @property
    def off(self):
        """By which share of it the limit was missed; positive: too many."""
        return self.measured / self.allowed - 1

    def __str__(self):
        return (
            f"{self.limit:<16} allowed {self.allowed:>12,.1f}/s   measured {self.measured:>12,.1f}/s   {self.off:+.2%}"
        )


async def rate(a_second, seconds=SECONDS):
    """Ask for small files for so many seconds, and count requests where they arrive."""
    return await _measured(f"rate {a_second:g}/s", Controls(rate=a_second), a_second, seconds, b"small")


async def bandwidth(a_second, seconds=SECONDS):
    """Fetch large and small files for so many seconds, and count bytes as they are handed on."""
    return await _measured(f"bwlimit {a_second:g}", Controls(bwlimit=a_second), a_second, seconds, None)


async def raised(before, after, seconds=SECONDS):
    """Raise the bandwidth halfway, and count bytes of all."""
    controls = Controls(bwlimit=before)
    asyncio.get_running_loop().call_later(seconds / 2, setattr, controls, "bwlimit", after)
    mean = (before + after) / 2
    return await _measured(f"{before:g} to {after:g}", controls, mean, seconds, None)


async def _measured(limit, controls, allowed, seconds, body):
    counted = {"requests": 0, "bytes": 0}
    async with _server(counted, body) as origin:
        with limited(controls) as limits:
            async with open_downloader(origin, MemoryScratch(), Link(retries=0), limits) as downloads:
                loop = asyncio.get_running_loop()
                began = loop.time()
                tasks = [asyncio.create_task(_fetch(downloads, origin, counted)) for _ in range(AT_ONCE)]
                await asyncio.sleep(seconds)
                seen, took = counted["bytes" if body is None else "requests"], loop.time() - began
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
    return Held(limit, allowed, seen / took)


async def _fetch(downloads, origin, counted):
    def received(count):
        counted["bytes"] += max(0, count)

    number = 0
    while True:
        number += 1
        try:
            await downloads.fetch(Request((f"{origin}/{'large' if number % 5 == 0 else 'small'}",), received=received))
        except DownloadError as error:
            print(error, file=sys.stderr)


@asynccontextmanager
async def _server(counted, body):
    async def converse(reader, writer):
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                counted["requests"] += 1
                size = len(body) if body is not None else (5 << 20 if b"/large" in head else 3000)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
                for at in range(0, size, len(PIECE)):
                    writer.write(PIECE[: min(len(PIECE), size - at)])
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


async def holds(_: Path, __: int, *, measure: Callable[[float], Awaitable[Held]], a_second: float) -> Outcome:
    """Measure one of them for the table."""
    held = await measure(a_second)
    return Outcome(0, f"{held.measured:,.1f} a second, {held.off:+.2%}", abs(held.off) <= TOLERATED)


async def main():
    """Measure all, one after the other."""
    for measured in (rate(5), rate(20), rate(300), bandwidth(1e6), bandwidth(10e6), bandwidth(50e6), raised(1e6, 9e6)):
        print(await measured, flush=True)


if __name__ == "__main__":
    asyncio.run(main())
