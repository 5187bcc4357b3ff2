"""What must not happen by accident: a mirror that empties, or loses much of, what it mirrors.

Floor 4, pipeline. Pulp has no such guard; rclone's ``--max-delete`` is the model.
"""

from __future__ import annotations

from dataclasses import dataclass

from rxsync.errors import GuardError, UsageError
from rxsync.ports.catalog import Change

FEW = 10
"""Below so many units in a repository a percentage means nothing, and is not applied."""


@dataclass(frozen=True, slots=True)
class MaxDelete:
    """How many repository keys of a version may vanish without replacement.

    Attributes:
        limit: a number of keys, or a percentage of those in the version.
        percent: which of the two.
    """

    limit: float
    percent: bool

    @classmethod
    def parse(cls, text: str) -> MaxDelete:
        """Read ``"50"`` or ``"20%"``.

        >>> MaxDelete.parse("20%")
        MaxDelete(limit=20.0, percent=True)

        Raises:
            UsageError: it is neither.
        """
        number = text.strip().removesuffix("%")
        percent = number != text.strip()
        if not number.isascii() or not number.replace(".", "", int(percent)).isdigit():
            raise UsageError(f"--max-delete {text!r}: expected a number such as 50, or a percentage such as 20%")
        if percent and float(number) > 100:
            raise UsageError(f"--max-delete {text!r}: expected at most 100%")
        return cls(float(number), percent)

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
        allowed = change.present * self.limit / 100 if self.percent else self.limit
        if change.vanishing <= allowed or (self.percent and change.present < FEW):
            return
        share = 100 * change.vanishing / change.present
        raise _tripped(
            f"{change.vanishing} of {change.present} units ({share:.0f}%) would be removed, more than "
            f"--max-delete {self} allows",
            str(change.vanishing),
        )

    def __str__(self) -> str:
        return f"{self.limit:g}{'%' if self.percent else ''}"


def _tripped(message: str, enough: str) -> GuardError:
    error = GuardError(message)
    error.hint = f"if that is meant, --max-delete {enough} lets it through"
    return error


DEFAULT = MaxDelete(20, percent=True)
