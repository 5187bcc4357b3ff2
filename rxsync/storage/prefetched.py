"""Files that somebody else has fetched: a git clone, an archive that was unpacked.

Floor 3, storage. They are named by their digests here, and verified once more when they are copied into the store.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from pathlib import Path

from rxsync.declare.body import Body
from rxsync.errors import SourceError
from rxsync.storage.hashing import digests_of_file
from rxsync.threads import in_thread


async def prefetched(path: str | os.PathLike[str], algorithms: Collection[str] = (), *, ours: bool = False) -> Body:
    """Give the body of a file that is here already; it is read once, in a thread, to name it.

    It goes into the store as ``DeclarativeArtifact((), relative_path, body=body)``, and the downloader leaves it alone.
    Bytes that are stored already are not stored again, and the file stays where it is.

    Args:
        path: a regular file; a link is followed.
        algorithms: what to compute beside sha256, as ``hashlib`` spells it: whatever the source declares.
        ours: True if it may be moved into the store, which costs nothing on the same file system; it must not be
            changed from now on. False: it is copied, and an error if it has changed until then.

    Raises:
        SourceError: it cannot be read, or is no regular file.
        ValueError: ``hashlib`` knows no such algorithm.
    """
    return await in_thread(None, lambda: _body(Path(os.path.realpath(path)), algorithms, ours))


def _body(path: Path, algorithms: Collection[str], ours: bool) -> Body:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # asked first: to open a pipe is to wait for who writes into it
            raise SourceError(f"{path}: expected a regular file")
        with path.open("rb", buffering=0) as file:
            digests, size = digests_of_file(file, algorithms)
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from error
    return Body(size, digests, path=path, ours=ours)
