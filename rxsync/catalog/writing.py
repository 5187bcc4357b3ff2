"""What the line writes once a batch.

Floor 3, catalog. Keys are assigned here, inside the write transaction: writers take turns, so the next key is the
highest plus one. Rows are written table by table, by key in each, whoever brings them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rxsync.catalog.relating import Relating
from rxsync.catalog.rows import insert, with_rows
from rxsync.declare import StoredFile
from rxsync.models import DIGEST_SIZES
from rxsync.ports.catalog import RemoteFile

_POINT = """
    WITH pair (file, artifact) AS ({rows})
    UPDATE content_artifact SET artifact_id = pair.artifact FROM pair
    WHERE content_artifact.id = pair.file AND content_artifact.artifact_id IS NULL"""

_FILE = ("content_artifact_id", "remote_id", "position")
_OFFER = ("url", "size", "digests", "etag", "last_modified")
_REPLACE = f"""
    ON CONFLICT ({", ".join(_FILE)}) DO UPDATE SET {", ".join(f"{column} = excluded.{column}" for column in _OFFER)}"""


class Writing(Relating):
    """A transaction that writes. Implements ``rxsync.ports.catalog.WriteTransaction``."""

    def add_artifacts(self, files: Iterable[tuple[Mapping[str, str], int]]) -> Mapping[str, StoredFile]:
        """Name stored files by rows; known ones stay."""
        wanted: dict[str, tuple[dict[str, str], int]] = {}
        for digests, size in files:  # the same bytes may come with other digests beside
            wanted.setdefault(digests["sha256"], ({}, size))[0].update(digests)
        named = dict(self.find_artifacts("sha256", wanted))
        self._learn_digests(sorted((stored.artifact_id, sha256) for sha256, stored in named.items()), wanted)
        missing = sorted(wanted.keys() - named.keys())
        rows = []
        for key, sha256 in enumerate(missing, self.next_key("artifact")):
            digests, size = wanted[sha256]
            rows.append((key, size, *map(digests.get, DIGEST_SIZES)))
            named[sha256] = StoredFile(key, sha256, size)
        insert(self.connection, "artifact", ("id", "size", *DIGEST_SIZES), rows)
        return named

    def add_content_artifacts(self, files: Sequence[tuple[int, str, int | None]]) -> Sequence[int]:
        """Insert (content, path, artifact or None) each; answers their keys, in order."""
        first = self.next_key("content_artifact")
        rows = [(key, *cells) for key, cells in enumerate(files, first)]
        columns = ("id", "content_id", "relative_path", "artifact_id")
        insert(self.connection, "content_artifact", columns, rows)
        return range(first, first + len(rows))

    def point_content_artifacts(self, files: Iterable[tuple[int, int]]) -> None:
        """Say that the bytes of files are here now: (key of the file, artifact) each."""
        with_rows(self.connection, _POINT, sorted(files))

    def set_remote_files(self, remote: int, files: Sequence[RemoteFile], gone: Iterable[tuple[int, int]]) -> None:
        """Insert or replace what a remote offers, and forget (row, position) pairs that are gone."""
        rows = ((file.row, remote, *file[1:]) for file in sorted(files))
        insert(self.connection, "remote_artifact", (*_FILE, *_OFFER), rows, ending=_REPLACE)
        self.connection.executemany(
            "DELETE FROM remote_artifact WHERE content_artifact_id = ? AND position = ? AND remote_id = ?",
            [(row, position, remote) for row, position in sorted(gone)],
        )

    def stage(self, run: str, content: Iterable[tuple[int, str | None]]) -> set[int]:
        """Note (content, origin) as declared by a run; answers those that were not noted before."""
        rows = insert(
            self.connection,
            f"staged_{run}",
            ("content_id", "origin"),
            content,
            ending="ON CONFLICT DO NOTHING RETURNING content_id",
        )
        return {key for (key,) in rows}

    def _learn_digests(
        self, known: Iterable[tuple[int, str]], files: Mapping[str, tuple[Mapping[str, str], int]]
    ) -> None:
        for key, sha256 in known:
            for algorithm, digest in sorted(files[sha256][0].items()):
                if algorithm != "sha256":
                    sql = f"UPDATE artifact SET {algorithm} = ? WHERE id = ? AND {algorithm} IS NULL"
                    self.connection.execute(sql, (digest, key))
