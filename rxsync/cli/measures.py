"""Options that take a time or a size.

Floor 6, doors.
"""

from __future__ import annotations

from collections.abc import Callable

import click


def measured(parse: Callable[[str], float]) -> Callable[[click.Context, click.Parameter, str | None], float | None]:
    """Make a callback that reads a measure.

    Args:
        parse: reads it; raises ValueError, saying what was expected.
    """

    def read(context: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
        try:
            return None if value is None else parse(value)
        except ValueError as error:
            raise click.BadParameter(str(error), context, parameter) from None

    return read
