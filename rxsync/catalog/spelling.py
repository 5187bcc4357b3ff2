"""A connection to PostgreSQL that takes SQL in SQLite's words.

Floor 3, catalog. So the SQL is written once. What a word cannot say, ``rxsync.catalog.rows`` does for each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from psycopg import Connection

Parameters = Sequence[object] | Mapping[str, object]

_WORDS = {
    "?": "%s",
    "%": "%%",
    "BLOB": "BYTEA",
    "COLLATE BINARY": 'COLLATE "C"',
    "WITHOUT ROWID": "",
    "char(": "chr(",
}
_DIFFERENT = re.compile(
    r"json_each\(\?\) (?P<table>\w+)|(?<!:):(?P<name>[a-z]+)|\?|%|\bBLOB\b|COLLATE BINARY|WITHOUT ROWID|\bchar\("
)


@lru_cache(512)
def spelled(sql: str) -> bytes:
    """Write a statement as PostgreSQL and its driver want it.

    >>> spelled("SELECT a FROM json_each(?) one WHERE a = :name AND b < char(1) ORDER BY a COLLATE BINARY")
    b'SELECT a FROM unnest(%s::text[]) AS one (value) WHERE a = %(name)s AND b < chr(1) ORDER BY a COLLATE "C"'
    """
    return _DIFFERENT.sub(_spell, sql).encode()


def _spell(word: re.Match[str]) -> str:
    if table := word["table"]:
        return f"unnest(%s::text[]) AS {table} (value)"
    return f"%({word['name']})s" if word["name"] else _WORDS[word[0]]


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

    def __init__(self, driver: Connection[Any]) -> None:
        self.driver = driver

    def execute(self, sql: str, parameters: Parameters = ()) -> Answer:
        """Run a statement.

        Raises:
            psycopg.Error: the database refused.
        """
        return self.driver.execute(spelled(sql), parameters)

    def executemany(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a statement once for each row.

        Raises:
            psycopg.Error: the database refused.
        """
        with self.driver.cursor() as cursor:
            cursor.executemany(spelled(sql), rows)

    def stream(self, sql: str, parameters: Parameters) -> Iterator[Any]:
        """Yield the rows of a question as they are taken; a plain cursor would hold all of them at once.

        Raises:
            psycopg.Error: the database refused.
        """
        with self.driver.cursor(name="stream") as cursor:
            cursor.itersize = 2000
            yield from cursor.execute(spelled(sql), parameters)
