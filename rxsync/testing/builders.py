"""Units, files and bytes with good defaults: a test says only what it is about.

Floor 6, testing. They need no database: what look-up and download would have learnt is filled in on request, with keys
of rows that are nowhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TypedDict, Unpack
from urllib.parse import quote

from rxsync.declare import Body, DeclarativeArtifact, DeclarativeContent, SavedFile, StoredFile, Validators
from rxsync.models import Content
from rxsync.plugins.file import FileContent

THERE = "http://there/"
"""Where files are, unless a test says otherwise; nobody listens there."""


class FileFields(TypedDict, total=False):
    """Whatever else a ``DeclarativeArtifact`` may declare."""

    urls: str | Sequence[str]
    digests: Mapping[str, str] | None
    size: int | None
    deferred: bool | None
    headers: Mapping[str, str] | None
    extra_data: object
    body: Body | None


def sha256(data: bytes) -> str:
    """Name of the bytes in a store: 64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


def body(data: bytes, *, url: str | None = None, etag: str | None = None) -> Body:
    """Make the body that a fetch of ``data`` gives, in memory."""
    return Body(len(data), {"sha256": sha256(data)}, data, url=url, validators=Validators(etag))


def artifact(
    path: str, data: bytes | None = None, *, stored: bool = False, fetched: bool = False, **fields: Unpack[FileFields]
) -> DeclarativeArtifact:
    """Declare a file, with its size and its sha256, at ``http://there/PATH``.

    >>> artifact("iso/a", b"1234").size
    4
    >>> artifact("iso/a", digests={}, size=None).urls
    ('http://there/iso/a',)

    Args:
        path: its relative path.
        data: its bytes; None: its path.
        stored: whether they are in the store already, and it was looked up.
        fetched: whether they have been fetched.
        fields: other values than those, or more of them, as ``DeclarativeArtifact`` takes them.

    Raises:
        DeclarationError: a field is impossible.
    """
    data = path.encode() if data is None else data
    given: FileFields = {"urls": THERE + quote(path), "digests": {"sha256": sha256(data)}, "size": len(data)}
    given |= fields
    file = DeclarativeArtifact(relative_path=path, **given)
    file.stored = StoredFile(_key(sha256(data)), sha256(data), len(data)) if stored else None
    if fetched:
        file.body = body(data, url=file.urls[0])
    return file


def unit(
    path: str,
    data: bytes | None = None,
    *,
    content: Content | None = None,
    more: Iterable[DeclarativeArtifact] = (),
    known: bool = False,
    stored: bool | None = None,
    fetched: bool = False,
    origin: str | None = None,
    **fields: Unpack[FileFields],
) -> DeclarativeContent:
    """Declare a unit of one file: a ``FileContent``, unless ``content`` is given.

    >>> a = unit("a", b"1234")
    >>> a.content.relative_path, a.new
    ('a', None)
    >>> unit("a", known=True).new
    False

    Args:
        path: of its first file.
        data: the bytes of that; None: its path.
        content: the row to be, where it is another.
        more: further files.
        known: whether it was saved before, with all its files, and was looked up; a new unit is not marked at all,
            until it is saved.
        stored: whether the bytes of its first file are in the store; None: if it is known.
        fetched: whether they have been fetched.
        origin: where in the source it was declared.
        fields: of the first file, as ``artifact`` takes them.

    Raises:
        DeclarationError: a field is impossible.
    """
    file = artifact(path, data, stored=known if stored is None else stored, fetched=fetched, **fields)
    if content is None:
        content = FileContent(relative_path=path, sha256=sha256(path.encode() if data is None else data))
    made = DeclarativeContent(content, (file, *more), origin=origin)
    if known:
        content.id, made.new = _key(made.name), False
        for one in made.artifacts:
            one.row = _key(f"{made.name} {one.relative_path}")
            one.saved = SavedFile(one.row, one.stored)
    return made


def _key(name: str) -> int:
    """Make a key of a row that is nowhere: the same for the same name, and far beyond those of a small database."""
    return 1 << 31 | int.from_bytes(hashlib.sha256(name.encode()).digest()[:3])
