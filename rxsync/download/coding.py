"""Compressed metadata, decoded in pieces, and refused where little becomes too much.

Floor 3, download. ``Decoder`` has no I/O. What becomes of a file that is kept is nobody's business here: an artifact is
the bytes it came as, whatever a server says of their coding.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial
from typing import NamedTuple, Protocol, get_args

from rxsync.errors import DeclarationError, DownloadError, MetadataError
from rxsync.ports.downloader import Coding
from rxsync.threads import in_thread

MOST = 2 << 30
"""Longest text that is accepted, in bytes."""

RATIO = 200
"""Most bytes of text that one byte may become, on the whole; text itself comes to 5 or 10, seldom to 50."""

FLOOR = 1 << 20
"""A text no longer than this may be as regular as it likes, in bytes."""

ACCEPTED = "gzip, deflate"
"""What metadata may be compressed by on its way: what the standard library knows, and servers speak."""

_OUT = 256 << 10
_IN = 64 << 10  # what is left after the end of a member is copied: so no more than this is, however many there are
_QUICK = 16 << 10
_MEMORY = 80 << 20  # xz -9 asks for 65 MiB; a header may ask for 4 GiB

_FAULTS = (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError)


class _Member(Protocol):
    """One compressed stream; the modules of the standard library agree on this."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Deflated:
    """One stream of zlib's, which leaves to its caller what the others keep: input that is not used up yet."""

    def __init__(self, bits: int) -> None:
        self._inner = zlib.decompressobj(bits)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


class _Format(NamedTuple):
    """How a coding looks.

    Attributes:
        member: makes a decoder of one stream.
        magic: what each stream begins with; empty where that says nothing, and then there is one stream alone.
        strict: whether what follows the last stream is an error, as it is to ``xz``, or passed over, as by ``gzip``.
    """

    member: Callable[[], _Member]
    magic: bytes
    strict: bool = False


_FORMATS = {
    "gzip": _Format(partial(_Deflated, 16 + zlib.MAX_WBITS), b"\x1f\x8b"),
    "xz": _Format(partial(lzma.LZMADecompressor, lzma.FORMAT_XZ, _MEMORY), b"\xfd7zXZ\0", strict=True),
    "bz2": _Format(bz2.BZ2Decompressor, b"BZh"),
    "zlib": _Format(partial(_Deflated, zlib.MAX_WBITS), b"", strict=True),
    "raw deflate": _Format(partial(_Deflated, -zlib.MAX_WBITS), b"", strict=True),
}


def decoder_of(name: str, coding: Coding | None, said: str | None) -> Decoder | None:
    """Choose how to decode an answer; None where it is text as it is.

    Args:
        name: what to call the text in an error.
        coding: what the file itself is compressed by; whatever ``said`` says of it is the same once more.
        said: the ``Content-Encoding`` of the answer, where it is text that may have been compressed for the way.

    Raises:
        DeclarationError: nobody knows ``coding``.
        DownloadError: ``said`` is not what was asked for.
    """
    if coding is not None:
        if coding not in get_args(Coding):
            raise DeclarationError("coding", coding, ", ".join(get_args(Coding)))
        return Decoder(name, coding)
    match (said or "identity").strip().lower():
        case "identity" | "":
            return None
        case "gzip" | "x-gzip":
            return Decoder(name, "gzip")
        case "deflate":
            return Decoder(name, "deflate")
    raise DownloadError(name, f"it comes in the coding {said!r}; expected {ACCEPTED} or none")


