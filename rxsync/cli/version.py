"""``rxsync version``: what a repository held, and holds.

Floor 6, doors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rxsync.cli.globals import Settings, global_options
from rxsync.cli.output import moment, say, say_json
from rxsync.cli.version_changing import delete, label, pin, rollback, unpin
from rxsync.cli.version_words import as_dict, line, marks, unit_as_dict, unit_lines

if TYPE_CHECKING:
    from rxsync.pipeline.home import Repository
    from rxsync.ports.catalog import Unit, Version


@click.group()
@global_options
def version() -> None:
    """List, show and compare versions; pin, label, roll back and delete them.

    N is the number of a version, a label, or a time: then it is the newest version that was made by then.
    """


for _command in (rollback, pin, unpin, label, delete):
    version.add_command(_command)


@version.command("list")
@click.argument("name")
@global_options
@click.pass_obj
def list_(settings: Settings, name: str) -> None:
    """List the versions of the repository NAME, oldest first."""
    found = settings.stop.complete(settings.open().repository(name).versions)
    if settings.json:
        versions = [as_dict(one) for one in found]
        say_json({"schema": "rxsync.version-list/1", "repository": name, "versions": versions})
        return
    from rxsync.cli.table import say_table

    rows = [
        (
            str(one.number),
            f"{one.present:,}",
            f"{one.added:,}",
            f"{one.removed:,}",
            moment(one.created),
            marks(one),
        )
        for one in found
    ]
    say_table((">VERSION", ">UNITS", ">ADDED", ">REMOVED", "MADE", ""), rows)


@version.command()
@click.argument("name")
@click.argument("which", metavar="[N]", required=False)
@global_options
@click.pass_obj
def show(settings: Settings, name: str, which: str | None) -> None:
    """Show version N of the repository NAME, and every file in it.

    Where no N is given, the current version.
    """
    repository = settings.open().repository(name)

    async def ask() -> tuple[Version, list[Unit]]:
        one = await repository.version(which)
        return one, await repository.units(one.number)

    one, units = settings.stop.complete(ask)
    if settings.json:
        facts = {"schema": "rxsync.version-show/1", "repository": name, **as_dict(one)}
        say_json(facts | {"units": [unit_as_dict(unit) for unit in units]})
        return
    say([line(name, one)])
    say(row for unit in units for row in unit_lines(" ", unit))


@version.command()
@click.argument("name")
@click.argument("one", metavar="[A", required=False)
@click.argument("other", metavar="B]", required=False)
@global_options
@click.pass_obj
def diff(settings: Settings, name: str, one: str | None, other: str | None) -> None:
    """Show what came (+) and went (-) from version A to version B.

    Of the repository NAME; where no versions are given, the newest against the one before it.
    """
    if (one is None) != (other is None):
        raise click.UsageError("expected two versions, or none", click.get_current_context())
    repository = settings.open().repository(name)

    async def ask() -> tuple[int, int, list[Unit], list[Unit]]:
        if one is None or other is None:
            low, high = await _newest(repository)
        else:
            low, high = (await repository.version(one)).number, (await repository.version(other)).number
        return low, high, *await repository.diff(low, high)

    low, high, added, removed = settings.stop.complete(ask)
    if settings.json:
        facts = {"schema": "rxsync.version-diff/1", "repository": name, "from": low, "to": high}
        changes = {"added": [unit_as_dict(unit) for unit in added], "removed": [unit_as_dict(unit) for unit in removed]}
        say_json(facts | changes)
        return
    say([f"{name}: version {low} to {high}: {len(added):,} added, {len(removed):,} removed"])
    changed = [("-", unit) for unit in removed] + [("+", unit) for unit in added]
    changed.sort(key=lambda pair: pair[1].name)  # stable: of a path that has other bytes now, the old ones first
    say(row for sign, unit in changed for row in unit_lines(sign, unit))


async def _newest(repository: Repository) -> tuple[int, int]:
    """The newest version but one, and the newest.

    Raises:
        NotFoundError: there is only one.
    """
    from rxsync.errors import NotFoundError

    versions = await repository.versions()
    if len(versions) < 2:
        raise NotFoundError(f"{repository.name}: only version {versions[-1].number} so far, nothing to compare it with")
    return versions[-2].number, versions[-1].number
