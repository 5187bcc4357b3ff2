"""In which line of a TOML text each key stands, which ``tomllib`` does not say.

Floor 4, config. Reads what ``tomllib`` has accepted, so it finds its way by the shape of things and checks nothing.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from contextlib import suppress

Path = tuple[str, ...]

_BLANK = re.compile(r"(?:\s|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_NAME = re.compile(r'"(?:[^"\\\n]|\\.)*"|' r"'[^'\n]*'|[^\s.=\[\]#\"']+")
_TEXT = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|' r"'''.*?'{3,5}|" r'"(?:[^"\\\n]|\\.)*"|' r"'[^'\n]*'", re.DOTALL
)  # three quotes end a text of many lines, and two more may stand before them
_PLAIN = re.compile(r"[^,\]}#\n]+")


def lines_of_keys(text: str) -> dict[Path, int]:
    r"""Find where each key and each table first stands; from 1.

    >>> lines_of_keys('[a]\nb = "x"\n\n[a.c]\n"d e" = {f = 1}')
    {('a',): 1, ('a', 'b'): 2, ('a', 'c'): 4, ('a', 'c', 'd e'): 5, ('a', 'c', 'd e', 'f'): 5}

    Args:
        text: valid TOML. Of any other, what could be found before the way was lost.
    """
    scanner = _Scanner(text)
    with suppress(_LostError, RecursionError):  # a line is a kindness: without it the error names the table
        scanner.document()
    return scanner.found


class _LostError(Exception):
    """Something else stands here than there must."""


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.ends = [match.start() for match in re.finditer("\n", text)]
        self.found: dict[Path, int] = {}

    def document(self) -> None:
        table: Path = ()
        self.take(_BLANK)
        while self.at < len(self.text):
            if self.skip("["):
                self.skip("[")
                self.take(_SPACE)
                table = self.key(())
                self.skip("]")
                self.skip("]")
            else:
                self.pair(table)
            self.take(_BLANK)

    def pair(self, table: Path) -> None:
        path = self.key(table)
        self.expect("=")
        self.take(_BLANK)
        self.value(path)

    def key(self, table: Path) -> Path:
        """Read ``a."b c".d``, and note where it stands."""
        line = bisect_right(self.ends, self.at - 1) + 1
        while True:
            table = (*table, _plain(self.take(_NAME)))
            self.found.setdefault(table, line)
            self.take(_SPACE)
            if not self.skip("."):
                return table
            self.take(_SPACE)

    def value(self, path: Path) -> None:
        if self.skip("{"):
            while not self.over("}"):
                self.pair(path)
        elif self.skip("["):
            while not self.over("]"):
                self.value(path)
        else:
            self.take(_TEXT if self.text[self.at : self.at + 1] in ('"', "'") else _PLAIN)

    def over(self, end: str) -> bool:
        self.take(_BLANK)
        if self.skip(","):
            self.take(_BLANK)
        return self.skip(end)

    def take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise _LostError
        self.at = match.end()
        return match[0]

    def skip(self, sign: str) -> bool:
        here = self.text.startswith(sign, self.at)
        self.at += len(sign) if here else 0
        return here

    def expect(self, sign: str) -> None:
        if not self.skip(sign):
            raise _LostError


def _plain(name: str) -> str:
    return str(tomllib.loads(f"x = {name}")["x"]) if name[0] in "\"'" else name
