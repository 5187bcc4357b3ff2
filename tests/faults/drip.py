"""A server that gives a byte now and then, for ever.

Faults. In real time, and as slow as the defaults bear.
"""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

from rxsync.download import Controls, Limits, Link, open_downloader
from rxsync.errors import DownloadError
from rxsync.ports.downloader import Request
from rxsync.testing.faults import answer, drip, fault_server
from rxsync.testing.scratch import MemoryScratch
from tests.faults.row import Outcome

LATEST = 35.0


async def slow_loris(_: Path, __: int) -> Outcome:
    """Ask for two files of a host that has one place; the first one drips."""
    loop = asyncio.get_running_loop()
    async with (
        fault_server() as server,
        open_downloader(server.origin, MemoryScratch(), Link(retries=0), Limits(Controls(), per_host=1)) as downloads,
    ):
        slow = server.serve("/slow", drip(bytes(1000), partial(asyncio.sleep, 0.5)))
        began, first = loop.time(), asyncio.create_task(downloads.fetch(Request((slow,))))
        await server.until_open(1)
        await downloads.fetch(Request((server.serve("/a", answer(b"a")),)))
        waited = loop.time() - began
        try:
            await first
            reason = "it was not given up"
        except DownloadError as error:
            reason = error.reason
    met = waited <= LATEST and "slower than" in reason
    return Outcome(2, f"{reason}; its place was free after {waited:.1f} s", met)
