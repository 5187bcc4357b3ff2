"""One sync of a repository at a time, over all processes.

Floor 4, pipeline. The operating system gives the lock back when a process dies, however it dies.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from rxsync.errors import LockedError, StorageError

MOMENT = 0.1
"""How long to try, in seconds: whoever only looks takes the lock, too, and gives it back at once."""


@contextmanager
def locked(folder: Path, name: str, patience: float = MOMENT) -> Iterator[None]:
    """Hold the lock of a repository.

    Args:
        folder: where locks are; made if missing.
        name: of the repository.
        patience: how long to try, in seconds.

    Raises:
        LockedError: somebody else holds it.
        StorageError: the lock cannot be made.
    """
    lock = FileLock(folder / f"{name}.lock", timeout=patience, thread_local=False, poll_interval=MOMENT / 20)
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


def is_locked(folder: Path, name: str) -> bool | None:
    """Whether somebody holds the lock of a repository; None where that cannot be told, as in a home of others.

    Makes no file. Where nobody holds the lock it is taken for a moment, which a run that begins sits out.
    """
    if not (folder / f"{name}.lock").exists():
        return False
    try:
        with locked(folder, name, patience=0):
            return False
    except LockedError:
        return True
    except StorageError:
        return None
