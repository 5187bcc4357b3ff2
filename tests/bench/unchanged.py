"""What a source costs that has not changed: ``python -m tests.bench.unchanged [--times 10]``.

Bench. A server of our own, a repository that holds all of it, then syncs that end in one conditional request: whole
processes, as a timer starts them, and the same inside a process that has everything loaded.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import rxsync
from tests.bench.server import serving
from tests.bench.source import make_files
from tests.bench.table import machine

GOALS = {"process": 0.5, "inside": 0.05}
"""Most seconds."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print what it took beside what it may take."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.unchanged", description=__doc__)
    parser.add_argument("--files", type=int, default=1000, help="in the source (%(default)s)")
    parser.add_argument("--times", type=int, default=10, help="syncs of each kind (%(default)s)")
    asked = parser.parse_args(arguments)
    print(machine("our own on asyncio"), flush=True)
    with tempfile.TemporaryDirectory(prefix="bench-unchanged-") as name:
        folder = Path(name)
        make_files(folder / "files", asked.files, 100)
        yesterday = datetime.now(UTC).timestamp() - 86400
        os.utime(folder / "files" / "PULP_MANIFEST", (yesterday, yesterday))
        (folder / "scratch").mkdir()
        with serving(folder / "files", folder / "scratch") as server:
            for what, times in measure(server.url, folder / "home", asked.times).items():
                at_most = GOALS[what]
                print(f"  {what:<8} {median(times):.3f} s ({min(times):.3f} to {max(times):.3f}), goal {at_most} s")


def measure(url: str, home: Path, times: int) -> dict[str, list[float]]:
    """Seconds of each sync, by kind."""
    inside = asyncio.run(_inside(url, home, times))
    command = [sys.executable, "-m", "rxsync", "--home", str(home), "sync", url, "--repository", "bench"]
    whole = []
    for _ in range(times):
        began = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        whole.append(time.perf_counter() - began)
        if "the source is unchanged" not in done.stdout:
            raise AssertionError(done.stdout + done.stderr)
    return {"process": whole, "inside": inside}


async def _inside(url: str, home: Path, times: int) -> list[float]:
    repository = rxsync.open(home).repository("bench")
    first = await rxsync.sync(url, repository)
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        report = await rxsync.sync(url, repository)
        taken.append(time.perf_counter() - began)
        if not report.unchanged or report.version != first.version:
            raise AssertionError(str(report))
    return taken


if __name__ == "__main__":
    main()
