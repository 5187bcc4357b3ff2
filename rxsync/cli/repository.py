"""``rxsync repository``: what repositories there are.

Floor 6, doors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rxsync.cli.globals import Settings, global_options
from rxsync.cli.output import moment, say, say_json, stamp
from rxsync.wording import count

if TYPE_CHECKING:
    from rxsync.ports.catalog import RepositorySummary


@click.group()
@global_options
def repository() -> None:
    """List, show and delete repositories."""


@repository.command("list")
@global_options
@click.pass_obj
def list_(settings: Settings) -> None:
    """List all repositories."""
    home = settings.open()
    found = settings.stop.complete(home.repositories)
    if settings.json:
        say_json({"schema": "rxsync.repository-list/1", "repositories": [_as_dict(one) for one in found]})
        return
    from rxsync.cli.table import say_table

    rows = [(one.name, str(one.version), f"{one.present:,}", moment(one.created)) for one in found]
    say_table(("NAME", ">VERSION", ">UNITS", "UPDATED"), rows)


@repository.command()
@click.argument("name")
@global_options
@click.pass_obj
def show(settings: Settings, name: str) -> None:
    """Show the repository NAME."""
    from rxsync.ports.catalog import RepositorySummary

    versions = settings.stop.complete(settings.open().repository(name).versions)
    newest = versions[-1]
    one = RepositorySummary(name, len(versions), newest.number, newest.created, newest.present)
    if settings.json:
        say_json({"schema": "rxsync.repository-show/1", **_as_dict(one)})
        return
    say(
        [
            f"{name}: version {one.version}, {count(one.present, 'unit')}",
            f"  updated   {moment(one.created)}",
            f"  versions  {one.versions:,}",
        ]
    )


@repository.command()
@click.argument("name")
@global_options
@click.pass_obj
def delete(settings: Settings, name: str) -> None:
    """Forget the repository NAME with all its versions.

    Its files stay in the store until rxsync gc.
    """
    versions = settings.stop.complete(settings.open().repository(name).delete)
    if settings.json:
        say_json({"schema": "rxsync.repository-delete/1", "repository": name, "versions": versions})
    elif not settings.quiet:
        say([f"{name}: deleted, with {count(versions, 'version')}"])


def _as_dict(one: RepositorySummary) -> dict[str, object]:
    return {
        "name": one.name,
        "version": one.version,
        "versions": one.versions,
        "created": stamp(one.created),
        "present": one.present,
    }
