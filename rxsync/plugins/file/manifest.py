"""The PULP_MANIFEST: one line a file, ``relative_path,sha256,size``.

Floor 5, plugins. No I/O: text goes in, values come out. The network is the downloader's.
Follows: ``manifest.py`` of pulp_file, and is stricter: every field is checked, and the line at fault is
named.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rxsync.plugin import DeclarationError, MetadataError, check_relative_path

LARGEST = 2**63 - 1


class ManifestEntry(NamedTuple):
    """One file of a repository.

    Attributes:
        relative_path: where it is, relative to the manifest; it passed ``check_relative_path``.
        sha256: of its bytes, 64 lower-case hex digits.
        size: of it, in bytes.
    """

    relative_path: str
    sha256: str
    size: int


class ManifestError(MetadataError):
    """A line of a PULP_MANIFEST is malformed.

    Attributes:
        line: its number, from 1.
        fault: what came, and what was expected.
    """

    line: int
    fault: str

    def __init__(self, line: int, fault: str) -> None:
        super().__init__(line, fault)
        self.line, self.fault = line, fault

    def __str__(self) -> str:
        return f"line {self.line}: {self.fault}"


def read_manifest(lines: Iterable[str]) -> Iterator[ManifestEntry]:
    """Yield the entries of a PULP_MANIFEST, in file order.

    >>> [entry] = read_manifest(["# isos", "iso/a b.iso," + "9f" * 32 + ",4"])
    >>> entry.relative_path, entry.size
    ('iso/a b.iso', 4)

    Args:
        lines: the manifest's lines, as text; blank lines and ``#`` lines are passed over.

    Raises:
        ManifestError: an entry is malformed; names the line number, what was expected and what came.

    Source: the entry format in pulp_file's ``manifest.py``: ``relative_path,sha256,size`` with csv quoting.
    """
    for number, line in enumerate(lines, 1):
        if entry := parse_line(number, line):
            yield entry


def parse_line(number: int, line: str) -> ManifestEntry | None:
    """Read one line; None if it is blank or begins with ``#``.

    Args:
        number: of the line, from 1, for errors.
        line: with or without its end.

    Raises:
        ManifestError: it is malformed.
    """
    line = line.rstrip("\r\n")
    if line[:1] == "#" or not line or line.isspace():
        return None
    fields = line.split(",") if '"' not in line else _unquote(number, line)
    try:
        path, sha256, size = fields
    except ValueError:
        more = " (a path with commas in quotes)" if len(fields) > 3 else ""
        raise ManifestError(number, f"expected relative_path,sha256,size{more}, {_came(line)}") from None
    try:
        return ManifestEntry(check_relative_path(path), _digest(sha256), _size(size))
    except (DeclarationError, _FieldError) as error:
        raise ManifestError(number, str(error)) from None


def format_entry(relative_path: str, sha256: str, size: int) -> str:
    """Write one line, without its end; ``parse_line`` gives the same three back.

    >>> format_entry('a,"b".iso', "9f" * 32, 4)[:14]
    '"a,""b"".iso",'

    Raises:
        DeclarationError: the path cannot be one.
    """
    path = check_relative_path(relative_path)
    if "," in path or '"' in path or path[0] in "#\ufeff":
        path = '"' + path.replace('"', '""') + '"'
    return f"{path},{sha256},{size}"


class _FieldError(Exception):
    """A field is not what it should be."""


def _digest(text: str) -> str:
    try:
        if len(text) == 64 and len(bytes.fromhex(text)) == 32:  # the second length: fromhex skips spaces
            return text.lower()
    except ValueError:
        pass
    raise _FieldError(f"sha256: expected 64 hex digits, {_came(text)}")


def _size(text: str) -> int:
    if text.isdigit() and text.isascii():
        if len(text) <= 19 and (size := int(text)) <= LARGEST:
            return size
        raise _FieldError(f"size: expected at most {LARGEST}, {_came(text)}")
    if text[:1] == "-" and text[1:].isdigit():
        raise _FieldError(f'size "{text[:40]}" is negative')
    raise _FieldError(f"size: expected a decimal number of bytes, {_came(text)}")


def _unquote(number: int, line: str) -> list[str]:
    """Read csv quoting; a field ends on the line it begins on."""
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error as error:
        raise ManifestError(number, f"quoting is not csv ({error}), {_came(line)}") from None


def _came(text: str, most: int = 80) -> str:
    return f"got {text!r}" if len(text) <= most else f"got {text[:most]!r}… ({len(text)} characters)"
