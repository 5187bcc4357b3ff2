"""A server that is busy, and says for how long.

Faults. The time is that between the refusal and the next request, seen from the server.
"""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import rxsync
from rxsync.testing.faults import Reply, Script, Seen, answer, busy, fault_server
from tests.faults.row import Outcome


async def retry_after(folder: Path, _: int, *, seconds: int = 2) -> Outcome:
    """Sync one file that is refused at first."""
    loop, times = asyncio.get_running_loop(), list[float]()

    def noted(script: Script) -> Reply:
        def reply(_: Seen) -> Script:
            times.append(loop.time())
            return script

        return reply

    async with fault_server() as server:
        server.serve("/a", noted(busy(seconds)), noted(answer(b"a")))
        entry = f"a,{hashlib.sha256(b'a').hexdigest()},1\n"
        source = server.serve("/PULP_MANIFEST", answer(entry.encode()))
        report = await rxsync.sync(source, rxsync.open(folder / "home").repository("r"))
    waited = times[-1] - times[0]
    met = len(times) == 2 and report.new == 1 and seconds <= waited <= 1.1 * seconds
    return Outcome(1, f"asked again after {waited:.2f} s", met)
