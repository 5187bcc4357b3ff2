"""What the flow itself costs: CPU microseconds an item, wall seconds, peak resident memory.

    python -m tests.bench.flow [--items 1000000]

One million items go through a map, a batched stage, a filter, a stage with 50 tasks at once and two more
batched stages; and, as the floor to compare with, through the map and the filter alone. Each in a process of
its own, at a tenth of the items, too: memory must not grow with their number.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import time

from reactivex import operators as ops

from rxsync.flow import from_async, run, stage
from rxsync.resolution import Resolvable


class Item(Resolvable):
    __slots__ = ("n",)

    def __init__(self, n: int) -> None:
        self.n = n


async def look_up(batch: list[Item]) -> list[Item]:
    await asyncio.sleep(0)
    return batch


async def fetch(item: Item) -> tuple[Item]:
    await asyncio.sleep(0)
    return (item,)


PLAIN = (ops.map(lambda item: item), ops.filter(lambda item: True))
LINES = {
    "plain": PLAIN,
    "line": (
        PLAIN[0],
        stage(look_up, batch=500),
        PLAIN[1],
        stage(fetch, concurrency=50),
        stage(look_up, batch=500),
        stage(look_up, batch=500),
    ),
}


async def measure(name: str, items: int) -> dict[str, float]:
    """Run one line, in this process."""
    out = 0

    async def source():
        for n in range(items):
            yield Item(n)

    def count(_: Item) -> None:
        nonlocal out
        out += 1

    cpu, wall = time.process_time(), time.perf_counter()
    await run(from_async(source).pipe(*LINES[name]), count)
    assert out == items
    return {
        "us": (time.process_time() - cpu) / items * 1e6,
        "wall": time.perf_counter() - wall,
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def apart(name: str, items: int) -> dict[str, float]:
    """Measure in a fresh process."""
    command = [sys.executable, "-m", "tests.bench.flow", "--only", name, "--items", str(items)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--only", choices=LINES, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.only:
        print(json.dumps(asyncio.run(measure(args.only, args.items))))
        return
    print("line        items   us CPU/item   wall s   peak MB")
    floor = 0.0
    for name in LINES:
        for items in (args.items // 10, args.items):
            got = apart(name, items)
            floor = got["us"] if name == "plain" else floor
            ratio = f"   {got['us'] / floor:.1f} x plain" if name != "plain" else ""
            print(f"{name:6} {items:10,} {got['us']:13.1f} {got['wall']:8.1f} {got['mb']:9.1f}{ratio}")


if __name__ == "__main__":
    main()
