"""An error in words: as it is shown, stored, and scripted against.

Floor 0.
"""

from __future__ import annotations

from dataclasses import dataclass

from rxsync.errors import RxSyncError


@dataclass(frozen=True, slots=True)
class Failure:
    """An error in words, as it is shown, stored and scripted against.

    Attributes:
        kind: name of the error.
        message: what happened.
        hint: what to do next; None if there is nothing to say.
        transient: True if the same call may succeed later.
    """

    kind: str
    message: str
    hint: str | None
    transient: bool


CANCELLED = Failure("Cancelled", "stopped on request", "the next sync goes on where this one stopped", transient=True)
"""What is said where somebody wished it."""


def failure(error: BaseException) -> Failure:
    """Put an error into words."""
    kind, message = type(error).__name__, str(error)
    if isinstance(error, RxSyncError):
        return Failure(kind, message, error.hint, error.transient)
    return Failure(kind, message, "-v shows where it happened", transient=False)
