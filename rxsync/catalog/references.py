"""Who refers to whom: read off the database, since a plugin whose rows are here need not be installed.

Floor 3, catalog. What may go is worked out in a temporary table of (kind, key): a set is put in, and whatever something
outside of the set refers to is taken out, until nothing more is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter

from peewee import Database

from rxsync.catalog.marks import ARTIFACT, CONTENT
from rxsync.catalog.rows import Connection, take_stock
from rxsync.models import CORE


@dataclass(frozen=True)
class Reference:
    """A foreign key.

    Attributes:
        table: whose.
        column: its column.
        target: kind of what it refers to.
        to: the table that is.
        source: kind of the rows that refer; None where they are always kept.
        key: the column with their key.
    """

    table: str
    column: str
    target: str
    to: str
    source: str | None = None
    key: str = "id"

    def keeps(self, key: str, inside: str) -> str:
        """The condition that the row ``key`` is referred to by one that is not in ``inside``."""
        own = f'r."{self.key}"'
        outside = f" AND {_not_in(inside, self.source, own)}" if self.source else ""
        return f'EXISTS (SELECT 1 FROM "{self.table}" r WHERE r."{self.column}" = {key}{outside})'


MEMBERSHIP = Reference("repository_content", "content_id", CONTENT, "content")
FILE = Reference("content_artifact", "artifact_id", ARTIFACT, "artifact", CONTENT, "content_id")


@dataclass(frozen=True)
class References:
    """All foreign keys between content, artifacts, and rows of plugins.

    Attributes:
        all: them, but for the membership in versions.
        related: kind to table, of rows that are no content and may go with it.
        order: tables of plugins, each before those it refers to.
        content: those of them that are tables of content types.
    """

    all: tuple[Reference, ...]
    related: dict[str, str]
    order: tuple[str, ...]
    content: frozenset[str]

    def kind(self, table: str) -> str:
        """The kind of the rows of a table of a plugin."""
        return CONTENT if table in self.content else next(kind for kind, name in self.related.items() if name == table)

    def to(self, target: str) -> list[Reference]:
        """Those to rows of a kind."""
        return [one for one in self.all if one.target == target]

    def close(self, connection: Connection, inside: str) -> None:
        """Make of the rows in ``inside`` those that may go together.

        A related row goes with the content it refers to, unless it refers to content that stays; then that stays, too.

        Args:
            connection: inside a transaction.
            inside: a table of (kind, key).
        """
        while sum(connection.execute(sql).rowcount for sql in self._coming(inside)):
            pass
        take_stock(connection, inside)
        while sum(connection.execute(sql).rowcount for sql in self._leaving(inside)):
            pass

    def _coming(self, inside: str) -> Iterator[str]:
        for one in self.all:
            if one.source in self.related:
                yield (
                    f"INSERT INTO {inside} SELECT DISTINCT '{one.source}', r.id"
                    f' FROM {inside} i JOIN "{one.table}" r ON r."{one.column}" = i.key'
                    f" WHERE i.kind = '{one.target}' AND {_not_in(inside, one.source, 'r.id')}"
                )

    def _leaving(self, inside: str) -> Iterator[str]:
        for one in self.all:
            yield f"DELETE FROM {inside} WHERE kind = '{one.target}' AND {one.keeps(f'{inside}.key', inside)}"
        for kind, table in self.related.items():
            own = f"DELETE FROM {inside} WHERE kind = '{kind}' AND {{}}EXISTS (SELECT 1 FROM \"{table}\" r"
            own += f" WHERE r.id = {inside}.key AND ({{}}))"
            mine = [one for one in self.all if one.table == table]
            if not mine:
                continue
            stays = [_stays(one, inside) for one in mine if one.target == CONTENT]
            if stays:
                yield own.format("", " OR ".join(stays))
            yield own.format("NOT ", " OR ".join(f"NOT {_not_in(inside, one.target, _cell(one))}" for one in mine))


def read_references(connection: Connection, database: Database) -> References:
    """Read them off the database."""
    core = {str(model._meta.table_name) for model in CORE}
    types = {kind.replace(".", "_") for (kind,) in connection.execute("SELECT DISTINCT type FROM content")}
    tables = [table for table in database.get_tables() if table not in core]
    kinds = {"content": CONTENT, "artifact": ARTIFACT} | {table: CONTENT for table in tables if table in types}
    related = {}
    for number, table in enumerate(table for table in tables if table not in types):
        if {"id", "identity"} <= {column.name for column in database.get_columns(table)}:
            kinds[table] = f"related{number}"
            related[f"related{number}"] = table
    found = [
        Reference(table, key.column, kinds[key.dest_table], key.dest_table, kinds.get(table))
        for table in tables
        for key in database.get_foreign_keys(table)
        if key.dest_table in kinds
    ]
    mine = {table for table in tables if table in kinds}
    order: dict[str, set[str]] = {table: set() for table in mine}
    for one in found:
        if one.to in mine and one.table in mine and one.to != one.table:
            order[one.to].add(one.table)
    return References((*found, FILE), related, tuple(TopologicalSorter(order).static_order()), frozenset(types & mine))


def make_set(connection: Connection, name: str) -> None:
    """Make a temporary table of (kind, key), empty, where one of this name may be."""
    connection.execute(f"DROP TABLE IF EXISTS {name}")
    connection.execute(f"CREATE TEMP TABLE {name} (kind TEXT, key INTEGER, PRIMARY KEY (kind, key)) WITHOUT ROWID")


def _not_in(inside: str, kind: str, key: str) -> str:
    return f"NOT EXISTS (SELECT 1 FROM {inside} s WHERE s.kind = '{kind}' AND s.key = {key})"


def _cell(one: Reference) -> str:
    return f'r."{one.column}"'


def _stays(one: Reference, inside: str) -> str:
    return f"{_cell(one)} IS NOT NULL AND {_not_in(inside, one.target, _cell(one))}"
