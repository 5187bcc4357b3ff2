"""Measure syncs: ``python -m tests.bench.sync --files 20000 --size 4096 [--only first] [--million]``.

Bench. A first sync beside the floor, turn and turn about; a second sync that finds nothing new; one on demand; and,
if asked for, one of a million units for the memory alone.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from rxsync.pipeline.open import open as open_home
from rxsync.pipeline.rules import Policy
from rxsync.plugins.file import plugin
from tests.bench.check import check_same
from tests.bench.measure import Figures, measured
from tests.bench.server import Server, serving
from tests.bench.source import MANIFEST, make_files, make_names
from tests.bench.table import Results, machine

PARTS = ("first", "second", "on_demand")
MILLION = 1_000_000


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the parts that were asked for, and print what they cost beside what they may cost."""
    asked = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=asked.folder) as name:
        folder = Path(name).resolve()
        (folder / "server").mkdir()
        with serving(folder, folder / "server") as server:
            print(machine(server.name), flush=True)
            results = Results()
            for title, figures in _runs(asked, folder, server):
                results.add(title, figures)
                print(".", end="", flush=True)
    print(f"\n{results}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.sync", description=__doc__)
    parser.add_argument("--files", type=int, default=20_000, help="files of a first and a second sync (%(default)s)")
    parser.add_argument("--size", type=int, default=4096, help="of each of them, in bytes (%(default)s)")
    parser.add_argument("--on-demand", type=int, default=100_000, help="units of the sync on demand (%(default)s)")
    parser.add_argument("--million", action="store_true", help="one sync on demand of 1,000,000 units, too")
    parser.add_argument("--only", choices=PARTS, action="append", help="leave the other parts out")
    parser.add_argument("--times", type=int, default=3, help="how often each is run (%(default)s)")
    parser.add_argument("--folder", type=Path, help="where to work; /dev/shm keeps a busy disk out of the figures")
    return parser


def _runs(asked: argparse.Namespace, folder: Path, server: Server) -> Iterator[tuple[str, Figures]]:
    # Nothing is removed before the end: ext4 steps over inodes that were freed in the last minutes, one by one, when it
    # makes a file, and the next run would pay several times over.
    parts = asked.only or PARTS
    if "first" in parts or "second" in parts:
        make_files(folder / "files", asked.files, asked.size)
        for turn in range(asked.times):
            yield from _files(folder / f"turn-{turn}", f"{server.url}files/", parts)
    if "on_demand" in parts:
        make_names(folder / "names", asked.on_demand)
        for turn in range(asked.times):
            yield "on_demand", once(f"{server.url}names/", folder / f"on-demand-{turn}", "on_demand")
    if asked.million:
        make_names(folder / "million", MILLION)
        yield "million", once(f"{server.url}million/", folder / "on-demand-million", "on_demand")


def _files(folder: Path, url: str, parts: Sequence[str]) -> Iterator[tuple[str, Figures]]:
    """The floor, a first sync and a second one, from the same files."""
    floor, home = folder / "floor", folder / "home"
    if "first" in parts:
        asyncio.run(make_tables(floor))
        yield "floor", measured("tests.bench.floor", url, floor)
    first = once(url, home, "immediate")
    if "first" in parts:
        check_same(floor, home)
        yield "first", first
    if "second" in parts:
        yield "second", once(url, home, "immediate")


def once(url: str, home: Path, policy: Policy) -> Figures:
    return measured("tests.bench.once", f"{url}{MANIFEST}", home, policy)


async def make_tables(home: Path) -> None:
    async with open_home(home).writing(plugin.content_types):
        pass


if __name__ == "__main__":
    main()
