"""``rxsync plugin``: what is installed, and what it can be told.

Floor 6, doors.
"""

from __future__ import annotations

from typing import Any

import click

from rxsync.cli.globals import Settings, global_options
from rxsync.cli.output import say, say_json


@click.command()
@click.argument("name", required=False)
@global_options
@click.pass_obj
def plugin(settings: Settings, name: str | None) -> None:
    """List the plugins that are installed, or show the plugin NAME with its options."""
    if name is None:
        _list(settings)
    else:
        _show(settings, name)


def _list(settings: Settings) -> None:
    from rxsync.pipeline.plugins import installed

    rows = [_loaded(name) for name in installed()]
    orphans = sorted(_types_here(settings).difference(*(row["content_types"] for row in rows)))
    if settings.json:
        say_json({"schema": "rxsync.plugin-list/1", "plugins": rows, "without_plugin": orphans})
        return
    from rxsync.cli.table import say_table

    cells = [(row["name"], ", ".join(row["content_types"]) or row["error"] or "", row["distribution"]) for row in rows]
    say_table(("NAME", "CONTENT", "FROM"), cells)
    if orphans:
        say([f"No plugin for {', '.join(orphans)}: what is here can be read, and not be synced again."])


def _types_here(settings: Settings) -> set[str]:
    """The types of content in the home; none where there is no home."""
    from rxsync.errors import HomeError

    try:
        return set(settings.stop.complete(settings.open().content_types))
    except HomeError:
        return set()


def _loaded(name: str) -> dict[str, Any]:
    """What can be said of a plugin, also of one that does not load."""
    from rxsync.errors import RxSyncError
    from rxsync.models import content_type
    from rxsync.pipeline.plugins import installed, load

    distribution = installed()[name].dist
    row: dict[str, Any] = {
        "name": name,
        "distribution": f"{distribution.name} {distribution.version}" if distribution else "",
        "content_types": [],
        "error": None,
    }
    try:
        row["content_types"] = [content_type(model).name for model in load(name).content_types]
    except RxSyncError as error:
        row["error"] = str(error)
    return row


def _show(settings: Settings, name: str) -> None:
    from rxsync.pipeline.options import describe
    from rxsync.pipeline.plugins import load

    loaded = load(name)
    options = describe(loaded.options)
    if settings.json:
        shown = [option._asdict() for option in options]
        say_json({"schema": "rxsync.plugin-show/1", **_loaded(name), "options": shown})
        return
    row = _loaded(name)
    about = (type(loaded).__doc__ or "").strip().partition("\n")[0]
    say([f"{name}: {about}", f"  content  {', '.join(row['content_types'])}", f"  from     {row['distribution']}"])
    if not options:
        say(["  no options"])
        return
    from rxsync.cli.table import say_table

    say_table(("OPTION", "TAKES", "DEFAULT", ""), [(f"-o {o.name}=…", o.type, o.default, o.help) for o in options])
