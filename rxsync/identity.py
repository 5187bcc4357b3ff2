"""Identity is content: the same key has the same sixteen bytes in every process, database and platform.

Floor 0. ``blake2b-128`` over an encoding in which each value carries its type and its length, so that two
different keys never encode alike. ``docs/decisions/0002-identity-is-content.md`` says why.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from typing import TypeAlias

from rxsync.errors import DeclarationError

SCHEME = 1
"""Version of the encoding. Another number gives other identities everywhere."""

SIZE = 16
"""Length of an identity, in bytes."""

Value: TypeAlias = str | bytes | int | bool | None
"""What a key may be made of. A reference to another row contributes that row's identity, as bytes."""


def encode(values: Iterable[Value]) -> bytes:
    """Write the values one after the other, each as tag, length, colon, payload.

    >>> encode(["a", 7, None])
    b's1:ai1:7n0:'

    Text is UTF-8 as it stands: nothing is folded, normalised or trimmed.

    Raises:
        DeclarationError: a value is of another type, or text that UTF-8 cannot express.
    """
    return b"".join(map(_encode_one, values))


def identify(scope: str, values: Iterable[Value]) -> bytes:
    """Compute the identity of a key within a scope (a content type, say).

    >>> identify("file.file", ["a", "00" * 32]).hex()
    '70d10f71b124c4718c303255a69c45b1'

    Raises:
        DeclarationError: as ``encode``.
    """
    return blake2b(_beginning(scope) + encode(values), digest_size=SIZE).digest()


@lru_cache(1024)
def _beginning(scope: str) -> bytes:
    return encode((SCHEME, scope))


def _encode_one(value: Value) -> bytes:
    if isinstance(value, str):  # first: the most frequent
        try:
            payload = value.encode()
        except UnicodeEncodeError:
            raise DeclarationError("key", value, "text that UTF-8 can express") from None
        return b"s%d:%b" % (len(payload), payload)
    if isinstance(value, bytes):
        return b"x%d:%b" % (len(value), value)
    if value is None:
        return b"n0:"
    if isinstance(value, bool):  # before int, which it is a kind of
        return b"b1:1" if value else b"b1:0"
    if isinstance(value, int):
        payload = b"%d" % value
        return b"i%d:%b" % (len(payload), payload)
    raise DeclarationError("key", value, "text, bytes, a whole number, a truth value or None")
