"""Something to mirror: files with a manifest, or a manifest alone.

Bench. The same bytes in every run, on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256, shake_128
from pathlib import Path

MANIFEST = "PULP_MANIFEST"


def make_files(folder: Path, count: int, size: int) -> None:
    """Write ``count`` different files of ``size`` bytes below ``folder``, a hundred to a folder, and their manifest."""
    write_manifest(folder, _files(folder, count, size))


def make_names(folder: Path, count: int) -> None:
    """Write a manifest of ``count`` files that are not there."""
    lines = (f"{_path(number)},{sha256(b'%d' % number).hexdigest()},{number}" for number in range(count))
    write_manifest(folder, lines)


def write_manifest(folder: Path, lines: Iterator[str]) -> None:
    """Write the lines as they come: a million of them are 90 MB."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / MANIFEST).open("w", encoding="utf-8") as manifest:
        manifest.writelines(f"{line}\n" for line in lines)


def _files(folder: Path, count: int, size: int) -> Iterator[str]:
    for number in range(count):
        path, data = _path(number), shake_128(b"%d" % number).digest(size)
        if number % 100 == 0:
            (folder / path).parent.mkdir(parents=True)
        (folder / path).write_bytes(data)
        yield f"{path},{sha256(data).hexdigest()},{size}"


def _path(number: int) -> str:
    return f"pool/{number // 100:05}/file-{number:07}.bin"
