"""Name bytes by their digests, in memory or while they are written.

Floor 3, storage. Callers decide on which thread: here nothing is asynchronous.
"""

from __future__ import annotations

import hashlib
import io
import os
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
    hashers = {algorithm: _new(algorithm)() for algorithm in {"sha256", *algorithms}}
    size = 0
    while piece := file.read(PIECE):
        size += len(piece)
        for hasher in hashers.values():
            hasher.update(piece)
    return {algorithm: hasher.hexdigest() for algorithm, hasher in hashers.items()}, size


class HashingFile(io.BufferedWriter):
    """A new, read-only file that hashes whatever is written to it, in the thread that writes.

    Args:
        path: where; nothing may be there yet.
        algorithms: what to compute beside sha256, as ``hashlib`` spells it.

    Raises:
        OSError: the file cannot be made.
        ValueError: ``hashlib`` knows no such algorithm.
    """

    def __init__(self, path: str, algorithms: Collection[str] = ()) -> None:
        self._hashers = {algorithm: _new(algorithm)() for algorithm in {"sha256", *algorithms}}
        super().__init__(io.FileIO(path, "xb", opener=partial(os.open, mode=READ_ONLY)))

    def write(self, piece: ReadableBuffer, /) -> int:
        """Hash the bytes and write them; returns how many they are."""
        for hasher in self._hashers.values():
            hasher.update(piece)
        return super().write(piece)

    def digests(self) -> dict[str, str]:
        """Digests of all that was written: algorithm to lower-case hex."""
        return {algorithm: hasher.hexdigest() for algorithm, hasher in self._hashers.items()}


@cache
def _new(algorithm: str) -> _NewHasher:
    # an upstream that still declares md5 is no reason to fail where md5 is forbidden for signatures
    return partial(hashlib.new, algorithm, usedforsecurity=False)