class Decoder:
    r"""Makes text of compressed bytes, a bounded piece at a time.

    >>> decoder = Decoder("here", "gzip")
    >>> decoder.decode(zlib.compress(b"text", wbits=31)), decoder.decode(), decoder.close()
    (b'text', b'', None)

    A file may be of several streams, one after the other, and zero bytes after one are padding. What else follows the
    last one is passed over by ``gzip`` and ``bzip2``, and an error to ``xz``: so it is here.

    Args:
        name: what to call the text in an error, such as its URL.
        coding: ``gzip``, ``xz``, ``bz2``, or ``deflate``, with its header or, as some servers send it, without.
        most: longest text that is accepted, in bytes.
        ratio: most bytes of text that one byte may become, on the whole.
    """

    def __init__(self, name: str, coding: str, *, most: int = MOST, ratio: int = RATIO) -> None:
        self._name, self._coding, self._most, self._ratio = name, coding, most, ratio
        self._format = _FORMATS.get(coding)
        self._member: _Member | None = None
        self._ahead = b""  # bytes that may become the beginning of a stream
        self._begun = self._over = False
        self._taken = self._given = 0

    def decode(self, piece: bytes = b"") -> bytes:
        """Take the next bytes, give at most 256 KiB of text; to be called without bytes until it gives none.

        Raises:
            MetadataError: they are not of this coding, or become too much; names what came.
        """
        self._taken += len(piece)
        try:
            text = self._decode(piece)
        except _FAULTS as error:
            problem = MetadataError(f"{self._name}: broken {self._coding} after {self._given} bytes of text: {error}")
        else:
            self._given += len(text)
            self._watch()
            return text
        raise problem

    def close(self) -> None:
        """Say that these were all.

        Raises:
            MetadataError: there should have been more.
        """
        if self._ahead and self._begun and not self._over:
            self._follow(self._ahead)
        if self._member is not None or not self._begun:
            raise MetadataError(
                f"{self._name}: the {self._coding} ends in its middle, after {self._given} bytes of text"
            )

    def _decode(self, piece: bytes) -> bytes:
        while not self._over:
            if self._member is None:
                piece = self._begin(self._ahead + piece)
            member = self._member
            if member is None:
                break
            text, piece = member.decompress(piece, _OUT), b""
            if member.eof:
                self._member, self._ahead = None, member.unused_data
            elif not text:
                break
            if text:
                return text
        return b""

    def _begin(self, ahead: bytes) -> bytes:
        """Begin a stream, if one begins here; give its bytes."""
        self._format = form = self._format or _deflated(ahead)
        if self._begun:
            ahead = ahead.lstrip(b"\0")
        self._ahead = ahead
        if form is None or not ahead or (len(ahead) < len(form.magic) and form.magic.startswith(ahead)):
            return b""
        if self._begun and not (form.magic and ahead.startswith(form.magic)):
            self._follow(ahead)
            return b""
        if not ahead.startswith(form.magic):
            raise ValueError(f"it begins with {ahead[:6].hex(' ')}, expected {form.magic.hex(' ')}")
        self._member, self._ahead, self._begun = form.member(), b"", True
        return ahead

    def _follow(self, rest: bytes) -> None:
        """Pass over what follows the last stream, or refuse it."""
        self._ahead, self._over = b"", True
        if self._format and self._format.strict:
            raise MetadataError(f"{self._name}: after the end of the {self._coding} comes {rest[:6].hex(' ')}")

    def _watch(self) -> None:
        if self._given > self._most:
            self._refuse(f"more than {self._most} bytes are not read")
        if self._given > FLOOR and self._given > self._ratio * self._taken:
            self._refuse(f"more than {self._ratio} times as many are not read")

    def _refuse(self, rule: str) -> None:
        raise MetadataError(
            f"{self._name}: {self._taken} bytes of {self._coding} became {self._given} bytes of text: {rule}"
        )


def _deflated(ahead: bytes) -> _Format | None:
    """Tell whether what calls itself deflate has the header it should have; None if it cannot be told yet."""
    if len(ahead) < 2:
        return None
    zlibs = ahead[0] & 0x0F == 8 and int.from_bytes(ahead[:2], "big") % 31 == 0
    return _FORMATS["zlib" if zlibs else "raw deflate"]


async def decoded(pieces: AsyncGenerator[bytes, None], decoder: Decoder) -> AsyncGenerator[bytes, None]:
    """Decode pieces as they come, in a thread where that is not done in a moment; closes ``pieces`` in the end.

    Raises:
        MetadataError: they are not of this coding, become too much, or end too early.
    """
    async with aclosing(pieces):
        async for piece in pieces:
            quick = len(piece) < _QUICK
            for start in range(0, len(piece), _IN):
                step = piece[start : start + _IN]
                while text := decoder.decode(step) if quick else await in_thread(None, partial(decoder.decode, step)):
                    yield text
                    step = b""
    decoder.close()
