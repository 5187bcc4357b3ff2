"""What became of many repositories, as it is shown and scripted against.

Floor 4, config. The keys are a promise: within ``rxsync.sync-all/1`` they are only ever added to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from rxsync.pipeline.report import Report
from rxsync.wording import duration

SCHEMA = "rxsync.sync-all/1"

WORST_FIRST = (1, 7, 6, 2, 8, 4, 5, 3, 0)
"""The exit code of many is the first of these that one of them has."""

WHY = {
    1: "unexpected, a bug",
    2: "usage or configuration",
    4: "the upstream failed",
    5: "locked by another run",
    6: "digest or size is wrong",
    7: "storage or database",
    8: "a guard tripped",
    129: "stopped",
    130: "stopped",
    143: "stopped",
}
"""Failures in short; at length they were told when they happened."""


@dataclass(slots=True)
class Several:
    """The reports of many syncs.

    Attributes:
        names: of the repositories that are meant, in order.
        reports: of those that are over.
    """

    names: list[str]
    reports: list[Report] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """What the command line ends with."""
        codes = {report.exit_code for report in self.reports}
        return next((code for code in WORST_FIRST if code in codes), max(codes, default=0))

    @property
    def not_begun(self) -> list[str]:
        """Names of those that nothing was done about."""
        done = {report.repository for report in self.reports}
        return [name for name in self.names if name not in done]

    def as_dict(self) -> dict[str, object]:
        """All reports as plain values, for JSON. ``error`` is for what stopped them all."""
        return {
            "schema": SCHEMA,
            "repositories": [report.as_dict() for report in self.reports],
            "not_begun": self.not_begun,
            "error": None,
            "exit_code": self.exit_code,
        }

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Tell of each in cells: name, version, units added, removed and skipped, time, and what else there is."""
        for one in self.reports:
            if one.error is not None:
                yield one.repository, "", "", "", "", duration(one.seconds), f"failed: {WHY.get(one.exit_code, '')}"
                continue
            numbers = (f"{number:,}" for number in (one.added, one.removed, one.skipped))
            what = "" if one.created else "unchanged" if one.unchanged else "nothing changed"
            yield one.repository, str(one.version), *numbers, duration(one.seconds), what
        for name in self.not_begun:
            yield name, "", "", "", "", "", "not begun"

    def headline(self) -> str:
        """Tell of all in a line: ``12 repositories: 1 failed (isos)``."""
        failed = [one.repository for one in self.reports if one.error is not None]
        skipped = [one.repository for one in self.reports if one.error is None and one.exit_code]
        groups = (("failed", failed), ("with units skipped", skipped), ("not begun", self.not_begun))
        parts = [f"{len(names)} {what} ({', '.join(names)})" for what, names in groups if names]
        many = f"{len(self.names):,} {'repository' if len(self.names) == 1 else 'repositories'}"
        return f"{many}: {', '.join(parts) or 'all well'}"
