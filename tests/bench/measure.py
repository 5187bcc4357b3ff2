"""One measurement: a process of its own, which does its work and prints one line of JSON.

Bench. A fresh process, because memory that was used once is not given back, and what was imported is not paid again.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import time
from collections.abc import Coroutine
from dataclasses import asdict, dataclass
from pathlib import Path

_STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Figures:
    """What one process used.

    Attributes:
        units: how many units it worked on.
        wall: seconds the work took, without the start of the process.
        cpu: seconds of processor time, user and system, of all threads, the start of the process included.
        start: seconds of ``cpu`` that were gone before the work began: the interpreter and its imports.
        peak: most memory it ever held, in MB (a million bytes).
    """

    units: int
    wall: float
    cpu: float
    start: float
    peak: float

    @property
    def unit_cpu(self) -> float:
        """Microseconds of processor time a unit."""
        return self.cpu / self.units * 1e6


def measure(work: Coroutine[None, None, int]) -> None:
    """In the process that is measured: do ``work``, which answers a number of units, and print its ``Figures``."""
    start, began = _cpu(), time.perf_counter()
    units = asyncio.run(work)
    wall = time.perf_counter() - began
    print(json.dumps(asdict(Figures(units, wall, _cpu(), start, peak()))))


def measured(module: str, *arguments: str | Path) -> Figures:
    """Run ``python -m module arguments`` and read what it printed.

    Raises:
        CalledProcessError: it failed; what it had to say is on stderr.
    """
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return Figures(**json.loads(done.stdout))


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak() -> float:
    """Most memory this process ever held, in MB (a million bytes)."""
    # ru_maxrss begins with what the parent held when it made this process; the kernel's mark in /proc does not
    if _STATUS.exists():
        line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / 1e6
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
