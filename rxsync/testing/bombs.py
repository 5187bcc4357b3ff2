"""Little on the wire, much in memory: a compressed text as long as anybody likes.

Floor 6, testing. Deflate lets one compressed block be repeated, so a bomb of gibibytes costs its sender little.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import AsyncGenerator

from rxsync.testing.scripts import Script, answer, as_chunk

BLOCK = (b"0" * 63 + b"\n") * (1 << 14)
"""1 MiB of short lines: what reads lines finds nothing to complain of."""


def gzip_bomb(size: int, *, encoded: bool = True) -> Script:
    """Script a text that is a thousandth of its size on the wire: lines of 63 zeros.

    Args:
        size: of the text, in bytes; rounded down to whole MiB.
        encoded: whether ``Content-Encoding`` says so; else it is a ``.gz`` file, as it is.
    """

    async def pieces() -> AsyncGenerator[bytes, None]:
        block, crc, count = _deflated(), 0, size // len(BLOCK)
        yield as_chunk(b"\x1f\x8b\x08\0\0\0\0\0\0\xff")
        for _ in range(count):
            crc = zlib.crc32(BLOCK, crc)
            yield as_chunk(block)
        yield as_chunk(b"\x03\0" + struct.pack("<II", crc, count * len(BLOCK) & 0xFFFFFFFF)) + as_chunk(b"")

    plain = answer(length=None, Transfer_Encoding="chunked")
    head = answer(length=None, Transfer_Encoding="chunked", Content_Encoding="gzip") if encoded else plain
    return Script(head.wire, more=pieces)


def _deflated() -> bytes:
    """Pack one block so that it may be repeated: it refers to nothing before it, and ends at a whole byte."""
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    return packer.compress(BLOCK) + packer.flush(zlib.Z_FULL_FLUSH)
