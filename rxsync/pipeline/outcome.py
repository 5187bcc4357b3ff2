"""What became of a run, in its report.

Floor 4, pipeline.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from signal import SIGINT
from typing import Any

from rxsync.errors import DownloadError, RxSyncError
from rxsync.failure import CANCELLED, Failure, failure
from rxsync.pipeline.plugin import Plugin
from rxsync.pipeline.report import Problem, Report
from rxsync.pipeline.tally import Tally, blamed
from rxsync.ports.catalog import Change, Version
from rxsync.urls import discreet


class Outcome:
    """Fills in a report as a run goes.

    Args:
        report: it.
        plugin: whose run it is.
        tally: counts what passes.

    Attributes:
        tally: the same.
        began: when the run did, on the monotonic clock.
    """

    report: Report
    plugin: Plugin[Any, Any]
    tally: Tally
    began: float

    def __init__(self, report: Report, plugin: Plugin[Any, Any], tally: Tally) -> None:
        self.report, self.plugin, self.tally = report, plugin, tally
        self.began = time.monotonic()

    def unchanged(self, version: int) -> None:
        """The source says that it is what it was."""
        self.count()
        self.report.version, self.report.unchanged = version, True

    def succeeded(self, change: Change, version: Version | None) -> None:
        """The line came to its end; None where nothing changed."""
        self.came_to_an_end()
        report = self.report
        report.version, report.kept = change.base if version is None else version.number, change.kept
        if version is not None:
            report.created, report.added, report.removed = True, change.added, change.removed

    def came_to_an_end(self) -> None:
        """Count what came through, and what did not."""
        report = self.report
        self.count()
        incomplete = [part.exit_code for part in report.repositories]
        report.exit_code = 3 if report.skipped or any(incomplete) else 0
        for step, count, names in self.tally.dropped():
            report.dropped += count
            reason = f"step {step!r} let it fall without saying so"
            report.problems += [Problem(name, None, reason, "dropped", step, 0) for name in names]

    def refused(self, error: RxSyncError) -> None:
        """Fill in what would keep a version from being made; nothing has failed."""
        self.report.version, self.report.exit_code, self.report.error = None, error.exit_code, failure(error)

    def failed(self, error: BaseException) -> None:
        """Fill in what went wrong; if that was after the version was made, it stays made."""
        report = self.report
        if report.error is not None:
            return
        if report.version is None:
            self.count()
            report.failed = report.declared - self.tally.done
        report.exit_code = _exit_code(error)
        told = CANCELLED if isinstance(error, asyncio.CancelledError) else self._failure(error)
        report.error = replace(told, message=discreet(told.message))  # a plugin's words are its own
        if isinstance(error, DownloadError) and error.relative_path is not None:
            report.problems.append(_problem(error, error.relative_path))
        if isinstance(error, RxSyncError):
            error.report = report

    def count(self) -> None:
        """Copy the numbers."""
        report, tally = self.report, self.tally
        for name in ("declared", "new", "known", "repeated", "filtered", "skipped", "deferred", "bytes_downloaded"):
            setattr(report, name, getattr(tally, name))
        report.problems += [replace(problem, reason=discreet(problem.reason)) for problem in tally.problems]
        self.tally.problems = []
        report.seconds = round(time.monotonic() - self.began, 3)

    def _failure(self, error: BaseException) -> Failure:
        """Put an error into words; where it is the plugin's, say whose, in which step, and at which unit."""
        told, step = failure(error), blamed(error)
        if _exit_code(error) != 1 or step is None:
            return told
        where = [
            f"plugin {self.plugin.name!r}, {step}",
            *(note for note in getattr(error, "__notes__", ()) if note.startswith("at unit ")),
        ]
        what = told.message if isinstance(error, RxSyncError) else f"{told.kind}: {told.message}"
        return replace(told, message=f"{', '.join(where)}: {what}")


def _exit_code(error: BaseException) -> int:
    if isinstance(error, asyncio.CancelledError):
        signal = error.args[0] if error.args and isinstance(error.args[0], int) else SIGINT
        return 128 + signal
    return getattr(error, "exit_code", 1)


def _problem(error: DownloadError, name: str) -> Problem:
    return Problem(name, error.url, error.reason, type(error).__name__, "download_artifacts", error.attempts)
