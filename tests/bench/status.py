"""What ``rxsync status`` costs of a large repository: ``python -m tests.bench.status [--units 100000] [--versions 300]``.

Bench. Of the newest version, which it nearly always asks for, and of an older one that is pinned. Each question opens the
database anew, as the command does. The least of many turns is judged: others may be at work.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from rxsync.pipeline.home import Repository
from rxsync.pipeline.status import status
from tests.bench.table import machine
from tests.bench.versions import fill, homes

GOAL = 200.0
"""Most milliseconds."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure on both databases, and print what it took beside what it may take."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.status", description=__doc__)
    parser.add_argument("--units", type=int, default=100_000, help="in each version (%(default)s)")
    parser.add_argument("--versions", type=int, default=300, help="how many (%(default)s)")
    parser.add_argument("--times", type=int, default=20, help="how often it is asked (%(default)s)")
    parser.add_argument("--only", choices=("SQLite", "PostgreSQL"), help="leave the other database out")
    parser.add_argument("--folder", type=Path, help="where to work")
    asked = parser.parse_args(arguments)
    print(machine("none"), flush=True)
    with tempfile.TemporaryDirectory(prefix="bench-status-", dir=asked.folder) as name:
        for title, home in homes(Path(name), asked.only):
            repository = home.repository("bench")
            asyncio.run(fill(repository, asked.units, asked.versions))
            print(f"{title}: {asked.units:,} units, {asked.versions:,} versions")
            _tell("newest version", asyncio.run(_ask(repository, asked.times)))
            asyncio.run(repository.pin(asked.versions - 1))
            _tell("pinned to the one before", asyncio.run(_ask(repository, asked.times)))


async def _ask(repository: Repository, times: int) -> list[float]:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        (one,) = await status(repository.home)
        took.append((time.perf_counter() - began) * 1000)
        if not one.size:
            raise SystemExit("nothing was measured")
    return took


def _tell(what: str, took: Sequence[float]) -> None:
    verdict = "met" if min(took) <= GOAL else "MISSED"
    figures = f"least {min(took):6.1f} ms, median {median(took):6.1f} ms"
    print(f"  status, {what:<26}{figures}   goal: at most {GOAL:g} ms   {verdict}", flush=True)


if __name__ == "__main__":
    main()
