"""Many rows in one statement.

Floor 3, catalog. ``executemany`` and peewee's ``insert_many`` hand the interpreter lock over once a row; one
statement with many ``VALUES`` does so once. The SQL is built once for each shape and then comes from a cache, in
SQLite too, which keeps prepared statements by their text.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import Any, TypeVar

T = TypeVar("T")

Row = tuple[Any, ...]
"""What the driver answers: it does not say what is in a column."""

Cell = str | bytes | int | float | None
"""What can be bound."""

MOST_CELLS = 30_000
"""SQLite takes 32,766 parameters in a statement."""

MOST_ROWS = 500


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut ``items`` into lists of ``size``, the last one shorter."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


@lru_cache(512)
def _insert(verb: str, table: str, columns: tuple[str, ...], rows: int, ending: str) -> str:
    names = ", ".join(f'"{column}"' for column in columns)
    places = f"({', '.join('?' * len(columns))})"
    return f'{verb} INTO "{table}" ({names}) VALUES {", ".join([places] * rows)} {ending}'


def insert(
    connection: sqlite3.Connection,
    table: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    verb: str = "INSERT",
    ending: str = "",
) -> list[Row]:
    """Insert rows, as few statements as possible; answers what ``RETURNING`` in ``ending`` gives.

    Args:
        connection: inside a transaction.
        table: name of the table.
        columns: names of the columns, in the order of each row.
        rows: the rows.
        verb: ``INSERT``, ``INSERT OR IGNORE`` or ``INSERT OR REPLACE``.
        ending: what comes after the values.

    Raises:
        sqlite3.Error: the database refused.
    """
    names = tuple(columns)
    answers: list[Row] = []
    for chunk in chunks(rows, min(MOST_ROWS, MOST_CELLS // len(names))):
        sql = _insert(verb, table, names, len(chunk), ending)
        answers += connection.execute(sql, tuple(chain.from_iterable(chunk))).fetchall()
    return answers


_PLACES = (1, 25, 500)


def select_in(
    connection: sqlite3.Connection, sql: str, keys: Iterable[Cell], before: Sequence[Cell] = ()
) -> Iterator[Row]:
    """Yield the rows of ``sql``, whose ``{places}`` stands for a set of keys of any size.

    The number of places is one of a few, the rest filled with NULL, so that the text stays the same.

    Raises:
        sqlite3.Error: the database refused.
    """
    for chunk in chunks(keys, _PLACES[-1]):
        places = next(size for size in _PLACES if size >= len(chunk))
        filled = (*before, *chunk, *[None] * (places - len(chunk)))
        yield from connection.execute(_with_places(sql, places), filled)


@lru_cache(256)
def _with_places(sql: str, places: int) -> str:
    return sql.format(places=", ".join("?" * places))
