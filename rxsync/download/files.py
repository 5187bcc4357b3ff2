"""Bytes from a local folder, and from nowhere else.

Floor 3, download. What a manifest names must not reach beyond the folder the manifest lies in: symbolic
links are resolved first, then the way is walked from the folder down without following any.
"""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

from rxsync.declare.body import Validators
from rxsync.download.bandwidth import Bandwidth
from rxsync.download.limits import Limits
from rxsync.download.places import Place
from rxsync.download.transport import Answer, Rest
from rxsync.errors import DownloadError
from rxsync.threads import in_thread
from rxsync.urls import without_credentials

PIECE = 1 << 20
SMALL = 256 << 10


class FileTransport:
    """Opens ``file:`` URLs of regular files in and below one folder.

    Args:
        source_url: ``file:`` URL of the source; the folder is it, if it is one, or else the one it lies in.
        limits: bounds how many are open at once, and how fast they are read.

    Raises:
        DownloadError: there is no such folder.
    """

    def __init__(self, source_url: str, limits: Limits) -> None:
        self._root, self._limits = _folder_of(source_url), limits

    @asynccontextmanager
    async def open(
        self, url: str, headers: Mapping[str, str], held: Validators, rest: Rest | None = None
    ) -> AsyncIterator[Answer]:
        """Open a file; a small one is read in the same thread hop. What else is said is for others.

        Raises:
            DownloadError: it is missing, outside of the folder, no regular file, or not to be read.
        """
        file = _File(self._root, path_of(url), without_credentials(url), self._limits.bandwidth)
        place = Place(self._limits.places)
        await place.move(None)
        try:
            await in_thread(None, file.open)
            yield Answer(file.read, length=file.length, make_way=place.leave)
        finally:
            place.leave()
            if file.descriptor is not None:
                await in_thread(None, file.close)


class _File:
    """One file to read.

    It, not the caller, keeps the descriptor: a cancelled caller never hears what the thread opened.
    """

    def __init__(self, root: Path, path: Path, shown: str, bandwidth: Bandwidth) -> None:
        self._root, self._path, self._shown, self._bandwidth = root, path, shown, bandwidth
        self.descriptor: int | None = None
        self.length = self._given = 0
        self._first: bytes | None = None

    def open(self) -> None:
        try:
            self.descriptor = _open_below(self._root, self._path)
            self.length = os.fstat(self.descriptor).st_size
            if self.length <= SMALL:
                self._first = os.read(self.descriptor, SMALL + 1)
                self.close()
        except OSError as error:
            raise DownloadError(self._shown, _why(error)) from None
        except _RefusedError as refusal:
            raise DownloadError(self._shown, str(refusal)) from None

    async def read(self) -> bytes:
        """Give the next piece; empty at the end.

        Raises:
            DownloadError: it cannot be read, or is not as long as it was when it was opened.
        """
        if self.descriptor is None:
            piece, self._first = self._first or b"", b""
        else:
            piece = await in_thread(None, partial(self._next, self.descriptor))
        self._given += len(piece)
        if self._given > self.length or (not piece and self._given < self.length):
            raise DownloadError(self._shown, "the file changed while it was read", transient=True)
        if self._bandwidth.limited:
            await self._bandwidth.pay(len(piece))
        return piece

    def _next(self, descriptor: int) -> bytes:
        try:
            return os.read(descriptor, PIECE)
        except OSError as error:
            raise DownloadError(self._shown, _why(error)) from None

    def close(self) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None


class _RefusedError(Exception):
    """The path leads to what may not be read."""


def path_of(url: str) -> Path:
    """Give the absolute path a ``file:`` URL means.

    >>> path_of("file:///srv/a%20b%23c.iso")
    PosixPath('/srv/a b#c.iso')

    Raises:
        DownloadError: the URL names another host, has a query or fragment, or its path cannot be one.
    """
    parts = urlsplit(url)
    path = os.fsdecode(unquote_to_bytes(parts.path))
    if parts.netloc not in ("", "localhost"):
        raise DownloadError(without_credentials(url), "a file: URL cannot name another host")
    if "?" in url or "#" in url:
        raise DownloadError(without_credentials(url), "a file: URL has no query or fragment; write %3F and %23")
    if not path.startswith("/") or "\0" in path:
        raise DownloadError(without_credentials(url), "a file: URL needs an absolute path")
    return Path(path)


def _folder_of(source_url: str) -> Path:
    path = path_of(source_url)
    try:
        return _real(path if path.is_dir() else path.parent)
    except OSError as error:
        raise DownloadError(without_credentials(source_url), _why(error)) from None


def _open_below(root: Path, path: Path) -> int:
    """Open a regular file, and only that, whoever changes the folders meanwhile."""
    real = _real(path)
    if not real.is_relative_to(root):
        raise _RefusedError("it leads outside of the source's folder, which is refused")
    if not stat.S_ISREG(real.lstat().st_mode):  # asked first: to open a device can be to use it
        raise _RefusedError("it is no regular file")
    here = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    for name in real.relative_to(root).parts:
        above = here
        try:
            here = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=above)
        finally:
            os.close(above)
    if not stat.S_ISREG(os.fstat(here).st_mode):
        os.close(here)
        raise _RefusedError("it is no regular file")
    return here


def _real(path: Path) -> Path:
    # Not Path.resolve: before Python 3.13 it raises RuntimeError for links that go in circles.
    return Path(os.path.realpath(path, strict=True))


def _why(error: OSError) -> str:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return "there is no such file"
    return f"it cannot be read: {error.strerror or type(error).__name__}"
