"""``rxsync sync``: mirror a source into a repository.

Floor 6, doors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rxsync.cli.globals import Settings, global_options, option
from rxsync.cli.output import say, say_json

if TYPE_CHECKING:
    from rxsync.pipeline.report import Report
    from rxsync.pipeline.rules import Mode, Policy


def _pairs(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for value in values:
        key, separator, rest = value.partition("=")
        if not key or not separator:
            raise click.BadParameter(f"{value!r}: expected KEY=VALUE")
        pairs[key] = rest
    return pairs


@click.command()
@click.argument("source")
@option("--repository", metavar="NAME", required=True, help="Where to; made if it is new.")
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
@click.pass_obj
def sync(
    settings: Settings,
    source: str,
    repository: str,
    plugin: str,
    options: dict[str, str],
    mode: Mode,
    policy: Policy,
    max_delete: str,
    max_concurrent: int,
    retries: int,
) -> int:
    """Mirror SOURCE, a URL or a folder, into a repository.

    The end is a new version, or none where nothing changed or something failed.
    """
    from rxsync.pipeline.report import Report

    settings.report = Report(run=None, repository=repository)
    report = _run(
        settings,
        source,
        repository,
        plugin=plugin,
        options=options,
        mode=mode,
        policy=policy,
        max_delete=max_delete,
        max_concurrent=max_concurrent,
        retries=retries,
    )
    settings.stop.hold()
    if settings.json:
        say_json(report.as_dict())
    elif not settings.quiet:
        say(report.lines(verbose=settings.verbose))
    return report.exit_code


def _run(settings: Settings, source: str, repository: str, **arguments: Any) -> Report:
    """Run the sync with somebody watching; whatever happens, ``settings.report`` says how far it came."""
    from reactivex import Subject

    import rxsync
    from rxsync.cli.progress import watching
    from rxsync.pipeline.progress import Event, Finished

    events: Subject[Event] = Subject()

    def note(event: Event) -> None:
        if isinstance(event, Finished):
            settings.report = event.report

    events.subscribe(note)
    target = settings.open().repository(repository)
    with watching(events, settings):
        return settings.stop.complete(lambda: rxsync.sync(source, target, **arguments, events=events))
