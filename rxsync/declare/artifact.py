"""One file that a source declares.

Floor 1, declare.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rxsync.declare.body import Body, Validators
from rxsync.declare.paths import check_relative_path
from rxsync.errors import DeclarationError, DigestMismatchError, SizeMismatchError
from rxsync.models import DIGEST_SIZES

_is_hex = re.compile(r"[0-9a-f]+").fullmatch
_NOTHING: Mapping[str, str] = {}


class StoredFile(NamedTuple):
    """Bytes that are in the store, as the line passes them on.

    Attributes:
        artifact_id: key of the ``Artifact`` row.
        sha256: name of the bytes, 64 lower-case hex digits.
        size: length in bytes.
    """

    artifact_id: int
    sha256: str
    size: int


class SavedFile(NamedTuple):
    """A file of a saved unit, as the database has it.

    Attributes:
        row: key of the ``ContentArtifact``.
        stored: its bytes; None if they are not here.
    """

    row: int
    stored: StoredFile | None


class DeclarativeArtifact:
    """One file to be fetched, kept, and served at ``relative_path``.

    Declared, and read-only from then on:
        urls: where the bytes may be had, best first. A single string is a list of one; may be empty if there is a body.
        relative_path: path in a publication, POSIX, relative, without ``.`` or ``..``.
        digests: algorithm (as ``hashlib`` spells it) to lower-case hex; may be empty. With a body, all that it has.
        size: length of the bytes, in bytes; None if the source does not say. With a body, its size.
        deferred: True: leave the bytes for later; False: fetch them now; None: as the policy says.
        headers: request headers of this file alone; of several URLs those at the origin of the first hear them.

    Declared, and the plugin's own steps may change it:
        extra_data: whatever they want to know.

    Learnt on the way:
        stored: the bytes in the store; None until they are there.
        body: the bytes that were fetched, or came with the declaration, and are not yet in the store; None otherwise.
        saved: the file as the database had it when it was asked; None if the unit was not saved with it.
        row: key of the file's row, once saved; written anew by each attempt of a transaction.
        validators: what the remote said to know the bytes by; looked up where no digest is declared.
        validators_of: the URL it said so of, without credentials.

    Raises:
        DeclarationError: a field is impossible; names the field and the value.
        IntegrityError: the body has another size or digest than is declared.

    Follows: ``pulpcore.plugin.stages.DeclarativeArtifact``.
    """

    __slots__ = (
        "_deferred",
        "_digests",
        "_headers",
        "_relative_path",
        "_size",
        "_urls",
        "body",
        "extra_data",
        "row",
        "saved",
        "stored",
        "validators",
        "validators_of",
    )

    extra_data: object

    def __init__(
        self,
        urls: str | Sequence[str],
        relative_path: str,
        *,
        digests: Mapping[str, str] | None = None,
        size: int | None = None,
        deferred: bool | None = None,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
        extra_data: object = None,
    ) -> None:
        self._urls = (urls,) if isinstance(urls, str) else tuple(urls)
        if "" in self._urls or not (self._urls or body):
            raise DeclarationError("urls", urls, "one URL or more, or a body")
        self._relative_path = check_relative_path(relative_path)
        self._digests = _check_digests(digests) if digests else _NOTHING
        if size is not None and size < 0:
            raise DeclarationError("size", size, "a number of bytes, 0 or more")
        self._size, self._deferred = size, deferred
        if body is not None:
            self._check_body(body)
            self._digests, self._size = body.digests, body.size
        self._headers = dict(headers) if headers else _NOTHING
        self.extra_data = extra_data
        self.stored: StoredFile | None = None
        self.body: Body | None = body
        self.saved: SavedFile | None = None
        self.row: int | None = None
        self.validators: Validators | None = None
        self.validators_of: str | None = None

    @property
    def urls(self) -> tuple[str, ...]:
        """Where the bytes may be had, best first."""
        return self._urls

    @property
    def relative_path(self) -> str:
        """Path in a publication."""
        return self._relative_path

    @property
    def digests(self) -> Mapping[str, str]:
        """Declared digests, algorithm to lower-case hex."""
        return self._digests

    @property
    def size(self) -> int | None:
        """Declared length, in bytes."""
        return self._size

    @property
    def deferred(self) -> bool | None:
        """Whether the bytes are left for later; None: as the policy says."""
        return self._deferred

    @property
    def headers(self) -> Mapping[str, str]:
        """Request headers of this file alone."""
        return self._headers

    def __repr__(self) -> str:
        return f"<DeclarativeArtifact {self._relative_path}>"

    def _check_body(self, body: Body) -> None:
        if self._deferred:
            raise DeclarationError("deferred", True, "False or None, since the bytes are here")
        where = str(body.path or self._relative_path)
        if self._size is not None and self._size != body.size:
            raise SizeMismatchError(where, self._size, body.size)
        for algorithm, declared in self._digests.items():
            received = body.digests.get(algorithm)
            if received is None:
                raise DeclarationError(f"digests[{algorithm}]", declared, f"a body with its {algorithm}, to compare")
            if received != declared:
                raise DigestMismatchError(where, algorithm, declared, received)


def first_digest(digests: Mapping[str, str]) -> str:
    """The algorithm by which a file with these digests, at least one, is known: the first of ``DIGEST_SIZES``.

    >>> first_digest({"md5": "00", "sha512": "00"})
    'sha512'
    """
    if "sha256" in digests:  # nearly always
        return "sha256"
    return next(algorithm for algorithm in DIGEST_SIZES if algorithm in digests)


def _check_digests(digests: Mapping[str, str]) -> Mapping[str, str]:
    for algorithm, digest in digests.items():
        length = DIGEST_SIZES.get(algorithm)
        if length is None:
            raise DeclarationError("digests", algorithm, f"one of {', '.join(DIGEST_SIZES)}")
        if len(digest) != length or not _is_hex(digest):
            raise DeclarationError(f"digests[{algorithm}]", digest, f"{length} lower-case hex digits")
    return dict(digests)
