"""What SIGINT and SIGTERM do: stop once, and clean up undisturbed.

Floor 6, doors. The one place that starts an event loop; asyncio is imported only then.
"""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import TypeVar

T = TypeVar("T")


class Stopped(BaseException):
    """The process was asked to stop. No ``Error``: somebody wished it, as with ``KeyboardInterrupt``.

    Attributes:
        exit_code: 128 and the number of the signal: 130 for SIGINT, 143 for SIGTERM.
    """

    exit_code: int

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number

    def __str__(self) -> str:
        return "stopped on request"


class Stop:
    """Turns the first signal into a cancellation, or where nothing can be cancelled into ``Stopped``.

    Later signals do nothing: all that is under way then is the clean-up, which is short, and must be whole.

    Attributes:
        number: of the signal that came; None until one does.
        on_stop: called when one came, before anything else.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self.on_stop: Callable[[], object] | None = None
        self._cancel: Callable[[], object] | None = None
        self._held = False

    def listen(self) -> None:
        """Attend to signals from now on, but to none that the process was started to ignore (``nohup``)."""
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self.came)

    def hold(self) -> None:
        """From now on no signal disturbs: the result stands, and is being told."""
        self._held = True

    def deafen(self) -> None:
        """Likewise, until the process is gone: the interpreter gives handlers back while it shuts down."""
        self._held = True
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)

    def complete(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run ``work`` on an event loop until it is done.

        Raises:
            Stopped: a signal came, and ``work`` let itself be cancelled.
            Exception: whatever ``work`` raises.
        """
        import asyncio

        try:
            return asyncio.run(self._cancellable(work))
        except asyncio.CancelledError:
            if self.number is None:
                raise
            raise Stopped(self.number) from None

    async def _cancellable(self, work: Callable[[], Awaitable[T]]) -> T:
        import asyncio

        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        if self.number is not None:  # it came where Python swallows what a signal handler raises
            raise Stopped(self.number)
        assert task is not None  # noqa: S101  # a coroutine that asyncio.run runs is a task
        # From a signal handler only this wakes the loop; the number is for the report.
        self._cancel = lambda: loop.call_soon_threadsafe(task.cancel, self.number)
        try:
            return await work()
        finally:
            self._cancel = None

    def came(self, number: int, frame: FrameType | None) -> None:
        """Take a signal; called as its handler."""
        if self._held or self.number is not None:
            return
        self.number = number
        if self.on_stop is not None:
            self.on_stop()
        if self._cancel is None:
            raise Stopped(number)
        self._cancel()
