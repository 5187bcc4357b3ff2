"""``rxsync log``: what was tried, and what became of it.

Floor 6, doors.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import click

from rxsync.cli.globals import Settings, global_options, option
from rxsync.cli.output import moment, say, say_json, stamp
from rxsync.wording import count, safe

if TYPE_CHECKING:
    from rxsync.pipeline.log import LoggedRun
    from rxsync.pipeline.report import Problem, Report

SHORT = 8
"""Characters of a run's id in the table."""


@click.command()
@click.argument("name", required=False)
@option("--run", "beginning", metavar="ID", help="Show one run with its report and every problem; its first digits do.")
@option("--limit", metavar="N", type=click.IntRange(min=1), default=20, show_default=True, help="Most runs to list.")
@global_options
@click.pass_obj
def log(settings: Settings, name: str | None, beginning: str | None, limit: int) -> None:
    """List the last runs, newest first: of all repositories, or of the one called NAME."""
    if beginning is not None:
        _show(settings, name, beginning)
        return
    from rxsync.pipeline.log import log

    home = settings.open()
    found = settings.stop.complete(lambda: log(home, name, limit=limit))
    if settings.json:
        say_json({"schema": "rxsync.log/1", "runs": [_as_dict(one) for one in found]})
    else:
        _table(found)


def _table(found: Sequence[LoggedRun]) -> None:
    from rxsync.cli.table import say_table

    rows = []
    for one in found:
        report = one.report
        told = (
            ("", "", "")
            if report is None
            else (
                "" if report.version is None else str(report.version),
                f"{report.new:,}/{report.declared:,}",
                f"{report.seconds:,.1f}",
            )
        )
        rows.append((moment(one.started), one.repository, one.run[:SHORT], *told, " ".join(one.outcome.split())))
    say_table(("TIME", "REPOSITORY", "RUN", ">VERSION", ">NEW/ALL", ">SECONDS", "OUTCOME"), rows)


def _show(settings: Settings, name: str | None, beginning: str) -> None:
    from rxsync.errors import NotFoundError
    from rxsync.pipeline.log import logged_run

    home = settings.open()
    one = settings.stop.complete(lambda: logged_run(home, beginning))
    if name is not None and one.repository != name:
        raise NotFoundError(f"run {one.run} is of {one.repository}, not of {name}")
    if settings.json:
        report = None if one.report is None else one.report.as_dict()
        say_json({"schema": "rxsync.log-run/1", **_facts(one), "report": report})
    else:
        say(_lines(one))


def _lines(one: LoggedRun) -> Iterator[str]:
    """Tell of a run as ``rxsync sync`` did, then when it was, then every problem."""
    if one.report is None:
        yield f"{one.repository}: {one.outcome}"
    else:
        yield from _without_problems(one.report).lines()
    ended = "" if one.finished is None else f" to {moment(one.finished)}"
    yield f"  {'run':<10}  {one.run}"
    yield f"  {'when':<10}  {moment(one.started)}{ended}"
    yield f"  {'source':<10}  {safe(one.source)}"
    if one.report is not None:
        for problem in _problems(one.report):
            yield from _problem(problem)


def _without_problems(report: Report) -> Report:
    return replace(report, problems=[])


def _problems(report: Report) -> Iterator[Problem]:
    yield from report.problems
    for part in report.repositories:
        yield from _problems(part)


def _problem(problem: Problem) -> Iterator[str]:
    yield f"  {problem.kind:<10}  {safe(problem.relative_path)}: {safe(problem.reason)}"
    where = [] if problem.stage is None else [problem.stage]
    where += [count(problem.attempts, "attempt")] if problem.attempts else []
    where += [problem.url] if problem.url else []
    if where:
        yield f"  {'':<10}  {safe(', '.join(where))}"


def _facts(one: LoggedRun) -> dict[str, object]:
    return {
        "run": one.run,
        "repository": one.repository,
        "source": one.source,
        "started": stamp(one.started),
        "finished": None if one.finished is None else stamp(one.finished),
        "exit_code": one.exit_code,
        "outcome": one.outcome,
    }


def _as_dict(one: LoggedRun) -> dict[str, object]:
    """A run without its problems, which may be many."""
    report = one.report
    numbers = ("version", "created", "declared", "new", "filtered", "skipped", "failed", "seconds")
    told = {name: None if report is None else getattr(report, name) for name in numbers}
    error = None if report is None or report.error is None else asdict(report.error)
    return {**_facts(one), **told, "error": error}
