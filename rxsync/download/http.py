"""Bytes over HTTP, as they are: identity coding, own redirects, no cookies, no proxy from the environment.

Floor 3, download. ``auto_decompress`` is off because a digest is of the bytes that are kept, and because
aiohttp 3.14 fails the next request on a connection that carried a compressed body.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http.client import responses
from types import TracebackType

import aiohttp

from rxsync.declare.body import Validators
from rxsync.download.reasons import explain
from rxsync.download.redirects import MOST_REDIRECTS, REDIRECTS, follow
from rxsync.download.transport import Answer
from rxsync.download.urls import Target, target_of
from rxsync.errors import DownloadError, HttpStatusError
from rxsync.urls import without_credentials
from rxsync.version import __version__

CONNECT = 30.0
FAULTS = (aiohttp.ClientError, TimeoutError, OSError)


class HttpTransport:
    """One pool of connections. An asynchronous context manager: on leaving, all of them are closed.

    Args:
        total: most connections at once.
        per_host: most of them to one host and port.
        idle: seconds without a byte after which an answer is given up.
    """

    def __init__(self, total: int, per_host: int, *, idle: float = 60.0) -> None:
        self._idle = idle
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=total, limit_per_host=per_host),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT, sock_read=idle),
            headers={"Accept-Encoding": "identity", "User-Agent": f"rxsync/{__version__}"},
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            middlewares=(_ask_once,),
        )

    async def __aenter__(self) -> HttpTransport:
        """Give itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection."""
        await self._session.close()

    @asynccontextmanager
    async def open(self, url: str, headers: Mapping[str, str], held: Validators) -> AsyncIterator[Answer]:
        """Ask for a file; the answer lasts as long as the context.

        Raises:
            HttpStatusError: the answer is neither the file nor a redirect.
            DownloadError: there is no answer, or a redirect that may not be followed.
        """
        target, asked, condition = target_of(url, headers), without_credentials(url), _condition(held)
        for _ in range(MOST_REDIRECTS + 1):
            async with await self._get(target, condition, asked) as response:
                location = response.headers.get("Location") if response.status in REDIRECTS else None
                if location is None:
                    yield self._answer(response, asked, conditional=bool(condition))
                    return
            target = follow(target, location, asked)
        raise DownloadError(asked, f"more than {MOST_REDIRECTS} redirects")

    async def _get(self, target: Target, condition: Mapping[str, str], asked: str) -> aiohttp.ClientResponse:
        try:
            return await self._session.get(target.url, headers={**condition, **target.private}, allow_redirects=False)
        except (_UnansweredError, *FAULTS) as error:
            cause = error.cause if isinstance(error, _UnansweredError) else error
            problem = self._explain(asked, cause)
        raise problem  # out here, so that aiohttp's error is not its context

    def _answer(self, response: aiohttp.ClientResponse, asked: str, *, conditional: bool) -> Answer:
        reading = _Reading(self, response, asked)
        if response.status == 304 and conditional:
            return Answer(reading.read, unchanged=True)
        if response.status != 200:
            raise HttpStatusError(asked, response.status, responses.get(response.status, ""))
        seen = Validators(response.headers.get("ETag"), response.headers.get("Last-Modified"))
        return Answer(reading.read, length=response.content_length, validators=seen)

    def _explain(self, asked: str, error: Exception) -> DownloadError:
        return explain(asked, error, idle=self._idle, connect=CONNECT)


class _Reading:
    """The body of one response.

    An answer with neither ``Content-Length`` nor chunked coding ends when its connection does, and aiohttp
    takes any end for that. Here only an orderly one counts; an orderly end too early cannot be told from the
    end, so what was cut off there is found by size or digest alone.
    """

    def __init__(self, transport: HttpTransport, response: aiohttp.ClientResponse, asked: str) -> None:
        self._transport, self._response, self._asked = transport, response, asked
        self._open_ended = response.content_length is None and "Transfer-Encoding" not in response.headers
        connection = response.connection if self._open_ended else None
        self._protocol = None if connection is None else connection.protocol

    async def read(self) -> bytes:
        """Give the next bytes; empty at the end.

        Raises:
            DownloadError: the connection broke before the end.
        """
        try:
            piece = await self._response.content.readany()
            if piece or not self._open_ended or self._ended_in_order():
                return piece
            raise aiohttp.ClientPayloadError
        except FAULTS as error:
            problem = self._transport._explain(self._asked, error)
        raise problem

    def _ended_in_order(self) -> bool:
        broken = None if self._protocol is None else self._protocol.exception()  # an empty queue is falsy
        return isinstance(broken, aiohttp.ServerDisconnectedError)


class _UnansweredError(Exception):
    """Carries a connection fault past aiohttp, which would ask again, unseen, if it saw the fault."""

    def __init__(self, cause: Exception) -> None:
        super().__init__()
        self.cause = cause


async def _ask_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Let one attempt be one request: how often to ask is ``retry.py``'s to decide and to count."""
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        cause = error
    raise _UnansweredError(cause)


def _condition(held: Validators) -> dict[str, str]:
    condition = {}
    if held.etag:
        condition["If-None-Match"] = held.etag
    if held.last_modified:
        condition["If-Modified-Since"] = held.last_modified
    return condition
