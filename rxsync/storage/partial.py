"""Keep the beginnings of large files for a later run, in ``partial/``.

Floor 3, storage. A file and what is known of it, ``NAME`` and ``NAME.json``, come and go as a pair: the note is moved
last when they come and first when they go, so whoever has it has both, or nothing. A run that was killed leaves its
pairs in its folder, and whoever sweeps that rescues them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from rxsync.declare.body import Validators
from rxsync.ports.storage import Beginning

MOST = 4 << 30
"""Bytes of all beginnings together, beyond which the oldest go. The newest stays, however large."""

NOTE = ".json"

_is_name = re.compile(r"[a-z0-9_]+-[0-9a-f]+").fullmatch


def write_note(path: Path, name: str, beginning: Beginning) -> None:
    """Say beside the file at ``path`` what it is the beginning of.

    Raises:
        OSError: it cannot be written.
    """
    etag, modified = beginning.validators
    facts = {"name": name, "url": beginning.url, "size": beginning.size, "etag": etag, "last_modified": modified}
    _note(path).write_text(json.dumps(facts) + "\n", encoding="utf-8")


class Partial:
    """Beginnings that wait for whoever goes on with them.

    Args:
        folder: where they are; it need not exist.
        most: bytes of all of them together.
    """

    def __init__(self, folder: Path, most: int = MOST) -> None:
        self._folder, self._most = folder, most
        self._known: dict[str, Beginning] = {}

    def look(self) -> None:
        """Find out what there is, and drop what nobody can go on with.

        Raises:
            OSError: the folder cannot be read.
        """
        for path in list(self._folder.iterdir()) if self._folder.exists() else []:
            with suppress(FileNotFoundError):  # others keep and take meanwhile
                if path.name.endswith(NOTE):
                    self._learn(path.with_name(path.name.removesuffix(NOTE)))
                elif not _note(path).exists():
                    path.unlink(missing_ok=True)

    def beginning(self, name: str) -> Beginning | None:
        """What there is of a file; None for nothing."""
        return self._known.get(name)

    def keep(self, path: Path) -> None:
        """Take in a file that has a note beside it; the oldest others go, where there are too many bytes.

        Raises:
            OSError: it cannot be moved.
        """
        read = _read(path)
        if read is None:
            return
        name, beginning = read
        self._folder.mkdir(parents=True, exist_ok=True)
        path.replace(self._folder / name)
        _note(path).replace(_note(self._folder / name))
        self._known[name] = beginning
        self._make_room(name)

    def rescue(self, folder: Path) -> None:
        """Take in what a run that is gone has left in its folder.

        Raises:
            OSError: it cannot be moved.
        """
        for note in sorted(folder.glob(f"*{NOTE}")):
            with suppress(FileNotFoundError):  # a note is there before its file is
                self.keep(note.with_name(note.name.removesuffix(NOTE)))

    def take(self, name: str, path: Path) -> Beginning | None:
        """Move a beginning to ``path``; None: somebody else was quicker.

        Raises:
            OSError: it cannot be moved.
        """
        beginning = self._known.pop(name, None)
        try:
            _note(self._folder / name).replace(_note(path))
            (self._folder / name).replace(path)
        except FileNotFoundError:
            return None
        return beginning

    def forget(self, before: float, *, dry_run: bool = False) -> tuple[int, int]:
        """Drop what nobody has gone on with; answers how many, and their bytes.

        Args:
            before: what was last written earlier than this goes, in seconds since 1970.
            dry_run: only count.

        Raises:
            OSError: one cannot be removed.
        """
        old = [(path, facts.st_size) for path, facts in self._files() if facts.st_mtime < before]
        if not dry_run:
            for path, _ in old:
                self._drop(path)
        return len(old), sum(size for _, size in old)

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        for path in list(self._folder.iterdir()) if self._folder.exists() else []:
            with suppress(FileNotFoundError):  # others keep and take meanwhile
                if not path.name.endswith(NOTE):
                    yield path, path.stat()

    def _learn(self, path: Path) -> None:
        read = _read(path) if path.exists() else None
        if read is not None and read[0] == path.name:
            self._known[path.name] = read[1]
        else:
            self._drop(path)

    def _make_room(self, newest: str) -> None:
        files = [(path.name == newest, facts.st_mtime_ns, facts.st_size, path) for path, facts in self._files()]
        left = sum(size for _, _, size, _ in files)
        for is_newest, _, size, path in sorted(files):
            if left <= self._most or is_newest:
                return
            self._drop(path)
            left -= size

    def _drop(self, path: Path) -> None:
        self._known.pop(path.name, None)
        _note(path).unlink(missing_ok=True)
        path.unlink(missing_ok=True)


def _note(path: Path) -> Path:
    return path.with_name(path.name + NOTE)


def _read(path: Path) -> tuple[str, Beginning] | None:
    """Read what stands beside a file; None where that cannot be believed."""
    try:
        facts = json.loads(_note(path).read_text("utf-8"))
        name, size = str(facts["name"]), int(facts["size"])
        beginning = Beginning(str(facts["url"]), Validators(facts["etag"], facts["last_modified"]), size)
    except (ValueError, KeyError, TypeError):
        return None
    return (name, beginning) if _is_name(name) else None
