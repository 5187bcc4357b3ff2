"""Figures as a table, with the goals beside them.

Bench. Processor time is what is judged: wall time depends on who else is at work.
"""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Callable, Iterator
from statistics import median

from tests.bench.measure import Figures

TITLES = {
    "floor": "floor",
    "first": "first sync",
    "second": "second sync",
    "on_demand": "on demand",
    "million": "on demand",
}

RATIO, UNIT_CPU, PEAK, GROWTH = 1.3, 80.0, 130.0, 60.0

_COLUMNS: dict[str, Callable[[Figures], float]] = {
    "wall s": lambda figures: figures.wall,
    "cpu s": lambda figures: figures.cpu,
    "start s": lambda figures: figures.start,
    "cpu us/unit": lambda figures: figures.unit_cpu,
    "peak MB": lambda figures: figures.peak,
}


def machine(server: str) -> str:
    """Say what the figures were taken on."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{cores} cores, {platform.system()} {platform.release()}, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}; server: {server}"
    )


class Results:
    """Figures of all runs, by part, in order."""

    def __init__(self) -> None:
        self._runs: dict[str, list[Figures]] = {}

    def add(self, part: str, figures: Figures) -> None:
        """Add a run of a part."""
        self._runs.setdefault(part, []).append(figures)

    def __str__(self) -> str:
        """A line for each part, least and median of its runs, then the goals."""
        head = f"{'':<24}" + "".join(f"{name:>18}" for name in _COLUMNS)
        rows = [_row(TITLES[part], runs) for part, runs in self._runs.items()]
        return "\n".join([head, f"{'least / median':<24}", *rows, "", *self._goals()])

    def _goals(self) -> Iterator[str]:
        if "first" in self._runs:
            pairs = zip(self._runs["first"], self._runs["floor"], strict=True)
            ratios = [sync.cpu / floor.cpu for sync, floor in pairs]
            told = ", ".join(f"{ratio:.2f}" for ratio in ratios)
            yield _goal(f"first sync, cpu of its floor ({told})", median(ratios), RATIO, "x")
        for part in ("second", "on_demand"):
            if part in self._runs:
                cpu = median(figures.unit_cpu for figures in self._runs[part])
                yield _goal(f"{TITLES[part]}, cpu a unit", cpu, UNIT_CPU, "us")
        if "on_demand" in self._runs:
            peak = median(figures.peak for figures in self._runs["on_demand"])
            yield _goal("on demand, most memory", peak, PEAK, "MB")
            for figures in self._runs.get("million", ()):
                yield _goal(f"and of {figures.units:,} units, more than that", figures.peak - peak, GROWTH, "MB")


def _row(title: str, runs: list[Figures]) -> str:
    cells = []
    for of in _COLUMNS.values():
        values = [of(figures) for figures in runs]
        cells.append(f"{min(values):.1f} / {median(values):.1f}")
    return f"{title} ({runs[0].units:,})".ljust(24) + "".join(f"{cell:>18}" for cell in cells)


def _goal(what: str, value: float, most: float, unit: str) -> str:
    verdict = "met" if value <= most else "MISSED"
    return f"{what:<52} {value:8.2f} {unit:<3} goal: at most {most:g} {unit:<3} {verdict}"
