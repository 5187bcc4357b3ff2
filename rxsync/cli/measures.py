"""Options that take a time, a size, or a pace.

Floor 6, doors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

T = TypeVar("T")


def measured(parse: Callable[[str], T]) -> Callable[[click.Context, click.Parameter, str | None], T | None]:
    """Make a callback that reads a measure.

    Args:
        parse: reads it; raises ValueError, saying what was expected.
    """

    def read(context: click.Context, parameter: click.Parameter, value: str | None) -> T | None:
        try:
            return None if value is None else parse(value)
        except ValueError as error:
            raise click.BadParameter(str(error), context, parameter) from None

    return read
