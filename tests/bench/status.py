"""Measure what ``rxsync status`` asks of a large database: ``python -m tests.bench.status [--database URL]``.

Bench. One repository with many versions of many units, written in SQL as syncs would have left it: each version takes some
units of the one before out and puts as many new ones in. The least of many turns is judged: others may be at work.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from rxsync.catalog.rows import insert, take_stock
from rxsync.pipeline.home import Home
from rxsync.pipeline.open import open as open_home
from rxsync.pipeline.status import status
from rxsync.plugins.file import plugin

GOAL = 200
"""Most milliseconds that it may take."""

NAME = "tools"
_TABLES = ("artifact", "content", "content_artifact", "repository_version", "repository_content")


def main(arguments: Sequence[str] | None = None) -> None:
    """Fill a database, ask, and print what it took."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.status", description=__doc__)
    parser.add_argument("--units", type=int, default=100_000, help="of each version (%(default)s)")
    parser.add_argument("--versions", type=int, default=300, help="of the repository (%(default)s)")
    parser.add_argument("--churn", type=int, default=500, help="units that each version replaces (%(default)s)")
    parser.add_argument("--times", type=int, default=20, help="how often it is asked (%(default)s)")
    parser.add_argument("--database", help="URL of an empty database of PostgreSQL's; else a file of SQLite's")
    parser.add_argument("--folder", type=Path, help="where to work")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=asked.folder) as folder:
        home = open_home(folder, asked.database)
        asyncio.run(_fill(home, asked.units, asked.versions, asked.churn))
        for what, number in (("newest version", None), ("pinned to the one before", asked.versions - 1)):
            took = sorted(asyncio.run(_ask(home, number, asked.times)))
            verdict = "met" if took[0] <= GOAL else "MISSED"
            told = f"{took[0]:.0f} / {median(took):.0f} ms"
            print(f"status, {what:<26} least / median {told:>18}  goal: at most {GOAL} ms  {verdict}")


async def _ask(home: Home, pinned: int | None, times: int) -> list[float]:
    async with home.writing(()) as catalog:
        await catalog.write(lambda tx: tx.connection.execute("UPDATE repository SET pinned = ?", (pinned,)))
    took = []
    for _ in range(times):
        began = time.perf_counter()
        (one,) = await status(home)
        took.append((time.perf_counter() - began) * 1000)
        assert one.size > 0
    return took


async def _fill(home: Home, units: int, versions: int, churn: int) -> None:
    total = units + (versions - 1) * churn
    keys = range(1, total + 1)

    def fill(tx) -> None:
        write = tx.connection
        insert(write, "artifact", ("id", "sha256", "size"), ((key, f"{key:064x}", 1 + key % 5000) for key in keys))
        places = ((key, key.to_bytes(16), "file.file", key.to_bytes(16)) for key in keys)
        insert(write, "content", ("id", "identity", "type", "repository_key"), places)
        files = ((key, key, f"pool/{key % 97}/some-package-{key}.deb", key) for key in keys)
        insert(write, "content_artifact", ("id", "content_id", "relative_path", "artifact_id"), files)
        insert(write, "repository", ("id", "name", "last_version"), [(1, NAME, versions)])
        made = ((1, n, "2026-01-01 00:00:00", units if n else 0, churn, churn, 0) for n in range(versions + 1))
        columns = ("repository_id", "number", "created", "present", "added", "removed", "skipped")
        insert(write, "repository_version", columns, made)
        columns = ("repository_id", "content_id", "version_added", "version_removed")
        insert(write, "repository_content", columns, _members(units, versions, churn))
        take_stock(write, *_TABLES)

    async with home.writing(plugin.content_types) as catalog:
        await catalog.write(fill)


def _members(units: int, versions: int, churn: int) -> Iterator[tuple[int, int, int, int | None]]:
    """Which unit is in the repository from which version to which."""
    chance, there, since, fresh = random.Random(1), list(range(1, units + 1)), {}, units + 1
    for number in range(2, versions + 1):
        for place in chance.sample(range(units), churn):
            yield 1, there[place], since.pop(there[place], 1), number
            there[place], since[fresh], fresh = fresh, number, fresh + 1
    for key in there:
        yield 1, key, since.get(key, 1), None


if __name__ == "__main__":
    main()
