"""``rxsync version rollback``, ``pin``, ``unpin``, ``label`` and ``delete``: what is current, and what stays.

Floor 6, doors.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rxsync.cli.globals import Settings, global_options
from rxsync.cli.output import say, say_json
from rxsync.cli.version_words import as_dict

if TYPE_CHECKING:
    from rxsync.pipeline.home import Repository

T = TypeVar("T")


@click.command()
@click.argument("name")
@click.argument("which", metavar="[N]", required=False)
@global_options
@click.pass_obj
def rollback(settings: Settings, name: str, which: str | None) -> None:
    """Make a version with the content of version N, and pin it.

    Of the repository NAME; where no N is given, of the version before the current one. No sync undoes that: what it
    makes is current again after rxsync version unpin.
    """
    done = _do(settings, name, lambda repository: repository.roll_back(which))
    has = "made, with" if done.made else "has already"
    said = f"version {done.version.number} {has} the content of version {done.target.number}; it is pinned"
    facts = {"target": done.target.number, "made": done.made}
    _tell(settings, name, "rollback", said, facts | as_dict(done.version))


@click.command()
@click.argument("name")
@click.argument("which", metavar="[N]", required=False)
@global_options
@click.pass_obj
def pin(settings: Settings, name: str, which: str | None) -> None:
    """Let version N of the repository NAME be the current one, whatever comes later.

    Where no N is given, the one that is current now. Syncs go on making versions.
    """
    one = _do(settings, name, lambda repository: repository.pin(which))
    _tell(settings, name, "pin", f"version {one.number} is current; it is pinned", as_dict(one))


@click.command()
@click.argument("name")
@global_options
@click.pass_obj
def unpin(settings: Settings, name: str) -> None:
    """Let the newest version of the repository NAME be the current one again."""
    one = _do(settings, name, lambda repository: repository.unpin())
    _tell(settings, name, "unpin", f"version {one.number} is current, the newest; none is pinned", as_dict(one))


@click.command()
@click.argument("name")
@click.argument("which", metavar="[N", required=False)
@click.argument("label", metavar="LABEL]", required=False)
@click.option("--remove", metavar="LABEL", help="Take the label away from the version that has it.")
@global_options
@click.pass_obj
def label(settings: Settings, name: str, which: str | None, label: str | None, remove: str | None) -> None:
    """Give version N of the repository NAME the label LABEL.

    The version that had it loses it. A labelled version stays until the label is taken away.
    """
    if remove is not None and which is None:
        one = _do(settings, name, lambda repository: repository.unlabel(remove))
        _tell(settings, name, "label", f"version {one.number} is no longer {remove}", {"label": remove, **as_dict(one)})
    elif remove is None and which is not None and label is not None:
        one = _do(settings, name, lambda repository: repository.label(which, label))
        _tell(settings, name, "label", f"version {one.number} is {label}", {"label": label, **as_dict(one)})
    else:
        raise click.UsageError("expected a version and a label, or --remove LABEL", click.get_current_context())


@click.command()
@click.argument("name")
@click.argument("which", metavar="N")
@global_options
@click.pass_obj
def delete(settings: Settings, name: str, which: str) -> None:
    """Delete version N of the repository NAME.

    All other versions hold what they held. The newest, and what is pinned or labelled, is not deleted.
    """
    one = _do(settings, name, lambda repository: repository.delete_version(which))
    _tell(settings, name, "delete", f"version {one.number} deleted", as_dict(one))


def _do(settings: Settings, name: str, work: Callable[[Repository], Coroutine[Any, Any, T]]) -> T:
    repository = settings.open().repository(name)
    done = settings.stop.complete(lambda: work(repository))
    settings.stop.hold()
    return done


def _tell(settings: Settings, name: str, command: str, said: str, facts: dict[str, object]) -> None:
    if settings.json:
        say_json({"schema": f"rxsync.version-{command}/1", "repository": name, **facts})
    elif not settings.quiet:
        say([f"{name}: {said}"])
