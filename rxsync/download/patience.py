"""Give up on whoever says nothing for too long.

Floor 3, download. aiohttp's own idle timeout sets two timers a request; here one timer looks at everybody who waits.
"""

from __future__ import annotations

import asyncio
from types import TracebackType

LOOKS = 10
"""How often somebody looks within the time allowed; a silence is noticed so much later at the most."""


class Patience:
    """Ends waits that have taken longer than ``seconds``.

    Args:
        seconds: longest wait.

    Raises:
        RuntimeError: there is no event loop.
    """

    loop: asyncio.AbstractEventLoop

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.loop = asyncio.get_running_loop()  # asked once: it costs a system call
        self._waits: set[_Wait] = set()
        self._timer: asyncio.TimerHandle | None = None

    def waiting(self) -> _Wait:
        """Stand around an ``await`` that must not take longer, in a ``with``.

        Raises, on leaving:
            TimeoutError: it did.
        """
        return _Wait(self)

    def close(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()

    def begin(self, wait: _Wait) -> None:
        """Look after ``wait`` from now on."""
        self._waits.add(wait)
        if self._timer is None:
            self._timer = self.loop.call_later(self.seconds / LOOKS, self._look)

    def end(self, wait: _Wait) -> None:
        """Look after it no more."""
        self._waits.discard(wait)

    def _look(self) -> None:
        self._timer = self.loop.call_later(self.seconds / LOOKS, self._look) if self._waits else None
        latest = self.loop.time() - self.seconds
        for wait in self._waits:
            if wait.since <= latest and not wait.expired:
                wait.expired = True
                wait.task.cancel()


class _Wait:
    __slots__ = ("_patience", "expired", "since", "task")

    expired: bool
    since: float
    task: asyncio.Task[object]

    def __init__(self, patience: Patience) -> None:
        self._patience, self.expired = patience, False

    def __enter__(self) -> None:
        task = asyncio.current_task(self._patience.loop)
        assert task is not None  # noqa: S101 - for mypy: coroutines run in tasks only
        self.task, self.since = task, self._patience.loop.time()
        self._patience.begin(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._patience.end(self)
        # As asyncio.timeout does: a silence is ours to tell, but a cancellation from elsewhere goes on.
        if self.expired and self.task.uncancel() == 0 and kind is asyncio.CancelledError:
            raise TimeoutError from None
