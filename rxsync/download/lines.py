"""Text lines out of bytes, strictly, in bounded memory.

Floor 3, download. ``LineSplitter`` has no I/O: bytes go in as they come, whole lines come out. It works on
blocks of lines, and looks at single ones only where a block is at fault.
"""

from __future__ import annotations

import re

from rxsync.errors import MetadataError

BOM = b"\xef\xbb\xbf"
# What text does not hold: control bytes but for tab and the ends of lines. To delete them from a block and
# see whether it became shorter is ten times as fast as to search for them.
_CONTROLS = bytes(set(range(0x20)) - set(b"\t\n\r")) + b"\x7f"
_CONTROL = re.compile(b"[" + re.escape(_CONTROLS) + rb"\r]")


class LineSplitter:
    r"""Cuts a stream of bytes into lines of text: UTF-8, ended by LF or CRLF, a byte order mark dropped.

    >>> splitter = LineSplitter("here", longest=10)
    >>> splitter.feed(b"a,1\r\nb"), splitter.feed(b",2\nc,"), splitter.close()
    (['a,1'], ['b,2'], ['c,'])

    Args:
        name: what to call the text in an error, such as its URL.
        longest: longest line that is accepted, in bytes, without its end. No more than that and one piece is
            kept.
    """

    def __init__(self, name: str, longest: int) -> None:
        self._name, self._longest = name, longest
        self._number = 0  # lines given so far
        self._begun: list[bytes] = []  # pieces of the line whose end has not come
        self._length = 0  # bytes in them
        self._may_hold_bom = True

    def feed(self, piece: bytes) -> list[str]:
        """Take the next bytes, give the lines that are whole now.

        Raises:
            MetadataError: a line is too long, no UTF-8, or holds control bytes; names it by its number.
        """
        cut = piece.rfind(b"\n") + 1
        if not cut:
            self._begin(piece)
            return []
        self._begun.append(piece[:cut])
        block, self._begun, self._length = b"".join(self._begun), [], 0
        lines = self._decode(block)
        self._begin(piece[cut:])
        return lines

    def close(self) -> list[str]:
        """Say that these were all; give the last line, if it had no end.

        Raises:
            MetadataError: as ``feed``.
        """
        block, self._begun, self._length = b"".join(self._begun), [], 0
        return self._decode(block + b"\n") if block.removeprefix(BOM if self._may_hold_bom else b"") else []

    def _begin(self, piece: bytes) -> None:
        """Keep the beginning of a line, unless it is too long already, whatever its end may be."""
        self._begun.append(piece)
        self._length += len(piece)
        if self._length > self._longest + len(BOM) + len(b"\r"):
            raise self._at_fault(1, self._too_long())

    def _decode(self, block: bytes) -> list[str]:
        if self._may_hold_bom:
            self._may_hold_bom, block = False, block.removeprefix(BOM)
        if len(block) > self._longest or len(block.translate(None, _CONTROLS)) < len(block):
            self._find_fault(block)
        try:
            lines = block.decode().split("\n")
        except UnicodeDecodeError:
            self._find_fault(block)
            raise
        lines.pop()
        if b"\r" in block:
            if block.count(b"\r") > block.count(b"\r\n"):
                self._find_fault(block)
            lines = [line.removesuffix("\r") for line in lines]
        self._number += len(lines)
        return lines

    def _find_fault(self, block: bytes) -> None:
        """Raise for the first line of the block that is at fault; return if none is."""
        for number, line in enumerate(block.split(b"\n")[:-1], 1):
            if fault := self._fault(line.removesuffix(b"\r")):
                raise self._at_fault(number, fault)

    def _fault(self, line: bytes) -> str | None:
        if len(line) > self._longest:
            return self._too_long()
        try:
            line.decode()
        except UnicodeDecodeError as error:
            return f"byte 0x{line[error.start]:02x} at {error.start} is no UTF-8; this does not look like text"
        if control := _CONTROL.search(line):
            return f"holds the control byte 0x{line[control.start()]:02x}; this does not look like text"
        return None

    def _too_long(self) -> str:
        return f"longer than {self._longest} bytes"

    def _at_fault(self, number: int, fault: str) -> MetadataError:
        return MetadataError(f"{self._name}: line {self._number + number}: {fault}")
