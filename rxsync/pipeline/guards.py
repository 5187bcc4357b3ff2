"""What must not happen by accident: a mirror that empties, or loses much of, what it mirrors.

Floor 4, pipeline. Pulp has no such guard; rclone's ``--max-delete`` is the model.
"""

from __future__ import annotations

from rxsync.errors import GuardError
from rxsync.pipeline.limits import Limit
from rxsync.ports.catalog import Change

FEW = 10
"""Below so many units in a repository a percentage means nothing, and is not applied."""


class MaxDelete(Limit):
    """How many repository keys of a version may vanish without replacement; a percentage is of those in the version.

    >>> MaxDelete.parse("20%")
    MaxDelete(limit=20.0, percent=True)
    """

    option = "--max-delete"

    def check(self, change: Change, *, came_through: int, declared: int) -> None:
        """Let a change pass, or not.

        Raises:
            GuardError: it removes more than it may.
        """
        if self.percent and self.limit == 100:
            return
        if not came_through and change.present:
            empty = f"none of {declared} units came through the line" if declared else "the source is empty"
            raise _tripped(f"{empty}, and all {change.present} units would be removed", "100%")
        if change.vanishing <= self.of(change.present) or (self.percent and change.present < FEW):
            return
        share = 100 * change.vanishing / change.present
        raise _tripped(
            f"{change.vanishing} of {change.present} units ({share:.0f}%) would be removed, more than "
            f"--max-delete {self} allows",
            str(change.vanishing),
        )


def _tripped(message: str, enough: str) -> GuardError:
    error = GuardError(message)
    error.hint = f"if that is meant, --max-delete {enough} lets it through"
    return error


DEFAULT = MaxDelete(20, percent=True)
