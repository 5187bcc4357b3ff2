"""Say what the system refused, in one line.

Floor 3, storage. ``cannot write artifacts/ab/cd…: no space left on device``: what, where below the home, why.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rxsync.errors import StorageError
from rxsync.wording import MAKE_ROOM

HINTS = {
    errno.ENOSPC: MAKE_ROOM,
    errno.EDQUOT: "raise the quota or make room, then run again",
    errno.EMFILE: "raise the limit of open files (ulimit -n), then run again",
    errno.EACCES: "give the user rxsync runs as the right to it",
    errno.EPERM: "give the user rxsync runs as the right to it",
    errno.EROFS: "mount the home's file system for writing",
    errno.EXDEV: "keep tmp/ and artifacts/ of the home on one file system",
}


def storage_error(error: OSError, doing: str, root: Path, path: str | Path) -> StorageError:
    """Tell of an OSError as a StorageError.

    Args:
        error: what the system said.
        doing: the verb that failed, as in "cannot write".
        root: the home; paths in it are told relative to it.
        path: what it was done to, where the system does not say.
    """
    where = Path(os.fsdecode(error.filename2 or error.filename or path))
    if where.is_relative_to(root) and where != root:
        where = where.relative_to(root)
    reason = os.strerror(error.errno).lower() if error.errno else str(error)
    told = StorageError(f"cannot {doing} {where}: {reason}")
    told.hint = HINTS.get(error.errno or 0)
    return told


@contextmanager
def storage_errors(doing: str, root: Path, path: str | Path) -> Iterator[None]:
    """Tell of every OSError of the block; the arguments are those of ``storage_error``.

    Raises:
        StorageError: the block raised an OSError.
    """
    try:
        yield
    except OSError as error:
        raise storage_error(error, doing, root, path) from error
