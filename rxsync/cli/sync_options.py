"""What may be said of a sync on the command line, and of a plan of one.

Floor 6, doors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rxsync.cli.globals import option, origin
from rxsync.cli.measures import measured
from rxsync.wording import parse_bwlimit, parse_concurrent, parse_duration, parse_rate, parse_size

if TYPE_CHECKING:
    from rxsync.config import Setting

F = TypeVar("F", bound=Callable[..., object])


def _pairs(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for value in values:
        key, separator, rest = value.partition("=")
        if not key or not separator:
            raise click.BadParameter(f"{value!r}: expected KEY=VALUE")
        pairs[key] = rest
    return pairs


_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    option("--repository", metavar="NAME", help="Where to mirror SOURCE; made if it is new."),
    option("--plugin", metavar="NAME", default="file", show_default=True, help="What kind of repository SOURCE is."),
    option(
        "--mode",
        type=click.Choice(["mirror", "additive"]),
        default="mirror",
        show_default=True,
        help="The new version holds what SOURCE declares, or that and what was there.",
    ),
    option(
        "--policy",
        type=click.Choice(["immediate", "on_demand"]),
        default="immediate",
        show_default=True,
        help="Fetch files now, or only note where they can be had.",
    ),
    option(
        "--max-delete",
        metavar="N|%",
        default="20%",
        show_default=True,
        help="Make no version if more units would vanish; 100% lifts the guard.",
    ),
    option(
        "--on-error",
        type=click.Choice(["fail", "skip", "quarantine"]),
        default="fail",
        show_default=True,
        help="What becomes of a file that cannot be had.",
    ),
    option("--max-failures", metavar="N|%", help="Make no version if more units are skipped."),
    option(
        "--max-concurrent",
        metavar="N|auto",
        default="50",
        show_default=True,
        callback=measured(parse_concurrent),
        help="Most downloads at once, or as many as each host takes well.",
    ),
    option(
        "--rate",
        metavar="N/s",
        callback=measured(parse_rate),
        help="Most requests a second, over all hosts: 20/s, 90/m; off lifts what the file says.",
    ),
    option(
        "--bwlimit",
        metavar="SIZE",
        callback=measured(parse_bwlimit),
        help="Most bytes a second, over all downloads: 10M, 1.5MiB; off lifts what the file says.",
    ),
    option(
        "--retries",
        metavar="N",
        type=click.IntRange(min=0),
        default=4,
        show_default=True,
        help="Attempts at a URL after the first, where trying again may help.",
    ),
    click.option(
        "-o",
        "options",
        metavar="KEY=VALUE",
        multiple=True,
        callback=_pairs,
        help="An option of the plugin; rxsync plugin NAME lists them.",
    ),
    option("--include", metavar="GLOB", multiple=True, help="Only files that match one: *.iso, pool/**/x, re:REGEX."),
    option("--exclude", metavar="GLOB", multiple=True, help="No files that match one."),
    option("--newest", metavar="N", type=click.IntRange(min=1), help="Only the N newest of each, if the plugin knows."),
    option(
        "--min-age",
        metavar="DURATION",
        callback=measured(parse_duration),
        help="Only what was published so long ago, if the plugin knows: 24h, 7d.",
    ),
    option(
        "--max-size", metavar="SIZE", callback=measured(parse_size), help="Only units of at most so many bytes: 500M."
    ),
    option("--full", is_flag=True, help="Read the source even if it says that nothing has changed."),
)


def sync_options(command: F) -> F:
    """Give a command what says which repositories are meant, and how to go about them."""
    for declare in reversed(_OPTIONS):
        command = declare(command)
    return command


def given(context: click.Context) -> dict[str, Setting]:
    """Gather what the command line and the environment say of a sync, by the key of the file.

    Raises:
        UsageError: a value cannot be.
    """
    from rxsync.config import Setting
    from rxsync.config.keys import of
    from rxsync.config.variables import said_by_environment
    from rxsync.pipeline.guards import MaxDelete

    said: dict[str, Setting] = said_by_environment()
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


def source_of(context: click.Context, names: tuple[str, ...]) -> str:
    """Take the one SOURCE that ``--repository`` goes with.

    Raises:
        UsageError: there is none, or more than one.
    """
    if not names:
        raise click.UsageError("missing argument 'SOURCE'", context)
    if len(names) > 1:
        more = " ".join(names[1:])
        raise click.UsageError(f"got unexpected extra argument ({more}): --repository takes one SOURCE", context)
    return names[0]
