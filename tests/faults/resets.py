"""Some share of all connections is reset, somewhere in the answer.

Faults. Which ones follows from the seed, so the same sync meets the same of them each time.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import rxsync
from rxsync.testing.faults import answer, fault_server
from tests.faults.row import Outcome

SEED = 1
SHARE = 0.05


async def resets(folder: Path, files: int, *, share: float = SHARE, seed: int = SEED) -> Outcome:
    """Sync files of 4 KiB through it, with defaults."""
    async with fault_server(resets=share, seed=seed) as server:
        entries = []
        for number in range(files):
            data = hashlib.shake_128(b"%d" % number).digest(4096)
            server.serve(f"/{number}", answer(data))
            entries.append(f"{number},{hashlib.sha256(data).hexdigest()},{len(data)}\n")
        source = server.serve("/PULP_MANIFEST", answer("".join(entries).encode()))
        report = await rxsync.sync(source, rxsync.open(folder / "home").repository("r"))
    told = f"{report.new:,} arrived, {report.skipped} skipped; {server.torn:,} of {len(server.seen):,} requests reset"
    return Outcome(files, told, (report.new, report.skipped, report.exit_code) == (files, 0, 0))
