"""``rxsync sync``: mirror configured repositories, or a source into a repository.

Floor 6, doors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rxsync.cli.globals import Settings, global_options, option, origin
from rxsync.cli.output import say, say_json
from rxsync.urls import without_credentials

if TYPE_CHECKING:
    from rxsync.config import Effective, Setting
    from rxsync.pipeline.report import Report


def _pairs(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for value in values:
        key, separator, rest = value.partition("=")
        if not key or not separator:
            raise click.BadParameter(f"{value!r}: expected KEY=VALUE")
        pairs[key] = rest
    return pairs


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]... | SOURCE")
@option("--repository", metavar="NAME", help="Where to mirror SOURCE; made if it is new.")
@option("--plugin", metavar="NAME", default="file", show_default=True, help="What kind of repository SOURCE is.")
@option(
    "--mode",
    type=click.Choice(["mirror", "additive"]),
    default="mirror",
    show_default=True,
    help="The new version holds what SOURCE declares, or that and what was there.",
)
@option(
    "--policy",
    type=click.Choice(["immediate", "on_demand"]),
    default="immediate",
    show_default=True,
    help="Fetch files now, or only note where they can be had.",
)
@option(
    "--max-delete",
    metavar="N|%",
    default="20%",
    show_default=True,
    help="Make no version if more units would vanish; 100% lifts the guard.",
)
@option(
    "--max-concurrent",
    metavar="N",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    help="Most downloads at once.",
)
@option(
    "--retries",
    metavar="N",
    type=click.IntRange(min=0),
    default=4,
    show_default=True,
    help="Attempts at a URL after the first, where trying again may help.",
)
@click.option(
    "-o",
    "options",
    metavar="KEY=VALUE",
    multiple=True,
    callback=_pairs,
    help="An option of the plugin; rxsync plugin NAME lists them.",
)
@global_options
@click.pass_context
def sync(context: click.Context, /, names: tuple[str, ...], repository: str | None, **_: object) -> int:
    """Mirror the repositories of rxsync.toml, or one SOURCE.

    The repositories NAME; all where none is named, and one that fails stops no other. With --repository the argument
    is a SOURCE, a URL or a folder.

    The end is a new version of each, or none where nothing changed or something failed.
    """
    settings: Settings = context.obj
    said = given(context)
    if repository is not None:
        return _one(settings, repository, said, _source(context, names))
    if len(names) == 1:
        return _one(settings, names[0], said)
    from rxsync.cli.several import sync_several

    return sync_several(settings, names, said)


def given(context: click.Context) -> dict[str, Setting]:
    """Gather what the command line and the environment say of a sync, by the key of the file.

    Raises:
        UsageError: a value cannot be.
    """
    from rxsync.config import Setting
    from rxsync.config.keys import of
    from rxsync.pipeline.guards import MaxDelete

    said: dict[str, Setting] = {}
    for parameter in context.command.params:
        name, who = parameter.name or "", origin(context, parameter)
        if who is not None and name in of("repositories"):
            value = context.params[name]
            if name == "options":
                value = {key: Setting(one, who) for key, one in value.items()}
            said[name] = Setting(value, who)
    if "max_delete" in said:
        MaxDelete.parse(said["max_delete"].value)  # here, and not once for each of many repositories
    return said


def _source(context: click.Context, names: tuple[str, ...]) -> str:
    if not names:
        raise click.UsageError("missing argument 'SOURCE'", context)
    if len(names) > 1:
        more = " ".join(names[1:])
        raise click.UsageError(f"got unexpected extra argument ({more}): --repository takes one SOURCE", context)
    return names[0]


def _one(settings: Settings, name: str, said: dict[str, Setting], source: str | None = None) -> int:
    from rxsync.pipeline.report import Report

    settings.report = Report(run=None, repository=without_credentials(name))
    config = settings.configuration()
    if source is None:
        config.chosen([name])
    report = _run(settings, config.effective(name, said, source))
    settings.stop.hold()
    if settings.json:
        say_json(report.as_dict())
    elif not settings.quiet:
        say(report.lines(verbose=settings.verbose))
    return report.exit_code


def _run(settings: Settings, one: Effective) -> Report:
    """Run the sync with somebody watching; whatever happens, ``settings.report`` says how far it came."""
    from rxsync.cli.progress import noted
    from rxsync.config import sync_one

    home = settings.open()
    with noted(settings) as events:
        return settings.stop.complete(lambda: sync_one(one, home, events))
