"""What SIGHUP does to a sync: it follows its file of settings, or stops where its terminal is gone.

Floor 6, doors.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from types import FrameType
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

    loop, before = asyncio.get_running_loop(), signal.getsignal(signal.SIGHUP)
    can_lose_it = before is not signal.SIG_IGN and _has_terminal()  # nohup says: go on when it is gone

    def came(number: int, frame: FrameType | None) -> None:
        if can_lose_it and not _has_terminal():
            settings.stop.came(number, frame)
        else:
            loop.call_soon_threadsafe(_read_again, settings, live)

    signal.signal(signal.SIGHUP, came)
    try:
        return await work(live)
    finally:
        signal.signal(signal.SIGHUP, before)


def _read_again(settings: Settings, live: Live) -> None:
    from rxsync.errors import UsageError

    try:
        told = live.read_again()
    except UsageError as error:
        told = f"{discreet(str(error), settings.args)}; nothing has changed"
    complain(safe(told))


def _has_terminal() -> bool:
    """Whether the process has a terminal that can send it signals; one that has hung up is none."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True
