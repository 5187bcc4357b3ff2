"""``rxsync sync`` of many repositories: what is told of each, and of all.

Floor 6, doors.
"""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from rxsync.cli.errors import Trouble, lines
from rxsync.cli.following import complete_following
from rxsync.cli.globals import Settings
from rxsync.cli.output import complain, discreet, say, say_json
from rxsync.cli.stopping import Stopped
from rxsync.wording import safe

if TYPE_CHECKING:
    from rxsync.config import Setting
    from rxsync.config.live import Live
    from rxsync.config.several import Several
    from rxsync.pipeline.report import Report


def sync_several(settings: Settings, names: tuple[str, ...], said: Mapping[str, Setting]) -> int:
    """Sync the repositories of the file; answers the exit code.

    Raises:
        UsageError: the file is wrong, or knows no such repository.
        Stopped: a signal came; what is over has been told.
    """
    from rxsync.cli.progress import noted
    from rxsync.config import sync_all
    from rxsync.config.several import Several

    settings.several = several = Several([])
    config = settings.configuration()
    several.names = config.chosen(names)
    home = settings.open()

    def told(report: Report, error: Exception | None) -> None:
        several.reports.append(report)
        settings.report = None  # the next one has not begun
        tell(settings, report, error)

    def work(live: Live) -> Awaitable[object]:
        return sync_all(config, home, names, given=said, events=events, told=told, live=live)

    try:
        with noted(settings) as events:
            complete_following(settings, said, work)
    except Stopped:
        if settings.report is not None:
            several.reports.append(settings.report)
        _sum_up(settings, several)
        raise
    settings.stop.hold()
    if settings.json:
        say_json(several.as_dict())
    _sum_up(settings, several)
    return several.exit_code


def tell(settings: Settings, report: Report, error: Exception | None) -> None:
    """Tell what became of one; from then on its report can be shown."""
    if report.error is None or error is None:
        if not settings.json and not settings.quiet and (settings.verbose or report.problems):
            say(report.lines(verbose=settings.verbose))
        return
    if settings.verbose:
        complain(discreet("".join(traceback.format_exception(error)).rstrip(), settings.args))
    report.error = replace(report.error, message=discreet(report.error.message, settings.args))
    notes = (discreet(note, settings.args) for note in getattr(error, "__notes__", ()))
    trouble = Trouble(report.error, report.exit_code, tuple(notes), expected=report.exit_code != 1)
    for line in lines(trouble, report, named=True):
        complain(safe(line))


def _sum_up(settings: Settings, several: Several) -> None:
    if settings.json or settings.quiet:
        return
    from rxsync.cli.table import say_table

    say_table(("REPOSITORY", ">VERSION", ">ADDED", ">REMOVED", ">SKIPPED", ">TIME", ""), several.rows())
    say([several.headline()])
