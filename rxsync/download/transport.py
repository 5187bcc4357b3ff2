"""What the downloader asks of a way to reach bytes.

Floor 3, download. ``http.py`` and ``files.py`` are the two ways.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

from rxsync.declare.body import Validators


def _nothing() -> None:
    """It takes nobody's place."""


class Answer(NamedTuple):
    """Somebody has the file and is about to give it, unless we hold it already.

    Attributes:
        read: gives the next bytes, of any number; empty at the end. It raises DownloadError if the end is no
            end.
        begins: where in the file the first of them stands; not 0 only where the rest was asked for.
        unchanged: it is the file whose validators we sent; there is nothing to read.
        length: how many bytes the file has, as is announced; None if that is not said.
        validators: what the answer said to recognise an unchanged file by.
        coding: what the answer says its bytes are compressed by, as it came; None if it says nothing.
        make_way: gives up its place among the downloads. Whoever reads at the pace of the line must: the line may wait
            for downloads that have no other place.
    """

    read: Callable[[], Awaitable[bytes]]
    unchanged: bool = False
    length: int | None = None
    validators: Validators = Validators()
    begins: int = 0
    coding: str | None = None
    make_way: Callable[[], None] = _nothing


class Rest(NamedTuple):
    """What is asked for of a file of which the beginning is here.

    Attributes:
        begins: where it begins, in bytes.
        length: how many bytes the whole has.
        condition: what the beginning is known by, a strong ETag or a date: of another file all is given.
    """

    begins: int
    length: int
    condition: str


class Transport(Protocol):
    """Opens URLs of one scheme."""

    def open(
        self, url: str, headers: Mapping[str, str], held: Validators, rest: Rest | None = None
    ) -> AbstractAsyncContextManager[Answer]:
        """Ask for a file; the answer lasts as long as the context.

        Args:
            url: where it is; may hold credentials.
            headers: what to send along, to the origin of ``url`` only.
            held: validators of the bytes we hold; empty if there are none, and then nothing is unchanged.
            rest: what is wanted of it; None for all. Who cannot give a part gives all.

        Raises:
            DownloadError: it cannot be had.
        """
