"""The command line.

Floor 6, doors. Nothing here imports what a command needs before that command runs, so that ``rxsync --help`` is
quick: a command's module brings click, and no more.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from gc import set_threshold  # by its name: the command gc is a module in here
from importlib import import_module

import click

from rxsync import __version__
from rxsync.cli.errors import fail
from rxsync.cli.globals import Settings, global_options
from rxsync.cli.output import mute, prepare

COMMANDS = ("sync", "plan", "status", "log", "repository", "version", "gc", "plugin", "config", "manifest")
"""Each is the module in here, and the name in it, that it is called by."""


class _Commands(click.Group):
    """Imports a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"rxsync.cli.{cmd_name}"), cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:  # click knows only commands that are there already
            raise click.NoSuchCommand(error.command_name, possibilities=COMMANDS, ctx=ctx) from None


@click.command(
    cls=_Commands,
    epilog="An option can also be given as an environment variable, --mode as RXSYNC_MODE; the option goes first.",
)
@click.version_option(__version__, message="%(prog)s %(version)s", help="Show the version and exit.")
@global_options
def root() -> None:
    """Mirror content repositories as a reactive stream."""


def run(args: Sequence[str], settings: Settings | None = None) -> int:
    """Run the command line once; answers its exit code. Raises nothing.

    Args:
        args: what follows ``rxsync``.
        settings: filled in with the global options; for callers who want to see them.
    """
    settings = settings or Settings()
    settings.args = tuple(args)
    try:
        with root.make_context("rxsync", list(args), obj=settings) as context:
            return root.invoke(context) or 0
    except click.exceptions.Exit as end:  # --help and --version
        return end.exit_code
    except BrokenPipeError:  # likewise, into a pager that was left
        mute()
        return 0
    except BaseException as error:
        return fail(error, settings)


def main() -> None:
    """Be the command ``rxsync``."""
    # The process is ours: a sync makes and forgets small objects by the million, next to none of them in circles, and
    # to look for circles every 700 costs 4 % of its CPU.
    set_threshold(10_000)
    prepare()
    settings = Settings()
    settings.stop.listen()
    code = run(sys.argv[1:], settings)
    settings.stop.deafen()
    sys.exit(code)
