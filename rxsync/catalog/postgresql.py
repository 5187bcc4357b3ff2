"""PostgreSQL: one database, or one schema of it, that several processes and hosts may share.

Floor 3, catalog. Writers take turns, as they do in SQLite: each transaction that writes holds one advisory lock from
its beginning. So keys are assigned, and rows looked up and inserted, by one code for both. The reasons, and what it
costs, are in ``docs/decisions/0009-postgresql.md``.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from peewee import PeeweeException, PostgresqlDatabase
from psycopg.conninfo import conninfo_to_dict

from rxsync.catalog.database import PATIENCE, DatabaseCatalog, Session, Work
from rxsync.catalog.rows import lock_key
from rxsync.catalog.spelling import PostgresqlConnection
from rxsync.errors import CatalogError, HomeError, UsageError
from rxsync.urls import address

T = TypeVar("T")

ATTEMPTS = 5
"""How often a transaction is tried that another one got in the way of."""

PAUSE = 0.05
"""Longest pause before the second attempt, in seconds; twice as long before each further one."""

CONNECTING = 10
"""How long a server may take to answer, in seconds, unless the URL says ``connect_timeout``."""

_AGAIN = ("40001", "40P01")  # serialization failure, deadlock
_LOCKED = "55P03"
_PASSING = ("08", "40", "53", "55", "57")  # classes of states: no connection, no room, shutting down


class PostgresqlCatalog(DatabaseCatalog):
    """A catalog in the first schema of the connection's ``search_path``.

    Args:
        url: ``postgresql://…``, as libpq takes it.
        writable: False for reading only.
        notes: True for reading with tables of one's own, which are temporary, and which PostgreSQL refuses to who only
            reads.

    Raises:
        UsageError: the URL cannot be.

    Implements ``rxsync.ports.catalog.Catalog``.
    """

    def __init__(self, url: str, *, writable: bool = True, notes: bool = False) -> None:
        writer = PostgresqlSession(url, "READ COMMITTED") if writable else None
        super().__init__(writer, PostgresqlSession(url, "REPEATABLE READ", reads_only=not (writable or notes)))


class PostgresqlSession(Session):
    """A session with PostgreSQL.

    Args:
        url: ``postgresql://…``.
        isolation: ``READ COMMITTED`` to write: what others committed while we waited for our turn must be seen.
            ``REPEATABLE READ`` to read: one state of the database.
        reads_only: it must be a home already, and nothing can be written.

    Raises:
        UsageError: the URL cannot be.
    """

    def __init__(self, url: str, isolation: str, *, reads_only: bool = False) -> None:
        shown = address(url)
        try:
            given = conninfo_to_dict(url)
        except psycopg.ProgrammingError:  # which may quote a password
            raise UsageError(f"{shown} is no database URL: expected postgresql://HOST/DATABASE") from None
        database = _Database(
            f"postgresql://{url.partition('://')[2]}",
            prefer_psycopg3=True,
            isolation_level=isolation,
            client_encoding="utf8",
            fallback_application_name="rxsync",
            connect_timeout=given.get("connect_timeout", CONNECTING),
        )
        super().__init__(database, shown, reads_only=reads_only)
        self._takes_turns = isolation == "READ COMMITTED"
        self._schema = ""

    def transact(self, work: Work[T]) -> T:
        """Run ``work`` in one transaction, in this thread; again where another one got in its way.

        Raises:
            HomeError: the database has another schema, or none where it should.
            CatalogError: the database refused.
        """
        for attempt in range(1, ATTEMPTS):
            try:
                return self._attempt(work)
            except CatalogError as error:
                if getattr(error.__cause__, "sqlstate", None) not in _AGAIN:
                    raise
            time.sleep(random.uniform(0, PAUSE * 2 ** (attempt - 1)))  # noqa: S311 - apart, not secret
        return self._attempt(work)

    async def hold(self, repository: str) -> bool:
        """Take the lock of a repository; False where another session has it. It lasts as long as the connection.

        Raises:
            CatalogError: the database refused.
        """
        return await self._ask("pg_try_advisory_lock", repository)

    async def let_go(self, repository: str) -> None:
        """Give the lock of a repository back.

        Raises:
            CatalogError: the database refused.
        """
        await self._ask("pg_advisory_unlock", repository)

    def greet(self) -> None:
        """Find the schema to work in, and say how long to wait for others."""
        (schema,) = self.database.execute_sql("SELECT current_schema()").fetchone()
        if schema is None:
            raise HomeError(f"{self.shown}: nothing in the search_path exists: expected a schema to work in")
        self._schema = schema
        self.database.execute_sql(f"SET lock_timeout = '{PATIENCE}s'")
        if self.reads_only:
            self.database.execute_sql("SET default_transaction_read_only = on")

    async def _ask(self, function: str, repository: str) -> bool:
        """Call a function on the lock of a repository: outside of transactions, which would wait for their turn."""

        def call() -> bool:
            with self._translating():
                self.connect()
                key = lock_key(self._schema, repository)
                return bool(self.database.execute_sql(f"SELECT {function}(%s)", (key,)).fetchone()[0])

        return await self.in_thread(call)

    def _attempt(self, work: Work[T]) -> T:
        with self._translating():
            self.connect()
            with self.database.atomic():
                connection = PostgresqlConnection(self.database.connection())
                if self._takes_turns:
                    connection.execute("SELECT pg_advisory_xact_lock(?)", (lock_key(self._schema),))
                return work(connection, self.database)

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except (psycopg.Error, PeeweeException) as error:
            if not self.database.is_connection_usable():
                self.database.close()  # so that the next to ask gets a new one
            first = _first(error)
            raise _translated(first, self.shown) from first


class _Database(PostgresqlDatabase):
    """Peewee's, where its words for SQLite need others."""

    field_types = {**PostgresqlDatabase.field_types, "CHAR": "VARCHAR"}  # CHAR pads, and compares by rules of its own

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        """Run a statement.

        Raises:
            PeeweeException: the database refused.
        """
        sql = sql.removesuffix(" WITHOUT ROWID")
        return super().execute_sql(sql, params)  # type: ignore[no-untyped-call]  # peewee does not type it


def _first(error: Exception) -> Exception:
    """What the driver said first: peewee wraps it, and may find that it cannot roll back, either."""
    while isinstance(error.__context__, psycopg.Error | PeeweeException):
        error = error.__context__
    return error


def _translated(error: Exception, shown: str) -> CatalogError:
    state = getattr(error, "sqlstate", None) or "08"
    lines = str(error).partition("\nCONTEXT:")[0]  # the line of a trigger helps nobody
    said = f"locked for {PATIENCE} seconds" if state == _LOCKED else " ".join(lines.split())
    translated = CatalogError(f"{shown}: {said}")
    translated.transient = state.startswith(_PASSING) and "FATAL" not in said
    if "password" in said:
        translated.hint = "PGPASSWORD or ~/.pgpass holds the password"
    return translated
