"""``rxsync plan``: look what a sync would do.

Floor 6, doors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rxsync.cli.globals import Settings, global_options
from rxsync.cli.output import say, say_json
from rxsync.cli.sync_options import given, source_of, sync_options
from rxsync.urls import without_credentials

if TYPE_CHECKING:
    from rxsync.config import Effective
    from rxsync.pipeline.plan import Plan

SCHEMA = "rxsync.plan-all/1"


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]... | SOURCE")
@sync_options
@global_options
@click.pass_context
def plan(context: click.Context, /, names: tuple[str, ...], repository: str | None, **_: object) -> int:
    """Look what rxsync sync would do with the same arguments, and write nothing.

    What would come and go by name, how many bytes would be fetched, and whether a guard would keep a version from being
    made, which exits 8. With --json it is a file for rxsync sync --plan.
    """
    return plan_them(context, names, repository)


def plan_them(context: click.Context, names: tuple[str, ...], repository: str | None) -> int:
    """Plan what the arguments of a command mean; answers the exit code."""
    from rxsync.pipeline.report import Report

    settings: Settings = context.obj
    said = given(context)
    if repository is not None:
        source = source_of(context, names)
        settings.report = Report(run=None, repository=without_credentials(repository))
        return _one(settings, settings.configuration().effective(repository, said, source))
    if len(names) == 1:
        settings.report = Report(run=None, repository=without_credentials(names[0]))
    config = settings.configuration()
    chosen = config.chosen(names)
    if len(names) == 1:
        return _one(settings, config.effective(names[0], said))
    return _several(settings, [config.effective(name, said) for name in chosen])


def _one(settings: Settings, one: Effective) -> int:
    made = _plan(settings, one)
    settings.stop.hold()
    if settings.json:
        say_json(made.as_dict())
    else:
        say(made.lines(verbose=settings.verbose))
    return made.report.exit_code


def _several(settings: Settings, all_of_them: list[Effective]) -> int:
    """One after the other; one that fails stops no other."""
    from rxsync.cli.several import tell
    from rxsync.config.several import Several
    from rxsync.config.syncing import unbegun

    several, told = Several([one.name for one in all_of_them]), []
    for one in all_of_them:
        settings.report = None
        try:
            made = _plan(settings, one)
        except Exception as error:
            report = settings.report or unbegun(one.name, error)
            tell(settings, report, error)
            several.reports.append(report)
            told.append(report.as_dict())
            continue
        several.reports.append(made.report)
        told.append(made.as_dict())
        if not settings.json:
            say(made.lines(verbose=settings.verbose))
    settings.report = None
    if settings.json:
        say_json({"schema": SCHEMA, "plans": told, "exit_code": several.exit_code})
    return several.exit_code


def _plan(settings: Settings, one: Effective) -> Plan:
    from rxsync.cli.progress import noted
    from rxsync.config import plan_one

    home = settings.open()
    with noted(settings) as events:
        return settings.stop.complete(lambda: plan_one(one, home, events))
