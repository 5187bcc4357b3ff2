"""Make what was written survive a power cut.

Floor 3, storage. One ``syncfs`` settles a whole batch for the price of one file's ``fsync``; where the system
has none, every file and every folder is settled by itself. A sync that failed is never tried again: the
kernel may have dropped the bytes, and the second call would lie.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable, Sequence

_system = ctypes.CDLL(None, use_errno=True)
_syncfs = getattr(_system, "syncfs", None)
_renameat2 = getattr(_system, "renameat2", None)

_HERE = -100  # AT_FDCWD
_ONLY_NEW = 1  # RENAME_NOREPLACE


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


def rename_new(source: str, target: str) -> bool:
    """Rename a file, unless there is one at ``target`` already; False if there is.

    Raises:
        OSError: the system could not.
    """
    if _renameat2 is not None:
        if _renameat2(_HERE, os.fsencode(source), _HERE, os.fsencode(target), _ONLY_NEW) == 0:
            return True
        number = ctypes.get_errno()
        if number == errno.EEXIST:
            return False
        if number not in (errno.EINVAL, errno.ENOSYS):  # which say that this file system, or kernel, cannot
            raise OSError(number, os.strerror(number), source, None, target)
    if os.path.exists(target):  # noqa: PTH110 - hot, a Path costs 3 us
        return False
    os.rename(source, target)  # noqa: PTH104 - hot, as above
    return True


def _opened(path: str, sync: Callable[[int], None]) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def _sync_file_system(descriptor: int) -> None:
    if _syncfs is not None and _syncfs(descriptor) != 0:
        raise OSError(ctypes.get_errno(), "syncfs")
