"""Take files out of the store that nothing names any more.

Floor 3, storage. A file is known again by its inode and the time that changed: whoever puts the same bytes meanwhile
puts another inode in its place (``place``), under the lock of its folder, so it cannot be taken for the one that was
looked at.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from rxsync.locks import alone_in

MOST = 100
"""Files that are removed under one lock: whoever puts a file into the folder may wait for it."""


class StoredBytes(NamedTuple):
    """A file of the store, as it was when somebody looked.

    Attributes:
        sha256: its name.
        inode: its number.
        changed: in nanoseconds since 1970, as the file system's clock has it: when it came, or was linked.
        size: in bytes.
        links: names that it has, in the store and elsewhere.
    """

    sha256: str
    inode: int
    changed: int
    size: int
    links: int

    @property
    def freed(self) -> int:
        """Bytes that are free when it is removed here: none where it has another name elsewhere."""
        return self.size if self.links == 1 else 0


def look(artifacts: Path, names: Iterable[str]) -> list[StoredBytes]:
    """Look at files; those that are not here, or no files, are left out.

    Raises:
        OSError: a folder cannot be read.
    """
    return [found for name in sorted(names) if (found := _look(artifacts, name)) is not None]


def remove(artifacts: Path, files: Sequence[StoredBytes]) -> list[StoredBytes]:
    """Remove those of the files that are still what they were; answers which.

    Raises:
        OSError: one cannot be removed.
    """
    gone: list[StoredBytes] = []
    for folder, inside in groupby(sorted(files), key=lambda file: file.sha256[:2]):
        rest = list(inside)
        while rest:
            some, rest = rest[:MOST], rest[MOST:]
            with suppress(FileNotFoundError), alone_in(artifacts / folder):
                gone += _remove(artifacts, some)
    return gone


def _remove(artifacts: Path, files: Iterable[StoredBytes]) -> Iterator[StoredBytes]:
    for file in files:
        if _look(artifacts, file.sha256) == file:
            _path(artifacts, file.sha256).unlink()
            yield file


def _look(artifacts: Path, name: str) -> StoredBytes | None:
    try:
        found = os.stat(_path(artifacts, name), follow_symlinks=False)  # noqa: PTH116 - as named in the docs of stat
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return StoredBytes(name, found.st_ino, found.st_ctime_ns, found.st_size, found.st_nlink)


def _path(artifacts: Path, name: str) -> Path:
    return artifacts / name[:2] / name[2:]
