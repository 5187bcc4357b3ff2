"""Take the bytes of one run as they arrive, small files in memory and others on disk.

Floor 3, storage. Nobody need know a size beforehand: pieces are gathered, and a sink that has gathered
enough, or finds the run's memory full, writes them out and is a file from then on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path
from weakref import ref

from aiofiles.threadpool import wrap

from rxsync.declare.body import Body, Claim
from rxsync.ports.storage import MEMORY, SMALL, Beginning
from rxsync.storage.hashing import HashingFile, digests_of
from rxsync.storage.partial import Partial, write_note
from rxsync.storage.trouble import storage_errors
from rxsync.threads import in_thread, to_the_end

PIECE = 1 << 20
"""Bytes that a file gathers before it troubles a thread."""


class LocalScratch:
    """A run's scratch in ``folder``, with the memory its bodies share: what is above ``MEMORY`` goes to disk.

    Made by ``LocalStorage.scratch``; see the port ``rxsync.ports.storage.Scratch``.
    """

    root: Path
    folder: Path
    threads: Executor
    partials: Partial

    def __init__(self, root: Path, folder: Path, threads: Executor, partials: Partial) -> None:
        self.root, self.folder, self.threads, self.partials = root, folder, threads, partials
        self._in_memory = 0
        self._fallen: deque[int] = deque()  # bytes of bodies that nobody has any more: told by any thread
        self._numbers = count()
        self._bodies: dict[int, ref[Body]] = {}  # by id

    @property
    def in_memory(self) -> int:
        """Bytes of the run in memory now, bodies and gathered pieces together."""
        return self.hold(0)

    def hold(self, size: int) -> int:
        """Count ``size`` bytes more (or, negative, fewer) in memory; answers how many there are now."""
        while self._fallen:
            size -= self._fallen.popleft()
        self._in_memory += size
        return self._in_memory

    def receive(
        self, algorithms: Collection[str] = (), size: int | None = None, claim: Claim | None = None
    ) -> LocalSink:
        """Give a place for one file; see the port. ``size`` says no more here than how far a claim grows at once."""
        return LocalSink(self, algorithms, size or 0, claim)

    def release(self, bodies: Sequence[Body]) -> None:
        """Give back memory and files of bodies that came from here; others and released ones are left alone.

        Raises:
            StorageError: a file cannot be removed.
        """
        for body in bodies:
            body.let_go()
            if self._bodies.pop(id(body), None) is None:
                continue
            if body.data is not None:
                self.hold(-body.size)
                body.data = None
            elif body.path is not None and body.ours:
                with storage_errors("remove", self.root, body.path):
                    body.path.unlink(missing_ok=True)

    def beginning(self, name: str) -> Beginning | None:
        """What waits to be gone on with, by the name that was noted; None for nothing."""
        return self.partials.beginning(name)

    async def resume(self, name: str, algorithms: Collection[str] = (), claim: Claim | None = None) -> LocalSink | None:
        """Go on with what waits; see the port.

        Raises:
            StorageError: it cannot be read.
            NoRoomError: the claim does not grow.
        """
        sink = LocalSink(self, algorithms, 0, claim)
        try:
            with storage_errors("read", self.root, self.folder):
                if not await in_thread(self.threads, partial(sink.go_on, name)):
                    return None
            if claim is not None and claim.room < sink.size:
                claim.grow(sink.size, 0)
        except BaseException:  # no room, perhaps, or a cancellation: it waits again
            await sink.suspend()
            raise
        return sink

    def keep(self, body: Body) -> Body:
        """Have a body's bytes go when it is released, or with whoever has it."""
        key, size, path = id(body), body.size, body.path
        self._bodies[key] = ref(body, lambda _: self._fall(key, size, path))
        return body

    def _fall(self, key: int, size: int, path: Path | None) -> None:
        if self._bodies.pop(key, None) is None:
            return
        if path is None:
            self._fallen.append(size)
        else:
            with suppress(OSError):  # moved into the store, perhaps; what stays goes with the scratch
                path.unlink()

    def new_path(self) -> str:
        """Name a file that is not there yet."""
        return f"{self.folder}/{next(self._numbers)}"


