"""A connection to PostgreSQL that takes SQL in SQLite's words.

Floor 3, catalog. So the SQL is written once. What a word cannot say, ``rxsync.catalog.rows`` does for each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import count
from typing import Any, Protocol

from psycopg import Connection, RawCursor, RawServerCursor

Parameters = Sequence[object] | Mapping[str, object]

_WORDS = {"BLOB": "BYTEA", "COLLATE BINARY": 'COLLATE "C"', "WITHOUT ROWID": "", "char(": "chr("}
_DIFFERENT = re.compile(
    r"json_each\(\?\) (?P<table>\w+)|(?<!:):(?P<name>[a-z]+)|\?|\bBLOB\b|COLLATE BINARY|WITHOUT ROWID|\bchar\("
)


@lru_cache(512)
def spelled(sql: str) -> tuple[bytes, tuple[str, ...]]:
    """Write a statement as PostgreSQL itself wants it, with the names of its parameters, if they have names.

    The driver's own ``%s`` would be searched for and replaced at each call, which for 500 rows costs more than
    anything else.

    >>> spelled("SELECT a FROM t WHERE a = :one AND b < char(1) OR a > :one ORDER BY a COLLATE BINARY")
    (b'SELECT a FROM t WHERE a = $1 AND b < chr(1) OR a > $1 ORDER BY a COLLATE "C"', ('one',))
    >>> spelled("SELECT ?, one.value FROM json_each(?) one")
    (b'SELECT $1, one.value FROM unnest($2::text[]) AS one (value)', ())
    """
    names: dict[str, int] = {}
    places = count(1)

    def spell(word: re.Match[str]) -> str:
        if name := word["name"]:
            return f"${names.setdefault(name, len(names) + 1)}"
        if word[0] == "?":
            return f"${next(places)}"
        if table := word["table"]:
            return f"unnest(${next(places)}::text[]) AS {table} (value)"
        return _WORDS[word[0]]

    return _DIFFERENT.sub(spell, sql).encode(), tuple(names)


class Answer(Protocol):
    """What the catalog needs of ``sqlite3.Cursor``."""

    @property
    def rowcount(self) -> int:
        """How many rows were inserted, updated or deleted."""

    def fetchone(self) -> Any:
        """The next row; None at the end."""

    def fetchall(self) -> list[Any]:
        """All rows that are left."""

    def __iter__(self) -> Iterator[Any]: ...


class PostgresqlConnection:
    """What the catalog needs of ``sqlite3.Connection``.

    Args:
        driver: psycopg's connection, inside a transaction.
    """

    driver: Connection[Any]

    def __init__(self, driver: Connection[Any]) -> None:
        self.driver = driver

    def execute(self, sql: str, parameters: Parameters = ()) -> Answer:
        """Run a statement.

        Raises:
            psycopg.Error: the database refused.
        """
        return RawCursor(self.driver).execute(*_bound(sql, parameters))

    def executemany(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a statement once for each row.

        Raises:
            psycopg.Error: the database refused.
        """
        RawCursor(self.driver).executemany(spelled(sql)[0], rows)

    def stream(self, sql: str, parameters: Parameters) -> Iterator[Any]:
        """Yield the rows of a question as they are taken; a plain cursor would hold all of them at once.

        Raises:
            psycopg.Error: the database refused.
        """
        with RawServerCursor(self.driver, "stream") as cursor:
            cursor.itersize = 2000
            yield from cursor.execute(*_bound(sql, parameters))


def _bound(sql: str, parameters: Parameters) -> tuple[bytes, Sequence[object]]:
    text, names = spelled(sql)
    return text, [parameters[name] for name in names] if isinstance(parameters, Mapping) else parameters
