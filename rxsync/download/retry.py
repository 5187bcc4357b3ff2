"""Try again when that may help, after a wait nobody can foresee.

Floor 3, download. The first attempt is the caller's own; stamina comes in, and is imported, when it failed. Full
jitter: attempt ``n`` waits between nothing and ``backoff * 2**n`` seconds, so that a thousand that failed together
do not return together.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from itertools import count
from typing import TypeVar

import stamina
from stamina.instrumentation import RetryDetails, get_on_retry_hooks, set_on_retry_hooks
from stamina.typing import RetryHook

from rxsync.errors import DownloadError, HttpStatusError

T = TypeVar("T")

LONGEST_WAIT = 30.0


async def again(first: DownloadError, work: Callable[[], Awaitable[T]], retries: int, backoff: float) -> T:
    """Do ``work`` again, at most ``retries`` times, while what it raises is transient.

    Args:
        first: what the attempt raised that was made already.
        work: makes one attempt, and nothing that outlives a failed one.
        retries: attempts after the first; 0 gives ``first`` back.
        backoff: longest wait before the first of them, in seconds; it doubles with each, up to 30.

    Raises:
        DownloadError: the last attempt's; ``attempts`` says how many there were.
    """
    failures, made = [first], 1
    _keep_hooks_from_our_errors()
    try:
        async for attempt in stamina.retry_context(_wait(backoff), attempts=retries + 1, timeout=None):
            made = attempt.num
            with attempt:
                if failures:  # the attempt that was made already: here it is only counted
                    raise failures.pop()
                return await work()
    except DownloadError as error:
        error.attempts = made
        raise
    raise AssertionError("stamina either returns or raises")  # pragma: no cover - for mypy: the loop ends otherwise


def _wait(backoff: float) -> Callable[[Exception], bool | float]:
    attempts = count()

    def wait(error: Exception) -> bool | float:
        if not (isinstance(error, DownloadError) and error.transient):
            return False
        if isinstance(error, HttpStatusError) and error.retry_after is not None:
            return 0.0  # the host says when, and whoever asks it waits for that
        return random.uniform(0, min(LONGEST_WAIT, backoff * 2 ** next(attempts)))  # noqa: S311 (no secret)

    return wait


class _NotOurs:
    """A retry hook of the program around us, kept from what it would say of rxsync's retries."""

    def __init__(self, hook: RetryHook) -> None:
        self._hook = hook

    def __call__(self, details: RetryDetails) -> AbstractContextManager[None] | None:
        return None if isinstance(details.caused_by, DownloadError) else self._hook(details)


def _keep_hooks_from_our_errors() -> None:
    """Take our retries out of stamina's instrumentation, and leave everybody else's in.

    Its hooks are one list for the whole process, and the default one logs the ``repr`` of whatever was
    raised. Ours has nothing of a header in it, but a later one might; and a library does not write to a
    program's log unasked. To empty the list would silence the program's own retries, hence the wrapping; it
    is looked at before each use because the program may have set new hooks meanwhile.
    """
    hooks = get_on_retry_hooks()
    if not all(isinstance(hook, _NotOurs) for hook in hooks):
        set_on_retry_hooks([hook if isinstance(hook, _NotOurs) else _NotOurs(hook) for hook in hooks])
