"""Tables for people.

Floor 6, doors. On a terminal in its width, with rich; into a pipe whole lines, however long, without colours.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rxsync.cli.output import say
from rxsync.wording import safe

WIDE = 1_000_000
"""Columns of a pipe: nothing is wrapped or cut there."""


def say_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table on stdout.

    Args:
        columns: the headings; one that begins with ``>`` is over a column of numbers.
        rows: as many cells each.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in columns:
        right = name.startswith(">")
        table.add_column(name.removeprefix(">"), justify="right" if right else "left", overflow="fold", no_wrap=right)
    for row in rows:
        table.add_row(*(Text(safe(cell)) for cell in row))
    say(_drawn(table))


def _drawn(table: Table) -> Iterator[str]:
    terminal = sys.stdout.isatty()
    console = Console(force_terminal=terminal, width=None if terminal else WIDE)
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        yield line.rstrip()
