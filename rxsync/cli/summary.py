"""What a sync did, for people.

Floor 6, doors.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rxsync.cli.output import count, duration, safe, size

if TYPE_CHECKING:
    from rxsync.pipeline.report import Report

MOST_PROBLEMS = 10
"""So many are listed; JSON has them all."""


def summary(report: Report, *, verbose: bool = False) -> Iterator[str]:
    """Tell of a sync that went well, in a few lines.

    ::

        tools: version 42, 1,204 units added, 16 removed
          declared    12,220 units: 1,204 new, 11,016 known
          downloaded  1.2 GB in 2:05, 9.6 MB/s
    """
    yield f"{report.repository}: {_outcome(report)}"
    yield f"  declared    {_declared(report)}"
    if report.deferred:
        yield f"  deferred    {count(report.deferred, 'file')} left until wanted"
    yield f"  downloaded  {_downloaded(report)}"
    if verbose:
        yield f"  run         {report.run}"
    for problem in report.problems[:MOST_PROBLEMS]:
        yield f"  {problem.kind:<10}  {safe(problem.relative_path)}: {safe(problem.reason)}"
    if len(report.problems) > MOST_PROBLEMS:
        yield f"  and {len(report.problems) - MOST_PROBLEMS:,} more"


def _outcome(report: Report) -> str:
    if not report.created:
        return f"nothing changed, version {report.version} stays"
    return f"version {report.version}, {count(report.added, 'unit')} added, {report.removed:,} removed"


def _declared(report: Report) -> str:
    parts = [f"{report.new:,} new", f"{report.known:,} known"]
    rare = ("repeated", "filtered", "skipped", "dropped")
    parts += [f"{number:,} {word}" for word in rare if (number := getattr(report, word))]
    return f"{count(report.declared, 'unit')}: {', '.join(parts)}"


def _downloaded(report: Report) -> str:
    if not report.bytes_downloaded:
        return f"nothing, in {duration(report.seconds)}"
    rate = report.bytes_downloaded / max(report.seconds, 0.001)
    return f"{size(report.bytes_downloaded)} in {duration(report.seconds)}, {size(rate)}/s"
