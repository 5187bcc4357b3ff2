"""Keep artifacts as files under their sha256 in a home folder.

Floor 3, storage. In the home: ``artifacts/ab/cdef…`` (the first 2 and the other 62 hex digits, read-only), ``tmp/``,
where runs and batches keep what is not yet in its place, or not whole, and ``partial/``. Nothing is made before a run
asks for its scratch, and several processes may share one home.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Collection, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, closing
from functools import partial
from io import FileIO
from itertools import islice
from pathlib import Path
from time import perf_counter

from aiofiles.threadpool import wrap

from rxsync.declare.body import Body
from rxsync.errors import StorageError
from rxsync.storage.folders import LiveFolder, lives, sweep
from rxsync.storage.hashing import PIECE
from rxsync.storage.partial import Partial
from rxsync.storage.place import place
from rxsync.storage.removing import StoredBytes, look, remove
from rxsync.storage.scratch import LocalScratch
from rxsync.storage.trouble import storage_errors
from rxsync.threads import in_thread, to_the_end

STEPS = 100
"""Steps of a batch that one trip to a thread takes: files, or MiB of a file that is copied."""

NAMES = 1000
"""Names that one trip to a thread reads."""

SLICE = 20
"""Small files that the loop writes before it looks after others."""

SLOW = 0.05
"""Seconds for a slice after which the rest of a batch is a thread's: the longest that the loop is away, and a file."""

THREADS = 4

_SHA256 = re.compile("[0-9a-f]{64}")


class LocalStorage:
    """A content-addressed store in the folder ``root``; see the port ``rxsync.ports.storage.Storage``.

    Args:
        root: the home; it need not exist yet.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._tmp = root / "tmp"
        # its own threads, so that a slow disk does not hold up name look-ups, which use the loop's
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="rxsync-storage")

    @asynccontextmanager
    async def scratch(self, run: str) -> AsyncIterator[LocalScratch]:
        """Open a run's scratch in ``tmp/run``; sweep those of processes that are gone.

        Args:
            run: its name, unique among the runs that live.

        Raises:
            StorageError: it cannot be made or removed, a run of this name lives, or a dead one resists.
        """
        folder, partials = LiveFolder(self._tmp, run), Partial(self.root / "partial")
        try:
            with storage_errors("make", self.root, folder.path):
                await in_thread(self._threads, partial(sweep, self._tmp, partials.rescue))
                await in_thread(self._threads, partials.look)
                await in_thread(self._threads, folder.make)
            yield LocalScratch(self.root, folder.path, self._threads, partials)
        finally:
            with storage_errors("remove", self.root, folder.path):
                await in_thread(self._threads, folder.remove)

    async def put(self, bodies: Sequence[Body]) -> None:
        """Keep the bodies, durably; see the port.

        The body of a file that was moved says where it is now, so a batch that failed may be put again.

        Raises:
            StorageError: there is no room or no permission, or a file to be copied has changed meanwhile.
        """
        if not bodies:
            return
        steps = place(self.root, bodies)
        try:
            if all(body.data is not None for body in bodies):
                await in_thread(self._threads, partial(_advance, steps, 1))  # which may wait for a lock
                await _advance_here(steps, len({body.sha256 for body in bodies}) - 1)
            while await in_thread(self._threads, partial(_advance, steps)):
                pass
        except BaseException:
            await in_thread(self._threads, steps.close)
            raise

    def path(self, sha256: str) -> Path:
        """Where bytes of that name are, or would be.

        Raises:
            StorageError: it is no sha256 in lower-case hex.
        """
        if not _SHA256.fullmatch(sha256):
            raise StorageError(f"{sha256!r} is no sha256: expected 64 lower-case hex digits")
        return self.root / "artifacts" / sha256[:2] / sha256[2:]

    async def has(self, sha256: str) -> bool:
        """Whether bytes of that name are here.

        Raises:
            StorageError: it is no sha256 in lower-case hex.
        """
        return await in_thread(self._threads, self.path(sha256).is_file)

    async def read(self, sha256: str, piece: int = PIECE) -> AsyncIterator[bytes]:
        """Stream the bytes in pieces of at most ``piece`` bytes.

        Raises:
            StorageError: they are not here or cannot be read.
        """
        path = self.path(sha256)
        with storage_errors("read", self.root, path), ExitStack() as stack:

            def open_it() -> FileIO:
                # entered in the thread: a cancelled caller gets no result, and would leave the file open
                return stack.enter_context(path.open("rb", buffering=0))

            file = wrap(await in_thread(self._threads, open_it), executor=self._threads)
            while part := await to_the_end(file.read(piece)):
                yield part

    async def names(self) -> AsyncIterator[str]:
        """Stream the sha256 of all that is stored, in no order, a thousand at a time in memory.

        Raises:
            StorageError: a folder cannot be read.
        """
        with storage_errors("read", self.root, "artifacts"), closing(_walk(self.root / "artifacts")) as found:
            while names := await in_thread(self._threads, lambda: list(islice(found, NAMES))):
                for name in names:
                    yield name

    async def living(self, runs: Sequence[str]) -> set[str]:
        """Those of the runs whose scratch is open.

        Raises:
            StorageError: ``tmp`` cannot be locked.
        """
        with storage_errors("lock", self.root, self._tmp):
            return await in_thread(self._threads, lambda: {run for run in runs if lives(self._tmp, run)})

    async def look(self, names: Collection[str]) -> list[StoredBytes]:
        """Look at files of the store, to ``remove`` them later; those that are not here are left out.

        Raises:
            StorageError: a folder cannot be read.
        """
        artifacts = self.root / "artifacts"
        with storage_errors("read", self.root, artifacts):
            return await in_thread(self._threads, partial(look, artifacts, names))

    async def forget_partial(self, before: float, *, dry_run: bool = False) -> tuple[int, int]:
        """Drop the beginnings of files that no run has gone on with; answers how many, and their bytes.

        Args:
            before: what was last written earlier than this goes, in seconds since 1970.
            dry_run: only count.

        Raises:
            StorageError: one cannot be removed.
        """
        folder = self.root / "partial"
        with storage_errors("remove", self.root, folder):
            return await in_thread(self._threads, lambda: Partial(folder).forget(before, dry_run=dry_run))

    async def remove(self, files: Sequence[StoredBytes]) -> list[StoredBytes]:
        """Remove those of the files that are still what they were; answers which. A file that was put since stays.

        Raises:
            StorageError: one cannot be removed.
        """
        artifacts = self.root / "artifacts"
        with storage_errors("remove", self.root, artifacts):
            return await in_thread(self._threads, partial(remove, artifacts, files))


def _advance(steps: Iterator[None], most: int | None = None) -> bool:
    """Take the next steps; False if they were the last."""
    most = most or STEPS
    return sum(1 for _ in islice(steps, most)) == most


async def _advance_here(steps: Iterator[None], most: int) -> None:
    """Take steps on the loop, which is cheaper, for as long as the disk answers at once; never the last."""
    for done in range(most):
        if done % SLICE == 0:
            await asyncio.sleep(0)
            began = perf_counter()
        next(steps)
        if perf_counter() - began > SLOW:
            return


def _walk(artifacts: Path) -> Generator[str, None, None]:
    folders = [folder for folder in artifacts.iterdir() if folder.is_dir()] if artifacts.exists() else []
    for folder in folders:
        with os.scandir(folder) as files:
            for file in files:
                if _SHA256.fullmatch(name := folder.name + file.name):
                    yield name
