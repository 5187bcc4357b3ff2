"""``rxsync version``: what a repository held, and holds.

Floor 6, doors.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from rxsync.cli.globals import Settings, global_options
from rxsync.cli.output import moment, say, say_json, stamp
from rxsync.wording import count, safe, size

if TYPE_CHECKING:
    from rxsync.pipeline.home import Repository
    from rxsync.ports.catalog import Unit, Version


@click.group()
@global_options
def version() -> None:
    """List, show and compare the versions of a repository."""


@version.command("list")
@click.argument("name")
@global_options
@click.pass_obj
def list_(settings: Settings, name: str) -> None:
    """List the versions of the repository NAME, oldest first."""
    found = settings.stop.complete(settings.open().repository(name).versions)
    if settings.json:
        versions = [_as_dict(one) for one in found]
        say_json({"schema": "rxsync.version-list/1", "repository": name, "versions": versions})
        return
    from rxsync.cli.table import say_table

    rows = [
        (str(one.number), f"{one.present:,}", f"{one.added:,}", f"{one.removed:,}", moment(one.created))
        for one in found
    ]
    say_table((">VERSION", ">UNITS", ">ADDED", ">REMOVED", "MADE"), rows)


@version.command()
@click.argument("name")
@click.argument("number", metavar="N", type=click.IntRange(min=0))
@global_options
@click.pass_obj
def show(settings: Settings, name: str, number: int) -> None:
    """Show version N of the repository NAME, and every file in it."""
    repository = settings.open().repository(name)

    async def ask() -> tuple[Version, list[Unit]]:
        return await repository.version(number), await repository.units(number)

    one, units = settings.stop.complete(ask)
    if settings.json:
        facts = {"schema": "rxsync.version-show/1", "repository": name, **_as_dict(one)}
        say_json(facts | {"units": [_unit(unit) for unit in units]})
        return
    say([f"{name}: version {number}, {count(one.present, 'unit')}, made {moment(one.created)}"])
    say(line for unit in units for line in _lines(" ", unit))


@version.command()
@click.argument("name")
@click.argument("one", metavar="[A", type=click.IntRange(min=0), required=False)
@click.argument("other", metavar="B]", type=click.IntRange(min=0), required=False)
@global_options
@click.pass_obj
def diff(settings: Settings, name: str, one: int | None, other: int | None) -> None:
    """Show what came (+) and went (-) from version A to version B.

    Of the repository NAME; where no versions are given, the newest against the one before it.
    """
    if (one is None) != (other is None):
        raise click.UsageError("expected two versions, or none", click.get_current_context())
    repository = settings.open().repository(name)

    async def ask() -> tuple[int, int, list[Unit], list[Unit]]:
        low, high = (one, other) if one is not None and other is not None else await _newest(repository)
        return low, high, *await repository.diff(low, high)

    low, high, added, removed = settings.stop.complete(ask)
    if settings.json:
        facts = {"schema": "rxsync.version-diff/1", "repository": name, "from": low, "to": high}
        say_json(facts | {"added": [_unit(unit) for unit in added], "removed": [_unit(unit) for unit in removed]})
        return
    say([f"{name}: version {low} to {high}: {len(added):,} added, {len(removed):,} removed"])
    changed = [("-", unit) for unit in removed] + [("+", unit) for unit in added]
    changed.sort(key=lambda pair: pair[1].name)  # stable: of a path that has other bytes now, the old ones first
    say(line for sign, unit in changed for line in _lines(sign, unit))


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


def _lines(sign: str, unit: Unit) -> Iterator[str]:
    """A line for each file: sign, size, path."""
    for path, sha256, length in unit.files:
        note = "" if sha256 is not None else "  (not here yet)"
        yield f"{sign} {'?' if length is None else size(length):>9}  {safe(path)}{note}"
    if not unit.files:
        yield f"{sign} {'':>9}  {safe(unit.name)}"


def _unit(unit: Unit) -> dict[str, object]:
    files = [{"relative_path": path, "sha256": sha256, "size": length} for path, sha256, length in unit.files]
    return {"name": unit.name, "type": unit.type, "identity": unit.identity, "files": files}


def _as_dict(one: Version) -> dict[str, object]:
    return {
        "number": one.number,
        "created": stamp(one.created),
        "present": one.present,
        "added": one.added,
        "removed": one.removed,
        "run": one.run,
    }
