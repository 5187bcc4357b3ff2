"""Whether two homes hold the same: a floor that does less than the product is no floor.

Bench. Rows are compared without their keys, which depend on the order in which files came.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

TABLES = {
    "artifact": "SELECT sha256, size, sha512, sha384, sha224, sha1, md5 FROM artifact",
    "content": "SELECT identity, type, repository_key FROM content",
    "file_file": "SELECT identity, relative_path, sha256 FROM file_file JOIN content USING (id)",
    "content_artifact": """
        SELECT identity, relative_path, sha256 FROM content_artifact
        JOIN content ON content.id = content_id JOIN artifact ON artifact.id = artifact_id""",
    "remote_artifact": """
        SELECT relative_path, position, url, size, digests, etag, last_modified FROM remote_artifact
        JOIN content_artifact ON content_artifact.id = content_artifact_id""",
    "repository_content": """
        SELECT identity, version_added, version_removed FROM repository_content
        JOIN content ON content.id = content_id""",
    "repository_version": "SELECT number, present, added, removed FROM repository_version",
}


def check_same(one: Path, other: Path) -> None:
    """Compare two homes, row by row and file by file.

    Raises:
        AssertionError: they differ; names the table, or the folder.
    """
    with closing(_opened(one)) as first, closing(_opened(other)) as second:
        for table, question in TABLES.items():
            if set(first.execute(question)) != set(second.execute(question)):
                raise AssertionError(f"{one} and {other} differ in {table}")
    if _files(one) != _files(other):
        raise AssertionError(f"{one} and {other} differ in their files")


def _opened(home: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{(home / 'rxsync.db').as_uri()}?mode=ro", uri=True)


def _files(home: Path) -> dict[str, tuple[int, int]]:
    found = home.glob("artifacts/??/*")
    return {f"{path.parent.name}{path.name}": (path.stat().st_size, path.stat().st_mode) for path in found}
