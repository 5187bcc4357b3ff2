"""How a command says that it failed: one line, then what to do next; and the same as JSON.

Floor 6, doors. ``error: tools: PULP_MANIFEST line 812: size "-4" is negative. Version 41 stays.``
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from rxsync.cli.globals import Settings
from rxsync.cli.output import complain, discreet, say_json
from rxsync.cli.stopping import Stopped
from rxsync.errors import RxSyncError, UsageError
from rxsync.failure import CANCELLED, Failure, failure
from rxsync.wording import safe

if TYPE_CHECKING:
    from rxsync.pipeline.report import Report

SCHEMA = "rxsync.error/1"


PLUGINS = "plugin '"
"""How a report begins to speak of a plugin's bug."""


@dataclass(frozen=True)
class Trouble:
    """A failure, and what the command makes of it.

    Attributes:
        failure: what happened, in words.
        exit_code: what the command line ends with.
        notes: what else was noted, such as URLs tried before.
        expected: False for a bug.
    """

    failure: Failure
    exit_code: int
    notes: tuple[str, ...] = ()
    expected: bool = True


def fail(error: BaseException, settings: Settings) -> int:
    """Tell of an error, as text on stderr or as JSON on stdout; answers the exit code."""
    settings.stop.hold()
    if isinstance(error, click.exceptions.NoArgsIsHelpError) and not wants_json(settings):
        complain(error.format_message())
        return error.exit_code
    trouble = _discreet(_with_plugins_word(describe(error), settings.report), settings)
    if settings.verbose:
        complain(discreet("".join(traceback.format_exception(error)).rstrip(), settings.args))
    for line in lines(trouble, settings.report):
        complain(safe(line))
    if wants_json(settings):
        say_json(_as_json(error, trouble, settings))
    return trouble.exit_code


def wants_json(settings: Settings) -> bool:
    """Whether JSON was asked for, even on a command line that is not understood as a whole."""
    return settings.json or "--json" in settings.args or bool(os.environ.get("RXSYNC_JSON"))


def describe(error: BaseException) -> Trouble:
    """Put any error into words."""
    if isinstance(error, click.ClickException):
        return _misuse(error)
    if isinstance(error, Stopped | KeyboardInterrupt):
        return Trouble(CANCELLED, getattr(error, "exit_code", 130))
    notes = tuple(getattr(error, "__notes__", ()))
    return Trouble(failure(error), getattr(error, "exit_code", 1), notes, expected=isinstance(error, RxSyncError))


def lines(trouble: Trouble, report: Report | None, *, named: bool = False) -> Iterator[str]:
    """Write a failure as it is shown.

    Args:
        trouble: what happened.
        report: that of the sync that failed, if it was one.
        named: whether to name the repository in any case, since there are others.
    """
    message = trouble.failure.message
    if message.startswith(PLUGINS):
        message = message if trouble.expected else f"unexpected: {message}"
    elif not trouble.expected:
        message = f"unexpected: {trouble.failure.kind}: {message}".rstrip(": ")
    elif report is not None and report.run is not None:
        message = f"{report.repository}: {message}"
    if named and report is not None and not message.startswith(f"{report.repository}: "):
        message = f"{report.repository}: {message}"
    yield f"error: {_with(message, _state(report))}"
    for note in trouble.notes:
        yield f"  {note}"
    if trouble.failure.hint:
        yield f"hint: {trouble.failure.hint}"


def _with_plugins_word(trouble: Trouble, report: Report | None) -> Trouble:
    """Say of a plugin's bug what the report says: plugin, step and unit."""
    if report is None or report.error is None or not report.error.message.startswith(PLUGINS):
        return trouble
    notes = tuple(note for note in trouble.notes if not note.startswith("at unit "))
    return replace(trouble, failure=replace(trouble.failure, message=report.error.message), notes=notes)


def _state(report: Report | None) -> str | None:
    if report is None or report.base_version is None:
        return None
    if report.created:
        return f"Version {report.version} was made before that."
    return f"Version {report.base_version} stays." if report.base_version else "No version was made."


def _with(message: str, state: str | None) -> str:
    if state is None:
        return message
    return f"{message} {state}" if message.endswith((".", "!", "?")) else f"{message}. {state}"


def _misuse(error: click.ClickException) -> Trouble:
    """What click says, in our manner: one line, beginning small."""
    context = getattr(error, "ctx", None)
    where = context.command_path if context is not None else "rxsync"
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        said = f"{where} needs a command"
    else:
        said = " ".join(error.format_message().split()).rstrip(".")
        said = f"{said[:1].lower()}{said[1:]}{_origin(error)}"
    hint = None if getattr(error, "possibilities", None) else f"{where} --help"
    return Trouble(Failure(UsageError.__name__, said, hint, transient=False), UsageError.exit_code)


def _origin(error: click.ClickException) -> str:
    """Name the environment variable that a refused value came from."""
    if not isinstance(error, click.BadParameter) or error.ctx is None or error.param is None:
        return ""
    source = error.ctx.get_parameter_source(error.param.name or "")
    return f" (from {error.param.envvar})" if source is ParameterSource.ENVIRONMENT else ""


def _discreet(trouble: Trouble, settings: Settings) -> Trouble:
    return replace(
        trouble,
        failure=replace(trouble.failure, message=discreet(trouble.failure.message, settings.args)),
        notes=tuple(discreet(note, settings.args) for note in trouble.notes),
    )


def _as_json(error: BaseException, trouble: Trouble, settings: Settings) -> dict[str, object]:
    context = getattr(error, "ctx", None)
    told = {"error": asdict(trouble.failure), "exit_code": trouble.exit_code}
    if settings.several is not None:
        return settings.several.as_dict() | told
    if settings.report is not None:
        return settings.report.as_dict() | told
    if context is not None and context.command_path in ("rxsync sync", "rxsync plan"):
        from rxsync.pipeline.report import Report

        return Report(run=None, repository="").as_dict() | {"repository": None} | told
    return {"schema": SCHEMA, **told}
