"""``rxsync gc``: free what no version refers to.

Floor 6, doors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from rxsync.cli.globals import Settings, global_options, option
from rxsync.cli.measures import measured
from rxsync.cli.output import moment, say, say_json, stamp
from rxsync.wording import count, duration, parse_duration, size

if TYPE_CHECKING:
    from rxsync.pipeline.collected import Collected, Kept


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@option(
    "--keep",
    metavar="N",
    type=click.IntRange(min=1),
    help="First delete all versions but the N newest, of each NAME, or of every repository.",
)
@option(
    "--grace",
    metavar="DURATION",
    default="24h",
    show_default=True,
    callback=measured(parse_duration),
    help="How long what no version refers to stays, from when gc first saw it so; 0 frees it now.",
)
@option("--dry-run", is_flag=True, help="Only tell what would be freed.")
@global_options
@click.pass_obj
def gc(settings: Settings, names: tuple[str, ...], keep: int | None, grace: float, dry_run: bool) -> None:
    """Free what no version refers to: units, and files that only they had.

    Syncs may be at work meanwhile; they lose nothing. It works on the whole home: NAME only says whose versions --keep
    is for.
    """
    if names and keep is None:
        raise click.UsageError("a NAME says whose versions --keep is for: expected --keep N, or no NAME")
    home = settings.open()
    done = settings.stop.complete(lambda: home.gc(keep=keep, grace=grace, dry_run=dry_run, repositories=names))
    settings.stop.hold()
    if settings.json:
        say_json(_as_dict(done))
    elif not settings.quiet:
        say(_lines(done))


def _lines(done: Collected) -> Iterator[str]:
    would, deleted = ("would free", "to delete") if done.dry_run else ("freed", "deleted")
    yield f"{would} {size(done.bytes_freed)} in {duration(done.seconds)}"
    yield f"  {deleted:<9} {_counts(done)}"
    if done.waiting.content or done.waiting.files:
        yield f"  waiting   {_waiting(done.waiting)}"
    for run in done.live_runs:
        yield f"  beside    a sync of {run.repository} since {moment(run.started)}; what it may use waits for it"


def _counts(done: Collected) -> str:
    counts = [count(len(done.versions), "version")] if done.versions else []
    counts += [count(done.content, "unit"), count(done.artifacts, "artifact"), count(done.files, "file")]
    if done.partial:
        counts.append(f"{count(done.partial, 'beginning')} of large files")
    return ", ".join(counts)


def _waiting(kept: Kept) -> str:
    what = f"{count(kept.content, 'unit')}, {count(kept.files, 'file')}, {size(kept.bytes)}"
    if kept.until is None:
        return f"{what}, for syncs to end"
    return f"{what}, until {moment(kept.until)} at the latest; --grace 0 frees it now"


def _as_dict(done: Collected) -> dict[str, object]:
    until = done.waiting.until
    return {
        "schema": "rxsync.gc/1",
        "versions": [{"repository": name, "number": number} for name, number in done.versions],
        "content": done.content,
        "artifacts": done.artifacts,
        "files": done.files,
        "partial": done.partial,
        "bytes_freed": done.bytes_freed,
        "waiting": asdict(done.waiting) | {"until": until and stamp(until)},
        "live_runs": [{**run._asdict(), "started": stamp(run.started)} for run in done.live_runs],
        "dry_run": done.dry_run,
        "seconds": done.seconds,
    }
