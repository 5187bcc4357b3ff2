"""Make things go wrong, and print what came of it: ``python -m tests.faults [--files 20000] [--only resets]``."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tests.faults.bombs import bomb
from tests.faults.budget import mixes
from tests.faults.busy import retry_after
from tests.faults.drip import slow_loris
from tests.faults.limits import bandwidth, holds, rate
from tests.faults.resets import resets
from tests.faults.row import Row, line

ROWS = {
    "resets": Row("5 % of connections reset, seed 1", "all arrive, none skipped", resets),
    "busy": Row("503 with Retry-After: 2", "2 s, and 10 % at most", retry_after),
    "drip": Row("1 byte every 0.5 s", "given up within 35 s", slow_loris),
    "rate": Row("a rate of 20/s for 20 s", "within 5 %", partial(holds, measure=rate, a_second=20.0)),
    "bwlimit": Row("a bwlimit of 10 MB/s for 20 s", "within 5 %", partial(holds, measure=bandwidth, a_second=10e6)),
    "budget": Row("1,000 mixes of units", "never above the cap by more than one", mixes),
    "bomb": Row("index of 4 GiB, gzip for the way", "refused, 16.8 MB at most", partial(bomb, coding="way")),
    "bomb-gzip": Row("index of 4 GiB, .gz", "refused, 16.8 MB at most", partial(bomb, coding="gzip")),
    "bomb-xz": Row("index of 4 GiB, .xz", "refused, 16.8 MB at most", partial(bomb, coding="xz")),
    "bomb-bz2": Row("index of 4 GiB, .bz2", "refused, 16.8 MB at most", partial(bomb, coding="bz2")),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for each row that was asked for; answers how many goals were missed."""
    asked = _parser().parse_args(arguments)
    print(line("fault", "files", "result", "goal"), flush=True)
    missed = 0
    with tempfile.TemporaryDirectory(prefix="faults-", dir=asked.folder) as name:
        for key in asked.only or ROWS:
            row, folder = ROWS[key], Path(name) / key
            folder.mkdir()
            outcome = asyncio.run(row.work(folder, asked.files))
            missed += not outcome.met
            verdict = "met" if outcome.met else "MISSED"
            print(line(row.fault, f"{outcome.files:,}", outcome.told, row.goal, verdict), flush=True)
    return missed


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--files", type=int, default=20_000, help="files of a row that is not of a few (%(default)s)")
    parser.add_argument("--only", choices=ROWS, action="append", help="leave the other rows out")
    parser.add_argument("--folder", type=Path, help="where to work")
    return parser


if __name__ == "__main__":
    sys.exit(main())
