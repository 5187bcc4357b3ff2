"""``rxsync status``: how repositories stand, for people and for monitors.

Floor 6, doors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from rxsync.cli.globals import Settings, global_options, option
from rxsync.cli.measures import measured
from rxsync.cli.output import complain, say_json, stamp
from rxsync.wording import parse_duration, size

if TYPE_CHECKING:
    from rxsync.pipeline.status import Status
    from rxsync.ports.catalog import Version

STALE = 3
"""Exit code where a repository is too old: it is there, and not all of it as it should be."""

LONGEST = 60
"""Characters of an outcome in the table; ``rxsync log`` and JSON have it whole."""


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@option(
    "--max-age",
    metavar="DURATION",
    callback=measured(parse_duration),
    help="End with 3 where one was not checked for so long.",
)
@global_options
@click.pass_obj
def status(settings: Settings, names: tuple[str, ...], max_age: float | None) -> int:
    """Show how repositories stand: all of them, or those called NAME."""
    from rxsync.pipeline.status import status

    home = settings.open()
    found = settings.stop.complete(lambda: status(home, names))
    stale = [one for one in found if _is_stale(one, max_age)]
    if settings.json:
        rows = [_as_dict(one, max_age) for one in found]
        say_json({"schema": "rxsync.status/1", "repositories": rows, "exit_code": STALE if stale else 0})
    else:
        _table(found, max_age)
    if stale:
        complain(f"stale: {', '.join(f'{one.repository} ({_checked(one)})' for one in stale)}")
    return STALE if stale else 0


def _table(found: Sequence[Status], max_age: float | None) -> None:
    from rxsync.cli.table import say_table

    rows = [
        (
            one.repository,
            _version(one.version),
            f"{one.version.present:,}",
            size(one.size),
            f"{_checked(one)}, stale" if _is_stale(one, max_age) else _checked(one),
            _short(one.last.outcome) if one.last else "",
        )
        for one in found
    ]
    say_table(("NAME", "VERSION", ">UNITS", ">SIZE", "CHECKED", "LAST"), rows)


def _version(version: Version) -> str:
    from rxsync.cli.version_words import skipped

    return " ".join(filter(None, (str(version.number), "pinned" if version.pinned else "", skipped(version))))


def _checked(one: Status) -> str:
    age = one.age()
    return "never" if age is None else f"{span(age)} ago"


def _is_stale(one: Status, max_age: float | None) -> bool:
    age = one.age()
    return max_age is not None and (age is None or age > max_age)


def span(seconds: float) -> str:
    """Tell roughly how long.

    >>> span(5), span(125), span(7325), span(93600), span(200_000)
    ('5 s', '2 min', '2 h', '26 h', '2 d')
    """
    for length, unit in ((48 * 3600, "d"), (2 * 3600, "h"), (120, "min")):
        if seconds >= length:
            return f"{seconds // {'d': 86400, 'h': 3600, 'min': 60}[unit]:,.0f} {unit}"
    return f"{seconds:.0f} s"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def _as_dict(one: Status, max_age: float | None) -> dict[str, object]:
    age = one.age()
    return {
        "name": one.repository,
        "version": one.version.number,
        "pinned": one.version.pinned,
        "skipped": one.version.skipped,
        "present": one.version.present,
        "size": one.size,
        "checked": stamp(one.checked) if one.checked else None,
        "age": None if age is None else round(age),
        "stale": _is_stale(one, max_age) if max_age is not None else None,
        "outcome": one.last.outcome if one.last else None,
        "run": one.last.run if one.last else None,
        "exit_code": one.last.exit_code if one.last else None,
    }
