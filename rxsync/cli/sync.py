"""``rxsync sync``: mirror configured repositories, or a source into a repository.

Floor 6, doors.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rxsync.cli.following import complete_following
from rxsync.cli.globals import Settings, global_options
from rxsync.cli.output import say, say_json
from rxsync.cli.sync_options import given, source_of, sync_options
from rxsync.urls import without_credentials

if TYPE_CHECKING:
    from rxsync.config import Setting
    from rxsync.pipeline.promise import Promise


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]... | SOURCE")
@sync_options
@click.option("--dry-run", is_flag=True, help="The same as rxsync plan.")
@click.option(
    "--plan",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Do what rxsync plan --json said, or nothing.",
)
@global_options
@click.pass_context
def sync(
    context: click.Context,
    /,
    names: tuple[str, ...],
    repository: str | None,
    dry_run: bool,
    file: Path | None,
    **_: object,
) -> int:
    """Mirror the repositories of rxsync.toml, or one SOURCE.

    The repositories NAME; all where none is named, and one that fails stops no other. With --repository the argument
    is a SOURCE, a URL or a folder.

    The end is a new version of each, or none where nothing changed or something failed.
    """
    settings: Settings = context.obj
    if dry_run:
        from rxsync.cli.plan import plan_them

        return plan_them(context, names, repository)
    with settings.hangups.heard(settings.stop):
        return _sync(context, settings, names, repository, file)


def _sync(
    context: click.Context, settings: Settings, names: tuple[str, ...], repository: str | None, file: Path | None
) -> int:
    if file is not None:
        return _as_planned(context, file, names, repository)
    said = given(context)
    if repository is not None:
        source = source_of(context, names)
        _begin(settings, repository)
        return _run(settings, repository, said, source)
    if len(names) == 1:
        _begin(settings, names[0])
        settings.configuration().chosen(names)
        return _run(settings, names[0], said)
    from rxsync.cli.several import sync_several

    return sync_several(settings, names, said)


def _as_planned(context: click.Context, file: Path, names: tuple[str, ...], repository: str | None) -> int:
    """Do what a plan says: with what it was asked with, and what is said now."""
    from rxsync.config import Setting
    from rxsync.config.keys import of
    from rxsync.errors import UsageError
    from rxsync.pipeline.plan import read_plan

    settings: Settings = context.obj
    promise, asked = read_plan(file)
    name = asked["repository"]
    source = source_of(context, names) if repository is not None and names else None
    meant = [repository] if repository is not None else list(names)
    if meant not in ([], [name]):
        raise UsageError(f"{file} is a plan of {name}: expected no other repository, got {', '.join(meant)}")
    _begin(settings, name)
    config = settings.configuration()
    if source is None and name not in config.repositories:
        source = asked["source"]
    said = {key: Setting(value, str(file)) for key, value in asked.items() if key in of("repositories")}
    said["options"] = Setting({key: Setting(one, str(file)) for key, one in asked["options"].items()}, str(file))
    said.pop("source", None)
    return _run(settings, name, said | given(context), source, promise)


def _begin(settings: Settings, name: str) -> None:
    """From now on there is a report, whatever happens."""
    from rxsync.pipeline.report import Report

    settings.report = Report(run=None, repository=without_credentials(name))


def _run(
    settings: Settings,
    name: str,
    said: Mapping[str, Setting],
    source: str | None = None,
    promise: Promise | None = None,
) -> int:
    """Run the sync with somebody watching; whatever happens, ``settings.report`` says how far it came."""
    from rxsync.cli.progress import noted
    from rxsync.config import sync_one

    one = settings.configuration().effective(name, said, source)
    home = settings.open()
    with noted(settings) as events:
        report = complete_following(
            settings, said, lambda live: sync_one(one, home, events, promise=promise, live=live)
        )
    settings.stop.hold()
    if settings.json:
        say_json(report.as_dict())
    elif not settings.quiet:
        say(report.lines(verbose=settings.verbose))
    return report.exit_code