class LocalSink:
    """Gathers pieces; see the port ``rxsync.ports.storage.Sink``.

    Attributes:
        size: bytes taken so far.
    """

    size: int

    def __init__(self, scratch: LocalScratch, algorithms: Collection[str], expected: int, claim: Claim | None) -> None:
        self.size = 0
        self._scratch, self._algorithms = scratch, algorithms
        self._expected, self._claim = expected, claim
        self._pieces: list[bytes] = []
        self._gathered = 0
        self._file: HashingFile | None = None
        self._note: tuple[str, Beginning] | None = None
        self._ended = False

    async def write(self, piece: bytes) -> None:
        """Take the next bytes.

        Raises:
            StorageError: there is no room or no permission.
            NoRoomError: the claim does not grow.
        """
        length = len(piece)
        if self._claim is not None and self._claim.room < self.size + length:
            self._claim.grow(self.size + length, self._expected)
        self._pieces.append(piece)
        self.size += length
        self._gathered += length
        if self._scratch.hold(length) > MEMORY or self._gathered >= PIECE:
            await self._write_out()

    async def close(self) -> Body:
        """Hand over what came: in memory if it is small and was never written out, else as a file.

        Raises:
            StorageError: there is no room or no permission.
        """
        if self._file is None and self.size <= SMALL:
            data = b"".join(self._pieces)
            body = Body(self.size, digests_of(data, self._algorithms), data=data)
            self._pieces, self._gathered = [], 0  # counted on, as the body's
        else:
            body = await self._close_file()
        self._ended = True
        return self._scratch.keep(body)

    def note(self, name: str, beginning: Beginning) -> None:
        """Say how a later run may go on with what is here, should this one end before; before the first ``write``."""
        self._note = name, beginning

    async def suspend(self) -> bool:
        """Stop here: what was noted, and is on disk, waits for a later run. Answers whether it does."""
        if self._ended or self._file is None or self._note is None:
            await self.discard()
            return False
        self._ended = True
        self._scratch.hold(-self._gathered)
        pieces, self._pieces, self._gathered = self._pieces, [], 0
        return await in_thread(self._scratch.threads, partial(_set_aside, self._file, pieces, self._scratch.partials))

    async def discard(self) -> None:
        """Forget the bytes and whatever holds them. Harmless after ``close`` and when called again."""
        if self._ended:
            return
        self._ended = True
        self._scratch.hold(-self._gathered)
        self._pieces, self._gathered = [], 0
        if self._file is not None:
            await in_thread(self._scratch.threads, partial(_scrap, self._file))

    async def _write_out(self) -> HashingFile:
        pieces, gathered = self._pieces, self._gathered
        self._pieces, self._gathered = [], 0
        try:
            with storage_errors("write", self._scratch.root, self._scratch.folder):
                file = self._file
                if file is None:
                    file = await in_thread(self._scratch.threads, self._open)
                await to_the_end(wrap(file, executor=self._scratch.threads).writelines(pieces))
                return file
        finally:
            self._scratch.hold(-gathered)

    async def _close_file(self) -> Body:
        file = await self._write_out()
        with storage_errors("write", self._scratch.root, self._scratch.folder):
            await to_the_end(wrap(file, executor=self._scratch.threads).close())
        return Body(self.size, file.digests(), path=Path(file.name))

    def _open(self) -> HashingFile:
        path = self._scratch.new_path()
        if self._note is not None:
            write_note(Path(path), *self._note)
        # kept here, not only returned: a cancelled caller gets no result, and would leave the file open
        self._file = HashingFile(path, self._algorithms)
        return self._file

    def go_on(self, name: str) -> bool:
        """Take over what waits under a name; False: it is gone. For a thread.

        Raises:
            OSError: it cannot be read.
        """
        path = self._scratch.new_path()
        beginning = self._scratch.partials.take(name, Path(path))
        if beginning is None:
            return False
        self._file = HashingFile(path, self._algorithms, go_on=True)
        self._note, self.size = (name, beginning), self._file.size
        return True


def _set_aside(file: HashingFile, pieces: list[bytes], partials: Partial) -> bool:
    try:
        if not file.closed:  # else it is whole, and only nobody heard so
            file.writelines(pieces)
            file.close()
        partials.keep(Path(file.name))
    except OSError:  # there is no promise that it waits
        _scrap(file)
        return False
    return True


def _scrap(file: HashingFile) -> None:
    with suppress(OSError):  # what could not be written matters no more
        file.close()
    with suppress(OSError):  # what stays goes with the scratch
        Path(file.name).unlink()
