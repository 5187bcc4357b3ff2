"""A real database for virtual time, and units to go through it."""

import hashlib

import pytest
from peewee import SqliteDatabase

from rxsync.catalog import schema
from rxsync.catalog.versions import Versions
from rxsync.declare import Body, DeclarativeArtifact, DeclarativeContent
from rxsync.plugins.file import FileContent
from tests.flow.conftest import nothing_left  # noqa: F401 - a fixture, for the tests of this folder, too

RUN = "0" * 32


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def unit(path: str, data: bytes | None = None, *, more=(), origin=None, **artifact) -> DeclarativeContent:
    """A file that the source declares with its digest; ``more`` are further artifacts."""
    data = path.encode() if data is None else data
    artifact.setdefault("digests", {"sha256": sha256(data)})
    artifact.setdefault("urls", f"http://there/{path}")
    urls = artifact.pop("urls")
    file = DeclarativeArtifact(urls, path, size=len(data), **artifact)
    return DeclarativeContent(FileContent(relative_path=path, sha256=sha256(data)), (file, *more), origin=origin)


def body(data: bytes, **more) -> Body:
    """Bytes that have been fetched."""
    return Body(len(data), {"sha256": sha256(data)}, data, **more)


class Memory:
    """SQLite in memory, in this thread: a transaction is a call."""

    def __init__(self):
        self.database = SqliteDatabase(":memory:", {"foreign_keys": 1})
        self.database.connect()
        schema.make_core(self.database, "memory")
        schema.make_types(self.database, [FileContent])
        self.tx = Versions(self.database.connection(), self.database)
        self.repository, self.remote = self.tx.begin_run(RUN, "files", "http://there/")
        self.tx.begin_staging(RUN)

    def transact(self, work):
        """Run ``work`` now, whole or not at all."""
        with self.database.atomic():
            return work(self.tx)

    def after(self, m, diagram):
        """Run ``work`` in a transaction whose answer is the diagram's ``u``."""
        return lambda work: m.cold(diagram, u=self.transact(work))

    def rows(self, sql, *parameters):
        return self.database.execute_sql(sql, parameters).fetchall()

    def save(self, *units, stored=True):
        """Have units saved already, their bytes too if ``stored``. The units themselves stay as declared."""
        for unit in units:
            copy = FileContent(relative_path=unit.content.relative_path, sha256=unit.content.sha256)
            self.tx.add_content([copy])
            for artifact in unit.artifacts:
                known = self.tx.add_artifacts([({"sha256": copy.sha256}, 1)])[copy.sha256] if stored else None
                self.tx.add_content_artifacts([(copy.id, artifact.relative_path, known and known.artifact_id)])


@pytest.fixture
def memory():
    memory = Memory()
    yield memory
    memory.database.close()
