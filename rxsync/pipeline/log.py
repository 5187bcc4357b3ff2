"""What became of runs, as it was noted.

Floor 4, pipeline. Reads only: a home may be looked at while it is at work, and by whoever may not write to it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, TypeVar

from rxsync.errors import NotFoundError
from rxsync.failure import Failure
from rxsync.pipeline.home import Home
from rxsync.pipeline.lock import is_locked
from rxsync.pipeline.report import Problem, Report
from rxsync.ports.catalog import ListTransaction, RunRecord

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LoggedRun:
    """One run.

    Attributes:
        run: 32 hex digits.
        repository: its name.
        source: what was mirrored, without credentials.
        started: when, in UTC.
        finished: when it ended, in UTC; None if it did not.
        exit_code: what it ended with; likewise.
        report: what it did; likewise.
        alive: of one that has no end, whether it is at work; None if that cannot be told.
    """

    run: str
    repository: str
    source: str
    started: datetime
    finished: datetime | None
    exit_code: int | None
    report: Report | None
    alive: bool | None

    @property
    def outcome(self) -> str:
        """How it ended, in words: ``ok``, ``nothing changed``, ``3 skipped``, ``stopped``, ``failed: …``.

        Of one without an end ``running``, ``died``, or ``unfinished`` where it is not known which.
        """
        report = self.report
        if self.finished is None or report is None:
            return "unfinished" if self.alive is None else "running" if self.alive else "died"
        if report.error is not None:
            return "stopped" if (self.exit_code or 0) > 128 else f"failed: {report.error.message}"
        if skipped := report.skipped + sum(part.skipped for part in report.repositories):
            return f"{skipped:,} skipped"
        if self.exit_code:
            return "a part failed"
        return "ok" if report.created else "nothing changed"


async def log(home: Home, repository: str | None = None, *, limit: int = 20) -> list[LoggedRun]:
    """The last runs, newest first.

    Args:
        home: where to look.
        repository: of this one alone, also if it was deleted since.
        limit: most runs.

    Raises:
        UsageError: that cannot be the name of one.
        NotFoundError: it never had a run.
        HomeError: there is no home here yet.
        CatalogError: the database refused.
    """
    name = None if repository is None else home.repository(repository).name

    def ask(tx: ListTransaction) -> list[LoggedRun]:
        return [read_run(home, tx, record) for record in tx.runs(name, limit=limit)]

    found = await home.read(ask)
    if not found and name is not None:
        raise NotFoundError(f"no run of a repository {name!r} here")
    return found


async def logged_run(home: Home, beginning: str) -> LoggedRun:
    """One run, by what its id begins with.

    Raises:
        NotFoundError: there is none, or there are several.
        HomeError: there is no home here yet.
        CatalogError: the database refused.
    """
    return await home.read(lambda tx: read_run(home, tx, tx.run(beginning)))


def read_run(home: Home, tx: ListTransaction, record: RunRecord) -> LoggedRun:
    """Make of a row what can be told of it; whether a run is alive is looked up where it has no end."""
    run, repository, source, started, finished, exit_code, text = record
    report = None if text is None else read_report({"run": run, "repository": repository, **json.loads(text)})
    alive = _is_alive(home, tx, record) if finished is None else None
    return LoggedRun(run, repository, source, started, finished, exit_code, report, alive)


def _is_alive(home: Home, tx: ListTransaction, record: RunRecord) -> bool | None:
    """Only the newest run of a repository can be: the lock lets in no other before it is gone."""
    if tx.runs(record.repository, limit=1) != [record]:
        return False
    return tx.is_held(record.repository) or is_locked(home.locks, record.repository)


def read_report(facts: Mapping[str, Any]) -> Report:
    """Make a report of what ``Report.as_dict`` gave; keys that are not known, of a later rxsync's, are passed over."""
    report = _only(Report, facts)
    report.error = None if report.error is None else _only(Failure, facts["error"])
    report.problems = [_only(Problem, problem) for problem in facts.get("problems", ())]
    report.repositories = [read_report(part) for part in facts.get("repositories", ())]
    return report


def _only(kind: type[T], facts: Mapping[str, Any]) -> T:
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]  # a dataclass, which no bound can say
    return kind(**{name: value for name, value in facts.items() if name in known})
