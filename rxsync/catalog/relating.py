"""Rows of plugins, table by table: content, and what comes with it.

Floor 3, catalog. Tables are written in the order of their rank, so that what a row refers to is there before it; in
each table by identity. Everything is computed anew at each attempt of a transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import chain, count
from operator import attrgetter
from typing import Any, cast

from peewee import BaseQuery

from rxsync.catalog import marks
from rxsync.catalog.reading import Reading
from rxsync.catalog.rows import Cell, Row, insert, select_in
from rxsync.errors import DeclarationError
from rxsync.models import Content, Keyed, Related, RowType, content_type, row_type

_STORED = 'SELECT identity, id, {columns} FROM "{table}" WHERE identity IN ({{places}})'

ByType = dict[RowType, dict[bytes, list[Any]]]
"""Rows by table and identity; several where the same row came as several objects."""


class Relating(Reading):
    """A transaction that writes rows of plugins."""

    def rely(self, kind: str, keys: Collection[int]) -> None:
        """Note that somebody relies on rows from now on: take their marks away."""
        if marked := self.marked(kind, keys):
            marks.drop(self.connection, kind, marked)

    def add_content(self, contents: Sequence[Content], related: Iterable[Related] = ()) -> None:
        """Insert content that is not there yet, and insert or update related rows; fill in each ``id``.

        Rows that others refer to by foreign keys are written, too, where they are related, and looked up where they
        are content.

        Raises:
            DeclarationError: a row refers to content that is not saved; names both.
        """
        tables = _by_type([*contents, *related])
        self._add_content_rows([same for kind in tables for same in tables[kind].values()])
        self._resolve_content(tables)
        for kind in sorted(tables, key=attrgetter("rank", "name")):
            rows = tables[kind]
            if isinstance(next(iter(rows.values()))[0], Content):
                cells = (_cells(kind, rows[identity][-1]) for identity in sorted(rows))
                insert(self.connection, kind.table, ("id", *kind.columns), cells)
            else:
                self._upsert(kind, rows)

    def execute(self, query: BaseQuery) -> Any:
        """Run a query of the caller's own on the database of this transaction; peewee says what it answers."""
        return query.execute(self.database)

    def next_key(self, table: str) -> int:
        """One more than the highest key of ``table``."""
        sql = f'SELECT coalesce(max(id), 0) + 1 FROM "{table}"'
        key: int = self.connection.execute(sql).fetchone()[0]
        return key

    def _add_content_rows(self, groups: Iterable[Sequence[Keyed]]) -> None:
        contents = [cast(Sequence[Content], same) for same in groups if isinstance(same[0], Content)]
        contents.sort(key=lambda same: same[0].identity)
        rows: list[Sequence[Cell]] = []
        for key, same in enumerate(contents, self.next_key("content") if contents else 0):
            for content in same:
                content.id = key
            rows.append((key, same[0].identity, content_type(type(same[0])).name, same[0].place))
        insert(self.connection, "content", ("id", "identity", "type", "repository_key"), rows)

    def _resolve_content(self, tables: ByType) -> None:
        """Give content that is only referred to the number of the one that is saved."""
        here = {identity: same[0].id for rows in tables.values() for identity, same in rows.items()}
        elsewhere: dict[bytes, list[tuple[Content, Keyed]]] = {}
        for parent, row in _content_parents(tables):
            if parent.identity in here:
                parent.id = here[parent.identity]
            else:  # looked up though it has a number: that may be of another home, or of a batch that was undone
                elsewhere.setdefault(parent.identity, []).append((parent, row))
        saved = self.find_content(list(elsewhere)) if elsewhere else {}
        for identity, references in elsewhere.items():
            for parent, row in references:
                if identity not in saved:
                    expected = f"the {type(parent).__name__} that it refers to saved: declare that first, needs=[…]"
                    raise DeclarationError(type(row).__name__, row.identity.hex(), expected)
                parent.id = saved[identity].id

    def _upsert(self, kind: RowType, rows: dict[bytes, list[Related]]) -> None:
        columns = ", ".join(f'"{column}"' for column in kind.columns)
        sql = _STORED.format(columns=columns, table=kind.table)
        stored = {identity: (key, cells) for identity, key, *cells in select_in(self.connection, sql, sorted(rows))}
        fresh = [identity for identity in rows if identity not in stored]
        keys = {identity: key for identity, (key, _) in stored.items()}
        keys |= dict(zip(fresh, count(self.next_key(kind.table)), strict=False))
        for identity, same in rows.items():  # all of them before any cell is read: a row may refer to its own table
            for row in same:
                row.id = keys[identity]
        for identity in sorted(stored):
            self._update(kind, keys[identity], _merged(kind, rows[identity]), stored[identity][1])
        cells = ((keys[identity], identity, *_merged(kind, rows[identity])) for identity in fresh)
        insert(self.connection, kind.table, ("id", "identity", *kind.columns), cells)

    def _update(self, kind: RowType, key: int, said: Sequence[Cell], there: Sequence[Cell]) -> None:
        changed = {
            column: new
            for column, new, old in zip(kind.columns, said, there, strict=True)
            if new is not None and new != old
        }
        if changed:
            sets = ", ".join(f'"{column}" = ?' for column in changed)
            self.connection.execute(f'UPDATE "{kind.table}" SET {sets} WHERE id = ?', (*changed.values(), key))


def _by_type(rows: Iterable[Keyed]) -> ByType:
    """Sort rows by table and identity, each after the related ones that it refers to, else as they were declared."""
    tables: ByType = {}
    seen: set[int] = set()
    waiting = list(rows)[::-1]
    while waiting:
        row = waiting.pop()
        if id(row) in seen:
            continue
        unseen = [parent for parent in row.parents() if isinstance(parent, Related) and id(parent) not in seen]
        if unseen:
            waiting += [row, *unseen]
        else:
            seen.add(id(row))
            tables.setdefault(row_type(type(row)), {}).setdefault(row.identity, []).append(row)
    return tables


def _content_parents(tables: ByType) -> Iterable[tuple[Content, Keyed]]:
    for rows in tables.values():
        for row in chain.from_iterable(rows.values()):
            yield from ((parent, row) for parent in row.parents() if isinstance(parent, Content))


def _cells(kind: RowType, row: Keyed) -> Row:
    return (cast(Any, row).id, *[read(row) for read in kind.cells])


def _merged(kind: RowType, same: Sequence[Related]) -> list[Cell]:
    """What is said of one row by all who speak of it: the last word counts, and None says nothing."""
    cells: list[Cell] = [None] * len(kind.cells)
    for row in same:
        cells = [old if (new := read(row)) is None else new for read, old in zip(kind.cells, cells, strict=True)]
    return cells
