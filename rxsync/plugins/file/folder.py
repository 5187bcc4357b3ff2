"""A folder as a repository: what is in it, and a manifest to say so.

Floor 5, plugins.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile

from rxsync.plugin import DeclarationError, MetadataError, SourceError
from rxsync.plugins.file.manifest import ManifestEntry, format_entry
from rxsync.threads import in_thread

MANIFEST = "PULP_MANIFEST"
NEW = f".{MANIFEST}."
HOME = "rxsync.db"


async def summed(folder: Path) -> AsyncIterator[ManifestEntry]:
    """Walk a folder and give an entry for each file, folder by folder, each by name; files are read in a thread.

    Raises:
        MetadataError: a file's path cannot be declared.
        SourceError: a file or folder cannot be read.
    """
    for path in await in_thread(None, lambda: list(walk(folder))):
        yield await in_thread(None, partial(entry, folder, path))


def write_manifest(folder: Path) -> int:
    """Write ``folder/PULP_MANIFEST``, whole or not at all; answers how many files it lists.

    Raises:
        MetadataError: a file's path cannot be declared.
        SourceError: a file cannot be read, or the manifest not written.
    """
    written = 0
    try:
        with NamedTemporaryFile("w", encoding="utf-8", newline="\n", dir=folder, prefix=NEW, delete=False) as manifest:
            temporary = Path(manifest.name)
            try:
                for path in walk(folder):
                    manifest.write(format_entry(*entry(folder, path)) + "\n")
                    written += 1
                manifest.close()
                temporary.chmod(0o644)
                temporary.replace(folder / MANIFEST)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise SourceError(f"{error.filename or folder}: {error.strerror}") from error
    return written


def walk(folder: Path) -> Iterator[Path]:
    """Give the files below a folder, folder by folder, each by name, without its own manifest.

    A link is followed if it leads to a file below the folder. Other links, what is neither file nor folder, manifests
    that are being written, and a home of ours are no part of it.

    Raises:
        SourceError: a folder cannot be read.
    """
    root = os.path.realpath(folder)

    def failed(error: OSError) -> None:
        raise SourceError(f"{error.filename}: {error.strerror}") from error

    for where, folders, files in os.walk(folder, onerror=failed):
        folders[:] = sorted(name for name in folders if not Path(where, name, HOME).exists())
        for name in sorted(files):
            path = Path(where, name)
            inside = not path.is_symlink() or Path(os.path.realpath(path)).is_relative_to(root)
            ours = path.parent == folder and (name == MANIFEST or name.startswith(NEW))
            if inside and not ours and path.is_file():
                yield path


def entry(folder: Path, path: Path) -> ManifestEntry:
    """Read a file and describe it.

    Raises:
        MetadataError: its path cannot be declared.
        SourceError: it cannot be read.
    """
    relative = path.relative_to(folder).as_posix()
    try:
        with path.open("rb") as file:
            sha256, size = hashlib.file_digest(file, "sha256").hexdigest(), file.tell()
        format_entry(relative, sha256, size)
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from error
    except DeclarationError as error:
        raise MetadataError(f"{folder}: {error}") from error
    return ManifestEntry(relative, sha256, size)
