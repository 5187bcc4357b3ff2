"""The questions the line asks once a batch.

Floor 3, catalog. Constant SQL: what varies is bound, never written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from peewee import Database

from rxsync.catalog import declaring, marks
from rxsync.catalog.rows import Connection, select_in, texts
from rxsync.declare import SavedFile, StoredFile
from rxsync.errors import NotFoundError
from rxsync.models import DIGEST_SIZES
from rxsync.ports.catalog import Clash, Declared, RemoteFile, SavedContent

_CONTENT = """
    SELECT c.identity, c.id, f.id, f.relative_path, a.id, a.sha256, a.size
    FROM content c
    LEFT JOIN content_artifact f ON f.content_id = c.id
    LEFT JOIN artifact a ON a.id = f.artifact_id
    WHERE c.identity IN ({places})"""

_ARTIFACTS = {
    algorithm: f"""
    SELECT a.{algorithm}, a.id, a.sha256, a.size
    FROM json_each(?) wanted JOIN artifact a ON a.{algorithm} = wanted.value
    ORDER BY a.id DESC"""
    for algorithm in DIGEST_SIZES
}

_REMOTE_FILES = """
    SELECT content_artifact_id, position, url, size, digests, etag, last_modified
    FROM remote_artifact
    WHERE remote_id = ? AND content_artifact_id IN ({places})
    ORDER BY content_artifact_id, position"""


class Reading:
    """A transaction that reads. Implements ``rxsync.ports.catalog.ReadTransaction``.

    Args:
        connection: inside a transaction.
        database: peewee's.
        relies: whether somebody relies on what is found: then it must not bear a mark.
    """

    connection: Connection
    database: Database

    def __init__(self, connection: Connection, database: Database, *, relies: bool = False) -> None:
        self.connection, self.database = connection, database
        self._relies = relies
        self._marks: bool | None = None

    def find_content(self, identities: Sequence[bytes]) -> Mapping[bytes, SavedContent]:
        """Answer which of the identities are saved, with their files."""
        found: dict[bytes, SavedContent] = {}
        for identity, key, row, path, artifact, sha256, size in select_in(self.connection, _CONTENT, identities):
            content = found.get(identity)
            if content is None:
                content = found[identity] = SavedContent(key, {})
            if row is not None:
                stored = None if artifact is None else StoredFile(artifact, sha256, size)
                content.files[path] = SavedFile(row, stored)
        self.rely(marks.CONTENT, [content.id for content in found.values()])
        return found

    def find_artifacts(self, algorithm: str, digests: Collection[str]) -> Mapping[str, StoredFile]:
        """Answer which bytes are stored, by one kind of digest; of several, the one stored first."""
        if not digests:
            return {}
        rows = self.connection.execute(_ARTIFACTS[algorithm], (texts(self.connection, digests),))
        found = {digest: StoredFile(*stored) for digest, *stored in rows}
        self.rely(marks.ARTIFACT, [stored.artifact_id for stored in found.values()])
        return found

    def rely(self, kind: str, keys: Collection[int]) -> None:
        """Note that somebody relies on rows from now on; what bears a mark could go while nothing refers to it.

        Raises:
            MarkedError: some of them bear marks, which cannot be taken away here.
        """
        if self._relies and (marked := self.marked(kind, keys)):
            raise marks.MarkedError(kind, marked)

    def marked(self, kind: str, keys: Collection[int]) -> list[int]:
        """Those of the rows that bear a mark. Where nothing does, that is found out once a transaction."""
        if not keys:
            return []
        if self._marks is None:
            self._marks = marks.exist(self.connection)
        return marks.among(self.connection, kind, keys) if self._marks else []

    def repository_key(self, name: str) -> int:
        """The key of a repository.

        Raises:
            NotFoundError: there is none of that name.
        """
        row = self.connection.execute("SELECT id FROM repository WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise NotFoundError(f"no repository {name!r} here")
        key: int = row[0]
        return key

    def declare(self, run: str, files: Sequence[Declared]) -> Clash | None:
        """Note files as declared by a run; answers two of all it has noted that cannot stand together."""
        return declaring.declare(self.connection, run, files)

    def end_declaring(self, run: str) -> None:
        """Forget what a run declared."""
        self.connection.execute(f'DROP TABLE IF EXISTS "declared_{run}"')

    def find_remote_files(self, remote: int, rows: Sequence[int]) -> Mapping[int, Sequence[RemoteFile]]:
        """Answer what a remote was known to offer for the given files, in order."""
        found: dict[int, list[RemoteFile]] = {}
        for cells in select_in(self.connection, _REMOTE_FILES, rows, (remote,)):
            found.setdefault(cells[0], []).append(RemoteFile(*cells))
        return found
