"""Files that can be had, and what goes wrong with them: the same words for a remote in memory and one over HTTP.

Floor 6, testing. ``remote.py`` answers from here without a wire; ``HttpUpstream`` answers over a real one.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple
from urllib.parse import quote, unquote

from rxsync.declare import Validators
from rxsync.testing.faults import FaultServer, Script, Seen, answer, truncated


class Turn(NamedTuple):
    """What one request gets.

    Attributes:
        status: HTTP status; 200 comes with a body, 304 says that the asker holds it.
        data: the body.
        validators: what it may be recognised by.
        end: after how many bytes of the body the connection breaks; None: it does not.
    """

    status: int
    data: bytes = b""
    validators: Validators = Validators()
    end: int | None = None


class Upstream(ABC):
    """Files by path, and faults that take turns in the order in which they were asked for.

    Where a method takes a ``path``, it is below an origin, or a whole URL.
    """

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        self._faults: dict[str, deque[_Fault]] = {}
        self._holds: dict[str, asyncio.Event] = {}

    @abstractmethod
    def url(self, path: str) -> str:
        """Give the URL of ``path``; a URL stays what it is, but for credentials."""

    @abstractmethod
    def count(self, path: str) -> int:
        """How many requests there were for ``path``; each attempt is one."""

    @abstractmethod
    async def until_open(self, count: int) -> None:
        """Wait until ``count`` requests are being answered at once."""

    def put(self, path: str, data: bytes, *, etag: str | None = None, last_modified: str | None = None) -> str:
        """Have ``data`` at ``path`` from now on; answers its URL.

        Args:
            path: where.
            data: the bytes.
            etag: what an answer says to recognise them by, in its quotes.
            last_modified: likewise, a date as HTTP writes it.
        """
        self._files[self.url(path)] = _File(data, Validators(etag, last_modified))
        return self.url(path)

    def remove(self, path: str) -> None:
        """Have nothing at ``path`` any more: it answers 404, as does whatever was never there.

        Raises:
            KeyError: there was nothing.
        """
        del self._files[self.url(path)]

    # -- what goes wrong, so many times; None: from now on

    def fail(self, path: str, status: int = 503, *, times: int | None = None) -> None:
        """Answer with an HTTP status instead."""
        self._add(path, _Fault(times, status=status))

    def corrupt(self, path: str, data: bytes | None = None, *, times: int | None = None) -> None:
        """Give other bytes: ``data``, or those that are there with one bit flipped."""
        self._add(path, _Fault(times, change=_flip if data is None else lambda _: data))

    def cut_off(self, path: str, at: int = 0, *, times: int | None = None) -> None:
        """Break the connection after ``at`` bytes of the body, which was announced in full."""
        self._add(path, _Fault(times, end=at))

    def mend(self, path: str) -> None:
        """Forget what was to go wrong with ``path``."""
        self._faults.pop(self.url(path), None)

    def hold(self, path: str, until: asyncio.Event) -> None:
        """Let each request for ``path`` wait for the event before it is answered."""
        self._holds[self.url(path)] = until

    def _add(self, path: str, fault: _Fault) -> None:
        self._faults.setdefault(self.url(path), deque()).append(fault)

    def _turn(self, url: str, held: Validators) -> Turn:
        """Say what the next request for a URL gets."""
        fault, file = self._next_fault(url), self._files.get(url)
        if fault.status is not None or file is None:
            return Turn(fault.status or 404)
        if fault is _NO_FAULT and _is_unchanged(file.validators, held):
            return Turn(304, validators=file.validators)
        return Turn(200, fault.change(file.data), file.validators, fault.end)

    def _next_fault(self, url: str) -> _Fault:
        faults = self._faults.get(url)
        if not faults:
            return _NO_FAULT
        fault = faults[0]
        if fault.left is not None:
            fault.left -= 1
            if fault.left == 0:
                faults.popleft()
        return fault


class HttpUpstream(Upstream):
    """The files are behind a server on a real socket.

    Args:
        server: answers for them.
    """

    def __init__(self, server: FaultServer) -> None:
        super().__init__()
        self._server = server

    def url(self, path: str) -> str:
        """Give the URL of ``path``, and answer for it from now on."""
        url = path if "://" in path else self._server.url(f"/{quote(path)}")
        self._server.serve(url.removeprefix(self._server.origin), partial(self._reply, url))
        return url

    def count(self, path: str) -> int:
        """How many requests there were for ``path``; each attempt is one."""
        return sum(unquote(seen.path) == f"/{path}" for seen in self._server.seen)

    async def until_open(self, count: int) -> None:
        """Wait until ``count`` requests are being answered at once."""
        await self._server.until_open(count)

    def _reply(self, url: str, seen: Seen) -> Script:
        asked = seen.headers
        turn = self._turn(url, Validators(asked.get("if-none-match"), asked.get("if-modified-since")))
        script = _script(turn)
        if url in self._holds:
            return Script(b"", script.end, self._holds[url], script.wire)
        return script


def _script(turn: Turn) -> Script:
    if turn.end is not None:
        return truncated(turn.data, turn.end)
    said = {"ETag": turn.validators.etag, "Last_Modified": turn.validators.last_modified}
    return answer(turn.data, turn.status, length=-1, **{name: value for name, value in said.items() if value})


class _File(NamedTuple):
    data: bytes
    validators: Validators


@dataclass
class _Fault:
    """What goes wrong, ``left`` times more; None: for ever."""

    left: int | None = None
    status: int | None = None
    change: Callable[[bytes], bytes] = lambda data: data
    end: int | None = None


_NO_FAULT = _Fault()


def _flip(data: bytes) -> bytes:
    """Have one wrong bit, or one byte too many where there is none."""
    return bytes([data[0] ^ 1]) + data[1:] if data else b"\0"


def _is_unchanged(now: Validators, held: Validators) -> bool:
    """An ETag counts before a date, as in HTTP."""
    if held.etag is not None:
        return held.etag == now.etag
    return held.last_modified is not None and held.last_modified == now.last_modified
