"""Many rows in one statement.

Floor 3, catalog. ``executemany`` and peewee's ``insert_many`` hand the interpreter lock over once a row; one
statement with many ``VALUES`` does so once. The SQL is built once for each shape and then comes from a cache, in
SQLite too, which keeps prepared statements by their text.

What SQLite and PostgreSQL do in other ways is here, side by side; what they only call by other names is in
``rxsync.catalog.spelling``.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

if TYPE_CHECKING:  # its driver is an extra
    from rxsync.catalog.spelling import PostgresqlConnection

T = TypeVar("T")

Connection: TypeAlias = "sqlite3.Connection | PostgresqlConnection"
"""Inside a transaction; takes SQL in SQLite's words."""

MOST_ROWS = 2**31 - 1
"""No ``LIMIT`` needs more; what people ask for may be more than a database can count."""

Row = tuple[Any, ...]
"""What the driver answers: it does not say what is in a column."""

Cell = str | bytes | int | float | None
"""What can be bound."""

MOST_CELLS = 30_000
"""SQLite takes 32,766 parameters in a statement, PostgreSQL 65,535."""

MOST_ROWS = 500


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut ``items`` into lists of ``size``, the last one shorter."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


@lru_cache(512)
def _insert(table: str, columns: tuple[str, ...], rows: int, ending: str) -> str:
    names = ", ".join(f'"{column}"' for column in columns)
    return f'INSERT INTO "{table}" ({names}) VALUES {_values(len(columns), rows)} {ending}'


def _values(columns: int, rows: int) -> str:
    return ", ".join([f"({', '.join('?' * columns)})"] * rows)


def insert(
    connection: Connection,
    table: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    ending: str = "",
) -> list[Row]:
    """Insert rows, as few statements as possible; answers what ``RETURNING`` in ``ending`` gives.

    Args:
        connection: inside a transaction.
        table: name of the table.
        columns: names of the columns, in the order of each row.
        rows: the rows.
        ending: what comes after the values, such as ``ON CONFLICT DO NOTHING``.

    Raises:
        sqlite3.Error, psycopg.Error: the database refused.
    """
    names = tuple(columns)
    answers: list[Row] = []
    for chunk in chunks(rows, min(MOST_ROWS, MOST_CELLS // len(names))):
        sql = _insert(table, names, len(chunk), ending)
        done = connection.execute(sql, tuple(chain.from_iterable(chunk)))
        if "RETURNING" in ending:
            answers += done.fetchall()
    return answers


def with_rows(connection: Connection, sql: str, rows: Iterable[Sequence[Cell]]) -> None:
    """Run ``sql``, whose ``{rows}`` stands for ``VALUES`` of any number of rows.

    Raises:
        sqlite3.Error, psycopg.Error: the database refused.
    """
    for chunk in chunks(rows, MOST_ROWS):
        values = f"VALUES {_values(len(chunk[0]), len(chunk))}"
        connection.execute(sql.format(rows=values), tuple(chain.from_iterable(chunk)))


_PLACES = (1, 25, 500)
_ARRAYS = {bytes: "bytea", int: "bigint", str: "text"}


def select_in(connection: Connection, sql: str, keys: Iterable[Cell], before: Sequence[Cell] = ()) -> Iterator[Row]:
    """Yield the rows of ``sql``, whose ``IN ({places})`` stands for a set of keys of any size, all of one type.

    In SQLite the number of places is one of a few, the rest filled with NULL, so that the text stays the same. In
    PostgreSQL it is one array.

    Raises:
        sqlite3.Error, psycopg.Error: the database refused.
    """
    if not isinstance(connection, sqlite3.Connection):
        if array := list(keys):
            unnested = f"SELECT unnest(?::{_ARRAYS[type(array[0])]}[])"
            yield from connection.execute(sql.format(places=unnested), (*before, array))
        return
    for chunk in chunks(keys, _PLACES[-1]):
        places = next(size for size in _PLACES if size >= len(chunk))
        filled = (*before, *chunk, *[None] * (places - len(chunk)))
        yield from connection.execute(_with_places(sql, places), filled)


@lru_cache(256)
def _with_places(sql: str, places: int) -> str:
    return sql.format(places=", ".join("?" * places))


def texts(connection: Connection, values: Collection[str]) -> str | list[str]:
    """Give texts as what is bound in ``json_each(?)``."""
    return json.dumps(list(values)) if isinstance(connection, sqlite3.Connection) else list(values)


def stream(connection: Connection, sql: str, names: Mapping[str, Cell]) -> Iterator[Row]:
    """Yield the rows of a question of any size, as they are taken.

    Raises:
        sqlite3.Error, psycopg.Error: the database refused.
    """
    return (
        connection.execute(sql, names) if isinstance(connection, sqlite3.Connection) else connection.stream(sql, names)
    )


def take_stock(connection: Connection, *tables: str) -> None:
    """Let the planner see how large tables are by now.

    PostgreSQL looks by itself, but a minute later: of tables that this run has filled it would think that a unit or
    two are in them, and go through all of them for each. SQLite's planner needs no such thing here.

    Raises:
        psycopg.Error: the database refused.
    """
    if not isinstance(connection, sqlite3.Connection):
        connection.execute(f"ANALYZE {', '.join(tables)}")


def lock_key(*names: str) -> int:
    """The number that an advisory lock of PostgreSQL's is known by: of a schema for turns, of a repository for runs."""
    digest = blake2b("\0".join(("rxsync", *names)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
