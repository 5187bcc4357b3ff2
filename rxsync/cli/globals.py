"""Options that every command has, on either side of its name.

Floor 6, doors. The innermost on the command line wins; then the environment; then the default.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from rxsync.cli.hangups import Hangups
from rxsync.cli.stopping import Stop
from rxsync.urls import holds_password

if TYPE_CHECKING:
    from rxsync.config import Config
    from rxsync.config.several import Several
    from rxsync.pipeline.home import Home
    from rxsync.pipeline.report import Report

F = TypeVar("F", bound=Callable[..., object])


@dataclass
class Settings:
    """What holds for one call of the command line.

    Attributes:
        home: the folder; None for the default.
        config: the file of settings; None for the one in the home.
        database: URL of the database; None for a file in the home.
        json: one JSON object on stdout, and nothing else there.
        verbose: tracebacks with errors, and more detail.
        quiet: errors, and what was asked for; no summary and no progress.
        args: the words of the command line.
        stop: what a signal does.
        hangups: what SIGHUP does.
        report: of the sync under way, as far as it has come; None for other commands.
        several: of a sync of many repositories, what is over; None for other commands.
        origins: who said what of these, by name: ``--home``, ``$RXSYNC_HOME``.
    """

    home: str | None = None
    config: str | None = None
    database: str | None = None
    json: bool = False
    verbose: bool = False
    quiet: bool = False
    args: tuple[str, ...] = ()
    stop: Stop = field(default_factory=Stop)
    hangups: Hangups = field(default_factory=Hangups)
    report: Report | None = None
    several: Several | None = None
    origins: dict[str, str] = field(default_factory=dict)
    _read: Config | None = None

    def open(self) -> Home:
        """Open the home.

        Raises:
            HomeError: there is something else in its place.
            UsageError: the database's URL is none, or the file of settings that was named is wrong.
        """
        import rxsync

        home, database = self.home, self.database
        if self.config is not None:
            said = self.configuration()
            home = home or (said.home.value if said.home else None)
            database = database or (said.database.value if said.database else None)
        return rxsync.open(home, database)

    def configuration(self) -> Config:
        """Read the file of settings, once.

        Raises:
            UsageError: it is wrong.
        """
        if self._read is None:
            self._read = self.read_again()
        return self._read

    def read_again(self) -> Config:
        """Read the file of settings as it is now.

        Raises:
            UsageError: it is wrong.
        """
        from rxsync.config import FILE, read_config
        from rxsync.pipeline.open import folder_of

        path = Path(self.config) if self.config is not None else folder_of(self.home) / FILE
        return read_config(path, named=self.config is not None)


def option(*names: str, **attributes: Any) -> Callable[[F], F]:
    """Declare an option that ``RXSYNC_…`` can give as well, whatever command it belongs to.

    The attributes are ``click.option``'s, which types them as loosely.
    """
    name = next(name for name in names if name.startswith("--"))
    variable = f"RXSYNC_{name.removeprefix('--').replace('-', '_').upper()}"
    return click.option(*names, envvar=variable, **attributes)


def global_options(command: F) -> F:
    """Give a command, or a group, the options that all have."""
    for declare in reversed(_GLOBAL):
        command = declare(command)
    return command


def _keep(context: click.Context, parameter: click.Parameter, value: object) -> None:
    """Note what was said, unless it comes from the environment and the command line said something before."""
    source = context.get_parameter_source(parameter.name or "")
    outermost = context.parent is None
    if source is ParameterSource.COMMANDLINE or (source is ParameterSource.ENVIRONMENT and outermost):
        setattr(context.obj, str(parameter.name), value)
        context.obj.origins[parameter.name] = origin(context, parameter)


def origin(context: click.Context, parameter: click.Parameter) -> str | None:
    """Say who gave an option: ``--mode``, ``$RXSYNC_MODE``; None where nobody did."""
    source = context.get_parameter_source(parameter.name or "")
    if source is ParameterSource.COMMANDLINE:
        return max(parameter.opts, key=len)
    return f"${parameter.envvar}" if source is ParameterSource.ENVIRONMENT else None


def _keep_discreet(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    """Keep a URL, unless its password stands where everybody on the machine can read it."""
    source = context.get_parameter_source(parameter.name or "")
    if source is ParameterSource.COMMANDLINE and value is not None and holds_password(value):
        raise click.BadParameter(
            "a password does not belong on the command line; PGPASSWORD or ~/.pgpass can hold it", context, parameter
        )
    _keep(context, parameter, value)


def _global(*names: str, keep: Callable[..., None] = _keep, **attributes: Any) -> Callable[[F], F]:
    return option(*names, expose_value=False, callback=keep, **attributes)


_GLOBAL: tuple[Callable[[Any], Any], ...] = (
    _global("--home", metavar="DIR", help="Where repositories live.  [default: the platform's data folder]"),
    _global(
        "--config",
        metavar="FILE",
        help="Settings and repositories.  [default: rxsync.toml in the home, if there is one]",
    ),
    _global(
        "--database",
        metavar="URL",
        keep=_keep_discreet,
        help="postgresql://HOST/DATABASE instead of a file in the home; without a password.",
    ),
    _global("--json", is_flag=True, help="Print one JSON object, and nothing else, on stdout."),
    _global("--verbose", "-v", is_flag=True, help="Say more; show tracebacks."),
    _global("--quiet", "-q", is_flag=True, help="No summary and no progress, only errors and what was asked for."),
)
