"""Folders in ``tmp/`` that die with the process that made them.

Floor 3, storage. A folder's lock is on the folder itself, so there is no lock file to leave behind; the
system drops it when the process ends, however it ends. Whoever can take the lock of a folder may remove it.
A folder that is made and not yet locked looks dead for a moment: a short lock on ``tmp/`` covers it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from filelock import lock_descriptor

from rxsync.locks import FOLDER, alone_in


class LiveFolder:
    """A folder ``tmp/name`` with its lock held from ``make`` until ``remove``, which takes all that is in it.

    Args:
        tmp: the folder it stands in; made if missing.
        name: its name, unique among those that live.

    Raises:
        OSError: ``make``: it cannot be made, or one of this name lives. ``remove``: it cannot be removed.
    """

    path: Path

    def __init__(self, tmp: Path, name: str) -> None:
        self.path = tmp / name
        self._lock: int | None = None

    def make(self) -> None:
        """Make the folder and take its lock."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with alone_in(self.path.parent):
            self.path.mkdir()
            try:
                self._lock = _claim(self.path)
            except OSError:
                self.path.rmdir()
                raise

    def remove(self) -> None:
        """Remove the folder, then let go of its lock. Harmless if it was never made, or removed before."""
        if self._lock is None:
            return
        lock, self._lock = self._lock, None
        try:
            shutil.rmtree(self.path)
        finally:
            os.close(lock)

    def __enter__(self) -> Path:
        self.make()
        return self.path

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()


def sweep(tmp: Path, rescue: Callable[[Path], None] | None = None) -> None:
    """Remove every folder in ``tmp`` whose process is gone; leave those that live, and whatever is no folder.

    Args:
        tmp: where they are.
        rescue: takes out of a folder what is not to go with it.

    Raises:
        OSError: a dead folder cannot be removed.
    """
    with suppress(FileNotFoundError):
        for path in list(tmp.iterdir()):
            with alone_in(tmp):
                lock = _claim(path)
            if lock is not None:
                try:
                    if rescue is not None:
                        rescue(path)
                    shutil.rmtree(path)
                finally:
                    os.close(lock)


def lives(tmp: Path, name: str) -> bool:
    """Whether ``tmp/name`` is there, and its process at work. Whoever sweeps meanwhile may leave it for another time.

    Raises:
        OSError: ``tmp`` cannot be locked.
    """
    path = tmp / name
    if not path.exists():
        return False
    with alone_in(tmp):
        lock = _claim(path)
        if lock is None:
            return path.exists()
        os.close(lock)
    return False


def _claim(path: Path) -> int | None:
    """Take the lock of a folder; None if somebody has it, or there is no such folder."""
    try:
        lock = os.open(path, FOLDER)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if lock_descriptor(lock, blocking=False):
        return lock
    os.close(lock)
    return None
