"""Name bytes by their digests, in memory or while they are written.

Floor 3, storage. Callers decide on which thread: here nothing is asynchronous.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
from collections.abc import Collection
from functools import cache, partial
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

READ_ONLY = 0o444

PIECE = 1 << 20


class _Hasher(Protocol):
    def update(self, data: ReadableBuffer, /) -> None: ...
    def hexdigest(self) -> str: ...


class _NewHasher(Protocol):
    def __call__(self, data: bytes = b"") -> _Hasher: ...


def digests_of(data: bytes, algorithms: Collection[str]) -> dict[str, str]:
    """Hash ``data`` by sha256 and by each of ``algorithms``: algorithm to lower-case hex.

    >>> digests_of(b"", ["md5"])["md5"]
    'd41d8cd98f00b204e9800998ecf8427e'

    Raises:
        ValueError: ``hashlib`` knows no such algorithm.
    """
    digests = {"sha256": hashlib.sha256(data).hexdigest()}
    for algorithm in algorithms:
        if algorithm not in digests:
            digests[algorithm] = _new(algorithm)(data).hexdigest()
    return digests


def digests_of_file(file: BinaryIO, algorithms: Collection[str]) -> tuple[dict[str, str], int]:
    """Hash what ``file`` gives by sha256 and by each of ``algorithms``: the digests, and how many bytes it gave.

    Raises:
        OSError: it cannot be read.
        ValueError: ``hashlib`` knows no such algorithm.
    """
    hashers = _hashers(algorithms)
    size = _feed(hashers, file)
    return {algorithm: hasher.hexdigest() for algorithm, hasher in hashers.items()}, size


class HashingFile(io.BufferedWriter):
    """A read-only file that hashes whatever is written to it, in the thread that writes.

    Args:
        path: where; nothing may be there yet.
        algorithms: what to compute beside sha256, as ``hashlib`` spells it.
        go_on: there is such a file, and what is written comes behind what is in it, which is read once to hash it.

    Attributes:
        size: bytes that were there.

    Raises:
        OSError: the file cannot be made, or gone on with.
        ValueError: ``hashlib`` knows no such algorithm.
    """

    size: int

    def __init__(self, path: str, algorithms: Collection[str] = (), *, go_on: bool = False) -> None:
        self._hashers = _hashers(algorithms)
        self.size = 0
        if go_on:
            with io.FileIO(path, "rb") as file:
                self.size = _feed(self._hashers, file)
        super().__init__(io.FileIO(path, "ab" if go_on else "xb", opener=_open_again if go_on else _open_new))

    def write(self, piece: ReadableBuffer, /) -> int:
        """Hash the bytes and write them; returns how many they are."""
        for hasher in self._hashers.values():
            hasher.update(piece)
        return super().write(piece)

    def digests(self) -> dict[str, str]:
        """Digests of all that was written: algorithm to lower-case hex."""
        return {algorithm: hasher.hexdigest() for algorithm, hasher in self._hashers.items()}


def _hashers(algorithms: Collection[str]) -> dict[str, _Hasher]:
    return {algorithm: _new(algorithm)() for algorithm in {"sha256", *algorithms}}


def _feed(hashers: dict[str, _Hasher], file: BinaryIO | io.FileIO) -> int:
    """Hash all that a file gives; answers how many bytes that were."""
    size = 0
    while piece := file.read(PIECE):
        size += len(piece)
        for hasher in hashers.values():
            hasher.update(piece)
    return size


_open_new = partial(os.open, mode=READ_ONLY)


def _open_again(path: str, flags: int) -> int:
    os.chmod(path, READ_ONLY | stat.S_IWUSR)  # noqa: PTH101 - a path as text, as ``open`` gives it
    try:
        return os.open(path, flags)
    finally:
        os.chmod(path, READ_ONLY)  # noqa: PTH101 - as above, text


@cache
def _new(algorithm: str) -> _NewHasher:
    # an upstream that still declares md5 is no reason to fail where md5 is forbidden for signatures
    return partial(hashlib.new, algorithm, usedforsecurity=False)
