"""Sync many repositories, one after the other; one that fails stops no other.

Floor 4, config.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from reactivex import Observer

from rxsync.config.live import KEYS, Live
from rxsync.config.secrets import sign_in
from rxsync.config.values import NOTHING, Config, Effective, Settings
from rxsync.failure import failure
from rxsync.pipeline.home import Home
from rxsync.pipeline.plan import Plan
from rxsync.pipeline.progress import Event, Events, Finished
from rxsync.pipeline.promise import Promise
from rxsync.pipeline.report import Report
from rxsync.pipeline.sync import sync

Told = Callable[[Report, Exception | None], None]
"""Takes the report of a repository as soon as there is one, and why it failed; None if it did not."""


async def sync_all(
    config: Config,
    home: Home,
    names: Sequence[str] = (),
    *,
    given: Settings = NOTHING,
    events: Events | None = None,
    told: Told | None = None,
    live: Live | None = None,
) -> list[Report]:
    """Sync repositories of a file, in its order or in that of ``names``; gives a report of each.

    One that fails has its error in its report, and the next one begins.

    Args:
        config: what the file says.
        home: where to.
        names: of those that are meant; where none is given, all that are enabled.
        given: settings that go before those of the file, for each of them.
        events: an observer that is told of progress.
        told: is called with each report at once.
        live: follows the file meanwhile; None where nobody does.

    Raises:
        UsageError: there is no repository, or none of that name; nothing was begun.
        asyncio.CancelledError: the one under way made no version, and no other was begun.
    """
    reports = []
    for name in config.chosen(names):
        report, error = await _outcome(config.effective(name, given), home, events, live)
        reports.append(report)
        if told is not None:
            told(report, error)
        if (task := asyncio.current_task()) is not None and task.cancelling():
            raise asyncio.CancelledError  # which the sync held back until its version was made
    return reports


async def sync_one(
    one: Effective,
    home: Home,
    events: Events | None = None,
    *,
    promise: Promise | None = None,
    live: Live | None = None,
) -> Report:
    """Sync a repository as it is configured.

    Raises:
        UsageError: a setting or a secret cannot be.
        RxSyncError: as ``sync``.
    """
    source, arguments = _asked(one)
    if live is not None:
        arguments = {name: value for name, value in arguments.items() if name not in KEYS}
        arguments["controls"] = live.begin(one)
    return await sync(source, home.repository(one.name), promise=promise, events=events, **arguments)


async def plan_one(one: Effective, home: Home, events: Events | None = None) -> Plan:
    """Look what a sync of a repository would do, as it is configured.

    Raises:
        UsageError: a setting or a secret cannot be.
        RxSyncError: as ``plan``.
    """
    from rxsync.pipeline.planning import plan  # which no sync needs

    source, arguments = _asked(one)
    return await plan(source, home.repository(one.name), events=events, **arguments)


def _asked(one: Effective) -> tuple[str, dict[str, Any]]:
    """The source, and the arguments of ``sync``."""
    return str(one.source.value), one.arguments() | dict(sign_in(one))


async def _outcome(
    one: Effective, home: Home, events: Events | None, live: Live | None
) -> tuple[Report, Exception | None]:
    ended: list[Report] = []

    def note(event: Event) -> None:
        if isinstance(event, Finished):
            ended.append(event.report)
        if events is not None:
            events.on_next(event)

    try:
        return await sync_one(one, home, Observer(note), live=live), None
    except Exception as error:
        return ended[-1] if ended else unbegun(one.name, error), error


def unbegun(name: str, error: Exception) -> Report:
    """Give the report of a repository that failed before there was one."""
    return Report(run=None, repository=name, exit_code=getattr(error, "exit_code", 1), error=failure(error))
