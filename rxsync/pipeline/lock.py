"""One sync of a repository at a time, over all processes.

Floor 4, pipeline. The operating system gives the lock back when a process dies, however it dies.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from rxsync.errors import LockedError, StorageError


@contextmanager
def locked(folder: Path, name: str) -> Iterator[None]:
    """Hold the lock of a repository.

    Args:
        folder: where locks are; made if missing.
        name: of the repository.

    Raises:
        LockedError: somebody else holds it; answered at once.
        StorageError: the lock cannot be made.
    """
    lock = FileLock(folder / f"{name}.lock", timeout=0, thread_local=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise LockedError(name) from None
    except OSError as error:
        raise StorageError(f"{folder}: {error.strerror}") from error
    try:
        yield
    finally:
        lock.release()
