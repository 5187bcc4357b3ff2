"""Put a batch of bodies into place: temp file, rename, and one sync for all.

Floor 3, storage. A generator of steps, so that its caller chooses the thread and may stop between any two.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from rxsync.declare.body import Body
from rxsync.errors import StorageError
from rxsync.locks import alone_in
from rxsync.storage import durable
from rxsync.storage.folders import LiveFolder
from rxsync.storage.hashing import PIECE, READ_ONLY, HashingFile
from rxsync.storage.trouble import storage_error, storage_errors

T = TypeVar("T")


def place(root: Path, bodies: Sequence[Body]) -> Generator[None, None, None]:
    """Keep the bodies, at least one, durably; a step is one file, or 1 MiB of a file that is copied.

    A file of ours is moved, and its body says where it is now: a batch that failed half-way can be put again.

    Raises:
        StorageError: there is no room or no permission, or a file that is copied has changed meanwhile.
    """
    artifacts = f"{root}/artifacts"
    touched = dict.fromkeys([artifacts, str(root)])
    with storage_errors("write", root, artifacts), LiveFolder(root / "tmp", f"put-{uuid4().hex}") as tmp:
        for number, body in enumerate({body.sha256: body for body in bodies}.values()):
            folder = f"{artifacts}/{body.sha256[:2]}"
            target = f"{folder}/{body.sha256[2:]}"
            try:
                yield from _place_one(body, f"{tmp}/{number}", target)
            except OSError as error:
                raise storage_error(error, "write", root, target) from error
            touched[folder] = None
            yield
        durable.settle(list(touched))


def _place_one(body: Body, temp: str, target: str) -> Iterator[None]:
    if body.data is not None:
        _write(body.data, temp)
    elif body.path is None:
        raise StorageError(f"cannot write {body.sha256}: its bytes were released before they were stored")
    elif body.ours and _moved(body.path, target):
        body.path, body.ours = Path(target), False
        return
    else:
        yield from _copy(body, body.path, temp)
    _move(temp, target)


def _moved(path: Path, target: str) -> bool:
    """Move a file of ours; False if it is on another file system, where it can only be copied."""
    path.chmod(READ_ONLY)
    try:
        _move(str(path), target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        return False
    return True


def _move(temp: str, target: str) -> None:
    # A file that is already there may have a row by now, so it is replaced only by bytes that are durable.
    if not durable.settles_batches() or not _in_its_folder(durable.rename_new, temp, target):
        durable.fsync(temp)
        _in_its_folder(_replace, temp, target)


def _replace(temp: str, target: str) -> None:
    # Whoever removes the old file looks at it and then removes it, under the same lock. Where there was none, as nearly
    # always, nobody removes anything, and no lock is needed.
    with alone_in(Path(target).parent):
        os.replace(temp, target)  # noqa: PTH105 - as in durable


def _write(data: bytes, temp: str) -> None:
    descriptor = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, READ_ONLY)
    try:
        written = os.write(descriptor, data)
        while written < len(data):  # the disk is nearly full: the next call says so
            written += os.write(descriptor, data[written:])
    finally:
        os.close(descriptor)


def _copy(body: Body, source: Path, temp: str) -> Iterator[None]:
    copied = 0
    with source.open("rb") as pieces, HashingFile(temp) as file:
        while piece := pieces.read(PIECE):
            copied += file.write(piece)
            yield
    sha256 = file.digests()["sha256"]
    if (sha256, copied) != (body.sha256, body.size):
        raise StorageError(
            f"cannot copy {source}: it changed since it was read: "
            f"sha256 {body.sha256} and {body.size} bytes then, {sha256} and {copied} bytes now"
        )


def _in_its_folder(rename: Callable[[str, str], T], temp: str, target: str) -> T:
    try:
        return rename(temp, target)
    except FileNotFoundError:  # the first file with these two digits; looking each time would cost a call a file
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        return rename(temp, target)
