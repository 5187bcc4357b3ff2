"""What versions cost in a large repository: ``python -m tests.bench.versions [--units 100000] [--versions 300]``.

Bench. A home filled by SQL, on SQLite and on PostgreSQL: some units, of which each version replaces a hundred. Each
question opens the database anew, as a command does; each deletion is one transaction.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from statistics import median
from typing import Any

from rxsync.catalog.rows import insert, take_stock
from rxsync.pipeline.home import Home, Repository
from rxsync.plugins.file import plugin
from tests.bench.table import machine

CHANGES = 100
GOALS = {
    "diff": 50.0,
    "list": 200.0,
    "repositories": 200.0,
    "rollback": 1000.0,
    "delete first": 1000.0,  # between the empty version and the next there are all units
    "retain": 1000.0,
    "delete": 1000.0,
}
"""Most milliseconds."""

TABLES = ("artifact", "content", "content_artifact", "repository_content", "repository_version")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure on both databases, and print what it took beside what it may take."""
    asked = _parser().parse_args(arguments)
    print(machine("none"), flush=True)
    with tempfile.TemporaryDirectory(prefix="bench-versions-", dir=asked.folder) as name:
        for title, home in homes(Path(name), asked.only):
            repository = home.repository("bench")
            asyncio.run(fill(repository, asked.units, asked.versions))
            print(f"{title}: {asked.units:,} units, {asked.versions:,} versions, {CHANGES} changes each")
            for what, times in asyncio.run(measure(repository, asked.versions, asked.fold)).items():
                print(_row(what, [1000 * seconds for seconds in times]), flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.versions", description=__doc__)
    parser.add_argument("--units", type=int, default=100_000, help="in each version (%(default)s)")
    parser.add_argument("--versions", type=int, default=300, help="how many (%(default)s)")
    parser.add_argument("--fold", type=int, default=100, help="how many of them retention deletes (%(default)s)")
    parser.add_argument("--only", choices=("SQLite", "PostgreSQL"), help="leave the other database out")
    parser.add_argument("--folder", type=Path, help="where to work")
    return parser


def homes(folder: Path, only: str | None) -> Iterator[tuple[str, Home]]:
    if only != "PostgreSQL":
        yield "SQLite", Home(folder / "sqlite")
    if only != "SQLite":
        with _server() as url:
            yield "PostgreSQL", Home(folder / "postgresql", url)


@contextmanager
def _server() -> Iterator[str]:
    from tests.postgresql import running

    with tempfile.TemporaryDirectory(prefix="rxsync-bench-") as short, running(Path(short)) as url:
        yield url


async def fill(repository: Repository, units: int, versions: int) -> None:
    """Give a repository its versions by SQL: 1 has the first units, each later one replaces ``CHANGES`` of them."""

    def write(tx: Any) -> None:
        key, _ = tx.begin_run("0" * 32, repository.name, "http://there/")
        last = units + CHANGES * (versions - 1)
        numbers = range(1, last + 1)
        digests = [blake2b(str(number).encode(), digest_size=32).hexdigest() for number in numbers]
        insert(tx.connection, "artifact", ("id", "size", "sha256"), zip(numbers, numbers, digests, strict=True))
        insert(
            tx.connection,
            "content",
            ("id", "identity", "type", "repository_key"),
            ((number, bytes.fromhex(digest)[:16], "file.file", None) for number, digest in enumerate(digests, 1)),
        )
        files = ((number, number, f"pool/{number % 97}/file-{number}.bin", number) for number in numbers)
        insert(tx.connection, "content_artifact", ("id", "content_id", "relative_path", "artifact_id"), files)
        member = ("repository_id", "content_id", "version_added", "version_removed")
        rows = ((key, number, _added(number, units), _removed(number, units, versions)) for number in numbers)
        insert(tx.connection, "repository_content", member, rows)
        for number in range(1, versions + 1):
            _make(tx, key, number, units)
        take_stock(tx.connection, *TABLES)  # as each sync does

    async with repository.home.writing(plugin.content_types) as catalog:
        await catalog.write(write)


def _added(number: int, units: int) -> int:
    return 1 if number <= units else 2 + (number - units - 1) // CHANGES


def _removed(number: int, units: int, versions: int) -> int | None:
    """Units go in the order in which they came."""
    at = 2 + (number - 1) // CHANGES
    return at if at <= versions else None


def _make(tx: Any, repository: int, number: int, units: int) -> None:
    made = datetime(2026, 1, 1) + timedelta(days=number)
    tx.connection.execute("UPDATE repository SET last_version = ? WHERE id = ?", (number, repository))
    facts = (units, units, 0) if number == 1 else (units, CHANGES, CHANGES)
    tx.connection.execute(
        "INSERT INTO repository_version (repository_id, number, created, present, added, removed, skipped)"
        " VALUES (?, ?, ?, ?, ?, ?, 0)",
        (repository, number, made.isoformat(" "), *facts),
    )


async def measure(repository: Repository, versions: int, fold: int) -> dict[str, list[float]]:
    """Ask and do what people do; seconds of each time."""
    times: dict[str, list[float]] = {what: [] for what in GOALS}

    async def timed(what: str, work: Callable[[], Awaitable[Any]]) -> Any:
        began = time.perf_counter()
        answer = await work()
        times[what].append(time.perf_counter() - began)
        return answer

    for number in sorted({1, 2, versions // 2, versions - 2, versions - 1} - {0}):
        came, went = await timed("diff", lambda number=number: repository.diff(number, number + 1))
        if (len(came), len(went)) != (CHANGES, CHANGES):
            raise SystemExit(f"versions {number} and {number + 1} differ by {len(came)} and {len(went)}")
    for _ in range(5):
        await timed("list", repository.versions)
        await timed("repositories", repository.home.repositories)
    await timed("rollback", lambda: repository.roll_back(versions - 1))
    await repository.unpin()
    async with repository.holding(()) as catalog:
        await timed("delete first", lambda: catalog.write(lambda tx: tx.delete_version("bench", 1)))
        for _ in range(fold):
            if await timed("retain", lambda: catalog.write(lambda tx: tx.expire("bench", 1))) is None:
                raise SystemExit("nothing to fold")
        for number in range(fold + 1, versions - 1, max(1, (versions - fold) // 20)):
            work = lambda tx, number=number: tx.delete_version("bench", number)  # noqa: E731
            await timed("delete", lambda work=work: catalog.write(work))
    return times


def _row(what: str, times: list[float]) -> str:
    verdict = "met" if max(times) <= GOALS[what] else "MISSED"
    figures = f"{len(times):4} times: median {median(times):8.1f} ms, most {max(times):8.1f} ms"
    return f"  {what:<13}{figures}   goal: at most {GOALS[what]:g} ms   {verdict}"


if __name__ == "__main__":
    main()
