"""A sync follows its file of settings: SIGHUP has it read again.

Floor 6, doors.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from rxsync.cli.globals import Settings
from rxsync.cli.output import complain, discreet
from rxsync.wording import safe

if TYPE_CHECKING:
    from rxsync.config import Setting
    from rxsync.config.live import Live

T = TypeVar("T")


def complete_following(settings: Settings, said: Mapping[str, Setting], work: Callable[[Live], Awaitable[T]]) -> T:
    """Run ``work`` as ``Stop.complete`` does, while SIGHUP has the file read again.

    Args:
        settings: of the call.
        said: what goes before the file.
        work: is lent what follows it.

    Raises:
        Stopped: a signal came, and ``work`` let itself be cancelled.
        Exception: whatever ``work`` raises.
    """
    from rxsync.config.live import Live

    live = Live(settings.configuration(), said, settings.read_again)
    return settings.stop.complete(lambda: _following(settings, live, work))


async def _following(settings: Settings, live: Live, work: Callable[[Live], Awaitable[T]]) -> T:
    import asyncio

    loop = asyncio.get_running_loop()
    with settings.hangups.passed_on(lambda: loop.call_soon_threadsafe(_read_again, settings, live)):
        return await work(live)


def _read_again(settings: Settings, live: Live) -> None:
    from rxsync.errors import UsageError

    try:
        told = live.read_again()
    except UsageError as error:
        told = f"{discreet(str(error), settings.args)}; nothing has changed"
    complain(safe(told))
