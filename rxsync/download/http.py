"""Bytes over HTTP, as they are: identity coding, own redirects, no cookies, nothing from the environment unasked.

Floor 3, download. ``auto_decompress`` is off because a digest is of the bytes that are kept, and because
aiohttp 3.14 fails the next request on a connection that carried a compressed body.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import TracebackType
from typing import NamedTuple

import aiohttp

from rxsync.declare.body import Validators
from rxsync.download.connector import Connector
from rxsync.download.credentials import Credentials, target_of
from rxsync.download.link import Link
from rxsync.download.patience import Patience
from rxsync.download.pauses import LONGEST, Pauses, read_retry_after
from rxsync.download.proxies import Choose, Proxy, proxies_of
from rxsync.download.reasons import TooSlowError, explain
from rxsync.download.redirects import MOST_REDIRECTS, REDIRECTS, follow
from rxsync.download.tempo import SECONDS, Tempo
from rxsync.download.transport import Answer
from rxsync.download.urls import Target
from rxsync.errors import DownloadError, HttpStatusError
from rxsync.urls import without_credentials
from rxsync.version import __version__

FAULTS = (aiohttp.ClientError, TimeoutError, OSError, UnicodeError, TooSlowError)  # the last for hosts that are none
_PHRASES = {status.value: status.phrase for status in HTTPStatus}


class HttpTransport:
    """One pool of connections. An asynchronous context manager: on leaving, all of them are closed.

    Args:
        link: how many connections at once, and how patiently.
        per_host: most of them to one host and port.
        credentials: what the origin of the source alone may hear.
        slow_for: seconds of waiting after which a server that is too slow is given up.
    """

    def __init__(
        self, link: Link, per_host: int, credentials: Credentials | None = None, *, slow_for: float = SECONDS
    ) -> None:
        origin, choose = None if credentials is None else credentials.origin, proxies_of(link)
        session = aiohttp.ClientSession(
            connector=Connector(link, origin, limit=link.max_concurrent, limit_per_host=per_host),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=link.connect_timeout),
            headers={"Accept-Encoding": "identity", "User-Agent": f"rxsync/{__version__}"},
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )
        # Private, and the only switch there is short of a middleware, which costs each request a dozen frames: one
        # attempt is one request, since how often to ask is retry.py's to decide and to count. A test holds it.
        session._retry_connection = False
        self._way = _Way(session, Patience(link.idle_timeout), Pauses(), link, slow_for, choose, credentials)

    async def __aenter__(self) -> HttpTransport:
        """Give itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection."""
        self._way.patience.close()
        await self._way.session.close()

    def open(self, url: str, headers: Mapping[str, str], held: Validators) -> _Opening:
        """Ask for a file; the answer lasts as long as the context.

        Raises:
            DownloadError: it is no valid URL.

        Raises, on entering:
            HttpStatusError: the answer is neither the file nor a redirect.
            DownloadError: there is no answer, or a redirect that may not be followed.
        """
        target = target_of(url, headers, self._way.credentials)
        return _Opening(self._way, target, url, held)


class _Way(NamedTuple):
    """What all requests of a transport share."""

    session: aiohttp.ClientSession
    patience: Patience
    pauses: Pauses
    link: Link
    slow_for: float
    choose: Choose
    credentials: Credentials | None


class _Opening:
    """One request, over its redirects. A class, since a generator would cost each file four frames."""

    def __init__(self, way: _Way, target: Target, url: str, held: Validators) -> None:
        self._way = way
        self._target, self._asked = target, without_credentials(url)
        self._condition = _condition(held)
        self._response: aiohttp.ClientResponse | None = None
        self._proxy: Proxy | None = None

    async def __aenter__(self) -> Answer:
        for _ in range(MOST_REDIRECTS + 1):
            response = await self._get()
            if response.status == HTTPStatus.UNAUTHORIZED:
                response = await self._renew(response)
            self._response = response
            location = response.headers.get("Location") if response.status in REDIRECTS else None
            try:
                if location is None:
                    return self._answer(response)
                self._target = follow(self._target, location, self._asked)
            except BaseException:
                response.release()
                raise
            response.release()
        raise DownloadError(self._asked, f"more than {MOST_REDIRECTS} redirects")

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._response is not None:
            self._response.release()

    async def _renew(self, refused: aiohttp.ClientResponse) -> aiohttp.ClientResponse:
        """Ask once more if the token has changed since; else the refusal stands."""
        credentials = self._way.credentials
        try:
            target = None if credentials is None else credentials.renewed(self._target)
        except BaseException:
            refused.release()
            raise
        if target is None:
            return refused
        refused.release()
        self._target = target
        return await self._get()

    async def _get(self) -> aiohttp.ClientResponse:
        headers = {**self._condition, **self._target.private}
        if self._way.pauses:
            await self._way.pauses.over(self._target.url.authority)
        url, session, proxy = self._target.url, self._way.session, self._way.choose(self._target.url)
        self._proxy = proxy
        try:
            with self._way.patience.waiting():
                if proxy is not None:
                    return await proxy.get(session, url, headers)
                return await session.get(url, headers=headers, allow_redirects=False)
        except FAULTS as error:
            problem = self._explain(error)
        raise problem  # out here, so that aiohttp's error is not its context

    def _answer(self, response: aiohttp.ClientResponse) -> Answer:
        reading = _Reading(
            self._way.patience, Tempo(self._way.link.min_rate, self._way.slow_for), response, self._explain
        )
        if response.status == 304 and self._condition:
            return Answer(reading.read, unchanged=True)
        if response.status != 200:
            raise self._refusal(response)
        seen = Validators(_sent(response, "ETag"), _sent(response, "Last-Modified"))
        return Answer(reading.read, length=response.content_length, validators=seen)

    def _refusal(self, response: aiohttp.ClientResponse) -> HttpStatusError:
        """Put an answer that is none into words; where it asks for a pause, make one."""
        status = response.status
        error = HttpStatusError(self._asked, status, _PHRASES.get(status, ""))
        if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED and self._proxy is not None:
            error.reason += f" by proxy {self._proxy.name}"
        if error.transient:
            error.retry_after = read_retry_after(_sent(response, "Retry-After"))
        if error.retry_after is not None and error.retry_after > LONGEST:
            error.transient = False
            error.reason += f", and asks to wait {error.retry_after:.0f} s, more than {LONGEST:.0f}"
        elif error.retry_after is not None:
            self._way.pauses.begin(self._target.url.authority, error.retry_after)
        return error

    def _explain(self, error: Exception) -> DownloadError:
        return explain(self._asked, error, self._way.link, self._way.slow_for, self._proxy)


class _Reading:
    """The body of one response.

    An answer with neither ``Content-Length`` nor chunked coding ends when its connection does, and aiohttp
    takes any end for that. Here only an orderly one counts; an orderly end too early cannot be told from the
    end, so what was cut off there is found by size or digest alone.
    """

    def __init__(
        self,
        patience: Patience,
        tempo: Tempo,
        response: aiohttp.ClientResponse,
        explain: Callable[[Exception], DownloadError],
    ) -> None:
        self._patience, self._tempo, self._response, self._explain = patience, tempo, response, explain
        self._open_ended = response.content_length is None and "Transfer-Encoding" not in response.headers
        connection = response.connection if self._open_ended else None
        self._protocol = None if connection is None else connection.protocol

    async def read(self) -> bytes:
        """Give the next bytes; empty at the end.

        Raises:
            DownloadError: the connection broke before the end.
        """
        try:
            content = self._response.content
            piece = content.read_nowait()
            if not piece and not content.at_eof():  # else all is here: a small file comes with its head
                began = self._patience.loop.time()
                with self._patience.waiting():
                    piece = await content.readany()
                if self._tempo.is_too_slow(len(piece), self._patience.loop.time() - began):
                    raise TooSlowError
            if piece or not self._open_ended or self._ended_in_order():
                return piece
            raise aiohttp.ClientPayloadError
        except FAULTS as error:
            problem = self._explain(error)
        raise problem

    def _ended_in_order(self) -> bool:
        broken = None if self._protocol is None else self._protocol.exception()  # an empty queue is falsy
        return isinstance(broken, aiohttp.ServerDisconnectedError)


def _sent(response: aiohttp.ClientResponse, name: str) -> str | None:
    """Give a header; None where it has bytes that are no text, which no database keeps."""
    value: str | None = response.headers.get(name)
    return value if value is not None and value.isprintable() else None


def _condition(held: Validators) -> dict[str, str]:
    condition = {}
    if held.etag:
        condition["If-None-Match"] = held.etag
    if held.last_modified:
        condition["If-Modified-Since"] = held.last_modified
    return condition
