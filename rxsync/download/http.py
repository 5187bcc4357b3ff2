"""Bytes over HTTP, as they are: identity coding, own redirects, no cookies, nothing from the environment unasked.

Floor 3, download. ``auto_decompress`` is off because a digest is of the bytes that are kept, and because
aiohttp 3.14 fails the next request on a connection that carried a compressed body.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from types import TracebackType
from typing import NamedTuple

import aiohttp

from rxsync.declare.body import Validators
from rxsync.download.connector import Connector
from rxsync.download.credentials import Credentials, target_of
from rxsync.download.limits import Limits
from rxsync.download.link import Link
from rxsync.download.patience import Patience
from rxsync.download.pauses import LONGEST, Pauses, read_retry_after
from rxsync.download.places import Place
from rxsync.download.proxies import Choose, Proxy, proxies_of
from rxsync.download.ranges import NOT_SATISFIABLE, PARTIAL, ask_for, is_rest
from rxsync.download.reading import FAULTS, Reading
from rxsync.download.reasons import explain
from rxsync.download.redirects import MOST_REDIRECTS, REDIRECTS, follow
from rxsync.download.tempo import SECONDS, Tempo
from rxsync.download.transport import Answer, Rest
from rxsync.download.urls import Target
from rxsync.errors import DownloadError, HttpStatusError, may_pass
from rxsync.urls import host_of, without_credentials
from rxsync.version import __version__

_PHRASES = {status.value: status.phrase for status in HTTPStatus}


class HttpTransport:
    """One pool of connections. An asynchronous context manager: on leaving, all of them are closed.

    Args:
        link: how patiently.
        limits: how many at once, how often and how fast.
        credentials: what the origin of the source alone may hear.
        slow_for: seconds of waiting after which a server that is too slow is given up.
    """

    def __init__(
        self, link: Link, limits: Limits, credentials: Credentials | None = None, *, slow_for: float = SECONDS
    ) -> None:
        origin, choose = None if credentials is None else credentials.origin, proxies_of(link)
        session = aiohttp.ClientSession(
            connector=Connector(link, origin),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=link.connect_timeout),
            headers={"Accept-Encoding": "identity", "User-Agent": f"rxsync/{__version__}"},
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )
        # Private, and the only switch there is short of a middleware, which costs each request a dozen frames: one
        # attempt is one request, since how often to ask is retry.py's to decide and to count. A test holds it.
        session._retry_connection = False
        patience = Patience(link.idle_timeout)
        self._way = _Way(session, patience, Pauses(), link, limits, slow_for, choose, credentials)

    async def __aenter__(self) -> HttpTransport:
        """Give itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection."""
        self._way.patience.close()
        await self._way.session.close()

    def open(self, url: str, headers: Mapping[str, str], held: Validators, rest: Rest | None = None) -> _Opening:
        """Ask for a file; the answer lasts as long as the context.

        Raises:
            DownloadError: it is no valid URL.

        Raises, on entering:
            HttpStatusError: the answer is neither the file nor a redirect.
            DownloadError: there is no answer, or a redirect that may not be followed.
        """
        target = target_of(url, headers, self._way.credentials)
        return _Opening(self._way, target, url, held, rest)


class _Way(NamedTuple):
    """What all requests of a transport share."""

    session: aiohttp.ClientSession
    patience: Patience
    pauses: Pauses
    link: Link
    limits: Limits
    slow_for: float
    choose: Choose
    credentials: Credentials | None


class _Opening:
    """One request, over its redirects. A class, since a generator would cost each file four frames."""

    def __init__(self, way: _Way, target: Target, url: str, held: Validators, rest: Rest | None) -> None:
        self._way, self._rest = way, rest
        self._target, self._asked = target, without_credentials(url)
        self._host = host_of(self._asked) or ""
        self._place = Place(way.limits.places)
        self._condition = _condition(held)
        self._response: aiohttp.ClientResponse | None = None
        self._proxy: Proxy | None = None

    async def __aenter__(self) -> Answer:
        try:
            return await self._over_redirects()
        except BaseException:
            self._place.leave()
            raise

    async def _over_redirects(self) -> Answer:
        for _ in range(MOST_REDIRECTS + 1):
            response = await self._get()
            if response.status == HTTPStatus.UNAUTHORIZED:
                response = await self._renew(response)
            self._response = response
            location = response.headers.get("Location") if response.status in REDIRECTS else None
            try:
                if location is not None:
                    self._target = follow(self._target, location, self._asked)
                    self._host = host_of(str(self._target.url)) or ""
                elif (answer := self._answer(response)) is not None:
                    return answer
                else:
                    self._rest = None  # it cannot be had: all of the file, then
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
        self._place.leave()

    async def _turn(self) -> None:
        """Wait until the host may be asked: for a place, for it to want to be, for the rate."""
        way = self._way
        await self._place.move(self._host)
        while True:
            while way.pauses and way.pauses.left(self._host):
                self._place.leave()  # others can use it
                await way.pauses.over(self._host)
                await self._place.move(self._host)
            if not way.limits.rate.limited:
                return
            await way.limits.rate.over()
            if not (way.pauses and way.pauses.left(self._host)):  # else it has begun meanwhile
                return

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
        headers = {**self._condition, **ask_for(self._rest), **self._target.private}
        await self._turn()
        url, way = self._target.url, self._way
        proxy = self._proxy = way.choose(url)
        tell = way.limits.ask(self._host)
        try:
            with way.patience.waiting():
                if proxy is not None:
                    response = await proxy.get(way.session, url, headers)
                else:
                    response = await way.session.get(url, headers=headers, allow_redirects=False)
            if tell is not None:
                tell(may_pass(response.status))
            return response
        except FAULTS as error:
            problem = self._explain(error)
        if tell is not None and problem.transient:
            tell(True)
        raise problem  # out here, so that aiohttp's error is not its context

    def _answer(self, response: aiohttp.ClientResponse) -> Answer | None:
        """Take an answer for what it is; None where the rest was asked for, and something else came."""
        way = self._way
        tempo = Tempo(way.link.min_rate, way.slow_for)
        reading = Reading(way.patience, tempo, way.limits.bandwidth, response, self._explain)
        if response.status == 304 and self._condition:
            return Answer(reading.read, unchanged=True)
        seen = Validators(_sent(response, "ETag"), _sent(response, "Last-Modified"))
        if self._rest is not None and response.status in (PARTIAL, NOT_SATISFIABLE):
            begins, length, _ = rest = self._rest
            if not is_rest(rest, response.headers.get("Content-Range"), seen.etag):
                return None
            return Answer(reading.read, length=length, validators=seen, begins=begins, make_way=self._place.leave)
        if response.status != 200:
            raise self._refusal(response)
        return Answer(
            reading.read,
            length=response.content_length,
            validators=seen,
            coding=_sent(response, "Content-Encoding"),
            make_way=self._place.leave,
        )

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
            self._way.pauses.begin(self._host, error.retry_after)
        return error

    def _explain(self, error: Exception) -> DownloadError:
        return explain(self._asked, error, self._way.link, self._way.slow_for, self._proxy)


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
