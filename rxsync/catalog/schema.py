"""The tables of a home.

Floor 3, catalog. Until the first release there is one schema and no migration: another number is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from peewee import Database, SchemaManager, SqliteDatabase

from rxsync.catalog.immutable import guard
from rxsync.errors import DeclarationError, HomeError
from rxsync.models import CORE, Keyed, row_type

SCHEMA = 1
"""Kept in SQLite's ``user_version``, in PostgreSQL's table ``rxsync_schema``; 0 is a database without tables."""


def make_core(database: Database, shown: str) -> None:
    """Make the tables every home has, in a new database; leave them where they are.

    Raises:
        HomeError: the database has another schema.
    """
    if check(database, shown) == 0:
        for model in CORE:
            SchemaManager(model, database).create_all()
        guard(database)
        if isinstance(database, SqliteDatabase):
            database.execute_sql(f"PRAGMA user_version = {SCHEMA}")
        else:
            database.execute_sql("CREATE TABLE rxsync_schema (number INTEGER NOT NULL)")
            database.execute_sql(f"INSERT INTO rxsync_schema VALUES ({SCHEMA})")


def check(database: Database, shown: str) -> int:
    """Answer the number of the schema: ``SCHEMA``, or 0 for an empty database.

    Raises:
        HomeError: it is another, or the tables are not ours.
    """
    tables = database.get_tables()  # first, and once: somebody may make them between two questions
    number = _number(database, tables)
    if number not in (0, SCHEMA):
        raise HomeError(f"{shown}: schema {number}, this rxsync knows {SCHEMA}")
    if number == 0 and tables:
        raise HomeError(f"{shown}: somebody else's database")
    return number


def no_home(shown: object) -> HomeError:
    """Make the error of who wants to read where nobody has synced yet."""
    error = HomeError(f"{shown} is no home yet")
    error.hint = "rxsync sync SOURCE --repository NAME makes one"
    return error


def _number(database: Database, tables: Collection[str]) -> int:
    sql = "PRAGMA user_version"
    if not isinstance(database, SqliteDatabase):
        if "rxsync_schema" not in tables:
            return 0
        sql = "SELECT number FROM rxsync_schema"
    (number,) = database.execute_sql(sql).fetchone() or (0,)
    return int(number)


def make_types(database: Database, models: Iterable[type[Keyed]]) -> None:
    """Make the tables of plugins' types, and of those they refer to, where they are missing.

    Each natural key is unique there, beside the identity, so that a mistake is loud.

    Raises:
        DeclarationError: a type's ``Meta`` is impossible, or two types would have one table.
    """
    taken = {model._meta.table_name: "a table of every home" for model in CORE}
    for model in _with_parents(models):
        kind = row_type(model)
        if kind.table in taken:
            raise DeclarationError(model.__name__, kind.name, f"a name whose table is not {taken[kind.table]}")
        taken[kind.table] = f"that of {kind.name}"
        SchemaManager(model, database).create_all()
        columns = ", ".join(f'"{column}"' for column in kind.key_columns)
        database.execute_sql(
            f'CREATE UNIQUE INDEX IF NOT EXISTS "{kind.table}_natural_key" ON "{kind.table}" ({columns})'
        )


def _with_parents(models: Iterable[type[Keyed]]) -> list[type[Keyed]]:
    found: dict[type[Keyed], None] = {}
    waiting = list(models)
    while waiting:
        model = waiting.pop()
        if model not in found:
            found[model] = None
            waiting += [model._meta.fields[name].rel_model for name in row_type(model).references]
    return sorted(found, key=lambda model: (row_type(model).rank, row_type(model).name))
