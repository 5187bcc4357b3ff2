"""How many of some there may be: a number, or a percentage.

Floor 4, pipeline.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from rxsync.errors import UsageError


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound, as an option says it.

    Attributes:
        option: which.
        limit: a number, or a percentage.
        percent: which of the two.
    """

    option: ClassVar[str]
    limit: float
    percent: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``"50"`` or ``"20%"``.

        Raises:
            UsageError: it is neither.
        """
        number = text.strip().removesuffix("%")
        percent = number != text.strip()
        if not number.isascii() or not number.replace(".", "", int(percent)).isdigit():
            raise UsageError(f"{cls.option} {text!r}: expected a number such as 50, or a percentage such as 20%")
        if percent and float(number) > 100:
            raise UsageError(f"{cls.option} {text!r}: expected at most 100%")
        return cls(float(number), percent)

    def of(self, total: int) -> float:
        """How many of ``total`` that are."""
        return total * self.limit / 100 if self.percent else self.limit

    def __str__(self) -> str:
        return f"{self.limit:g}{'%' if self.percent else ''}"
