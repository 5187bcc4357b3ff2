"""Make what was written survive a power cut.

Floor 3, storage. One ``syncfs`` settles a whole batch for the price of one file's ``fsync``; where the system
has none, every file and every folder is settled by itself. A sync that failed is never tried again: the
kernel may have dropped the bytes, and the second call would lie.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Sequence

_syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)


def settles_batches() -> bool:
    """Whether ``settle`` covers the bytes of files too; if not, each needs ``fsync`` before its rename."""
    return _syncfs is not None


def settle(folders: Sequence[str]) -> None:
    """Make what was renamed into these folders, all of one file system, durable.

    Raises:
        OSError: the system could not; none of the files may be counted on.
    """
    if settles_batches():
        _opened(folders[0], _sync_file_system)
    else:
        for folder in folders:
            fsync(folder)


def fsync(path: str) -> None:
    """Make one file or folder durable.

    Raises:
        OSError: the system could not.
    """
    _opened(path, os.fsync)


def _opened(path: str, sync: Callable[[int], None]) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def _sync_file_system(descriptor: int) -> None:
    if _syncfs is not None and _syncfs(descriptor) != 0:
        raise OSError(ctypes.get_errno(), "syncfs")
