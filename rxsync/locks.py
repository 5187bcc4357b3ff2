"""A short lock on a folder, over all processes.

Floor 0. The lock is on the folder itself, so there is no lock file to leave behind; the system drops it when the
process ends, however it ends.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import lock_descriptor

FOLDER = os.O_RDONLY | os.O_DIRECTORY


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold the lock of ``folder``; waits for whoever holds it, so call it in a thread.

    Raises:
        OSError: there is no such folder, or it cannot be locked.
    """
    descriptor = os.open(folder, FOLDER)
    try:
        lock_descriptor(descriptor, poll_interval=0.005)
        yield
    finally:
        os.close(descriptor)
