"""Files that a check refused, kept for a look, out of the store.

Floor 4, pipeline.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path

from rxsync.declare import Body, DeclarativeArtifact, DeclarativeContent
from rxsync.errors import DownloadError, StorageError
from rxsync.ports.downloader import Request
from rxsync.threads import in_thread
from rxsync.urls import without_credentials

Read = Callable[[DeclarativeArtifact], AsyncIterator[bytes]]
"""Streams the bytes of a file, wherever they are."""


async def keep_aside(folder: Path, unit: DeclarativeContent, reason: str, read: Read) -> None:
    """Copy the fetched files of a unit into a new folder below ``folder``, with what was declared.

    The files are called ``0``, ``1``, …: what a source declares is no name for a file that nobody has checked.

    Raises:
        StorageError: there is no room or no permission.
    """
    try:
        place = await in_thread(None, lambda: _new_folder(folder))
        files = []
        for number, artifact in enumerate(unit.artifacts):
            if artifact.body is not None:
                await _copy(read(artifact), place / str(number))
            files.append(_facts(number, artifact))
        facts = {"unit": unit.name, "reason": reason, "origin": unit.origin, "files": files}
        text = json.dumps(facts, indent=2) + "\n"
        await in_thread(None, lambda: (place / "facts.json").write_text(text, encoding="utf-8"))
    except OSError as error:
        raise StorageError(f"{error.filename or folder}: {error.strerror}") from error


class WrongBytes:
    """Keeps bytes that are not what was declared, once for each file, though it may be asked for in two passes.

    Args:
        folder: each has a new folder below this one.
        places: where they are, by what was wanted; of one run.
    """

    def __init__(self, folder: Path, places: dict[object, Path]) -> None:
        self._folder, self._places = folder, places

    async def keep(self, request: Request, error: DownloadError, body: Body) -> None:
        """Copy wrong bytes, with what was declared, in place of those that came before.

        Raises:
            StorageError: there is no room or no permission.
        """
        await self.drop(request)
        try:
            place = self._places[_wanted(request)] = await in_thread(None, lambda: _new_folder(self._folder))
            await in_thread(None, lambda: _keep(place, body, _wrong_facts(request, error, body)))
        except OSError as failed:
            raise StorageError(f"{failed.filename or self._folder}: {failed.strerror}") from failed

    async def drop(self, request: Request) -> None:
        """Remove what was kept of a file, if there is anything: the right bytes came after all.

        Raises:
            StorageError: it cannot be removed.
        """
        place = self._places.pop(_wanted(request), None) if self._places else None
        if place is None:
            return
        try:
            await in_thread(None, lambda: _remove(place))
        except OSError as failed:
            raise StorageError(f"{failed.filename or place}: {failed.strerror}") from failed


def _wanted(request: Request) -> object:
    """What tells a file from others; units that share bytes ask for one."""
    return frozenset(request.digests.items()) or request.urls


def _wrong_facts(request: Request, error: DownloadError, body: Body) -> dict[str, object]:
    return {
        "unit": request.relative_path,
        "reason": error.reason,
        "origin": None,
        "files": [
            {
                "file": "0",
                "relative_path": request.relative_path,
                "urls": [without_credentials(url) for url in request.urls],
                "declared": {**request.digests, "size": request.size},
                "received": {**body.digests, "size": body.size},
            }
        ],
    }


def _remove(place: Path) -> None:
    shutil.rmtree(place)
    with suppress(OSError):  # others are in it
        place.parent.rmdir()


def _keep(place: Path, body: Body, facts: dict[str, object]) -> None:
    if body.path is not None:
        shutil.copyfile(body.path, place / "0")
    else:
        (place / "0").write_bytes(body.data or b"")
    (place / "facts.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def _new_folder(folder: Path) -> Path:
    for number in count():
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError, FileNotFoundError):  # several units may come, and go, at once
            (folder / str(number)).mkdir()
            break
    return folder / str(number)


async def _copy(pieces: AsyncIterator[bytes], place: Path) -> None:
    with place.open("wb") as file:
        async for piece in pieces:
            await in_thread(None, partial(file.write, piece))


def _facts(number: int, artifact: DeclarativeArtifact) -> dict[str, object]:
    body = artifact.body
    return {
        "file": str(number) if body is not None else None,
        "relative_path": artifact.relative_path,
        "urls": [without_credentials(url) for url in artifact.urls],
        "declared": {**artifact.digests, "size": artifact.size},
        "received": {**body.digests, "size": body.size} if body is not None else None,
    }
