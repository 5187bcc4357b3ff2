"""``rxsync repository``: what repositories there are.

Floor 6, doors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rxsync.cli.globals import Settings, global_options
from rxsync.cli.output import moment, say, say_json, stamp
from rxsync.cli.version_words import skipped
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

    rows = [
        (one.name, _version(one), f"{one.current.present:,}", moment(one.current.created), skipped(one.current))
        for one in found
    ]
    say_table(("NAME", ">VERSION", ">UNITS", "UPDATED", ""), rows)


@repository.command()
@click.argument("name")
@global_options
@click.pass_obj
def show(settings: Settings, name: str) -> None:
    """Show the repository NAME."""
    one = settings.stop.complete(settings.open().repository(name).summary)
    if settings.json:
        say_json({"schema": "rxsync.repository-show/1", **_as_dict(one)})
        return
    facts = ", ".join(
        filter(None, (f"version {_version(one)}", count(one.current.present, "unit"), skipped(one.current)))
    )
    say(
        [
            f"{name}: {facts}",
            f"  updated   {moment(one.current.created)}",
            f"  versions  {one.versions:,}",
        ]
    )


@repository.command()
@click.argument("name")
@global_options
@click.pass_obj
def delete(settings: Settings, name: str) -> None:
    """Forget the repository NAME with all its versions.

    The files stay in the store.
    """
    versions = settings.stop.complete(settings.open().repository(name).delete)
    if settings.json:
        say_json({"schema": "rxsync.repository-delete/1", "repository": name, "versions": versions})
    elif not settings.quiet:
        say([f"{name}: deleted, with {count(versions, 'version')}"])


def _version(one: RepositorySummary) -> str:
    """Tell which version is current: ``43``; where an older one is pinned, ``41 pinned, newest 43``."""
    if not one.current.pinned:
        return str(one.version)
    newest = f", newest {one.version}" if one.version != one.current.number else ""
    return f"{one.current.number} pinned{newest}"


def _as_dict(one: RepositorySummary) -> dict[str, object]:
    return {
        "name": one.name,
        "version": one.version,
        "versions": one.versions,
        "created": stamp(one.created),
        "present": one.present,
        "current": one.current.number,
        "pinned": one.current.pinned,
        "skipped": one.current.skipped,
    }
