"""A real database for virtual time: SQLite in memory, where a transaction is a call.

Floor 6, testing. A catalog works in threads, which no virtual clock waits for; this is the same SQL without them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from peewee import SqliteDatabase
from reactivex import Observable

from rxsync.catalog import schema
from rxsync.catalog.versions import Versions
from rxsync.declare import DeclarativeContent
from rxsync.models import Content
from rxsync.plugins.file import FileContent
from rxsync.testing.builders import THERE
from rxsync.testing.clock import Marbles

T = TypeVar("T")


class Memory:
    """A database with one run under way.

    Args:
        types: content types it has tables for, beside ``FileContent``.

    Attributes:
        database: peewee's.
        tx: a transaction that is always open.
        run: the run's id, 32 hex digits.
        repository: key of the run's repository, ``files``.
        remote: key of its remote, ``http://there/``.

    Raises:
        DeclarationError: a type is impossible.
    """

    run: str = "0" * 32
    database: SqliteDatabase
    tx: Versions
    repository: int
    remote: int

    def __init__(self, types: Iterable[type[Content]] = ()) -> None:
        self.database = SqliteDatabase(":memory:", {"foreign_keys": 1})
        self.database.connect()
        schema.make_core(self.database, "memory")
        schema.make_types(self.database, [FileContent, *types])
        self.tx = Versions(self.database.connection(), self.database)
        self.repository, self.remote = self.tx.begin_run(self.run, "files", THERE)
        self.tx.begin_staging(self.run)

    def transact(self, work: Callable[[Versions], T]) -> T:
        """Run ``work`` now, whole or not at all: what catalog stages take.

        Raises:
            Exception: whatever ``work`` raises.
        """
        with self.database.atomic():
            return work(self.tx)

    def after(self, m: Marbles, diagram: str) -> Callable[[Callable[[Versions], T]], Observable[T]]:
        """Make what catalog stages take, too: it runs ``work`` at once, and its answer is the diagram's ``u``."""
        return lambda work: m.cold(diagram, u=self.transact(work))

    def rows(self, sql: str, *parameters: object) -> list[Any]:
        """Ask in SQL."""
        return list(self.database.execute_sql(sql, parameters).fetchall())

    def save(self, *units: DeclarativeContent, stored: bool = True) -> None:
        """Have units of files saved, as an earlier run would have left them. The units themselves stay as declared.

        Args:
            units: of ``FileContent``.
            stored: whether their bytes are in the store, too.
        """
        for unit in units:
            copy = FileContent(**unit.content.__data__)
            self.tx.add_content([copy])
            for artifact in unit.artifacts:
                known = self.tx.add_artifacts([({"sha256": copy.sha256}, 1)])[copy.sha256] if stored else None
                self.tx.add_content_artifacts([(copy.id, artifact.relative_path, known and known.artifact_id)])
