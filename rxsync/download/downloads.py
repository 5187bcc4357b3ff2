"""The downloader: transports below, retries and other URLs above.

Floor 3, download. Implements ``rxsync.ports.downloader.Downloader``.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import TypeVar

from rxsync.declare.body import Body, Validators
from rxsync.download.coding import ACCEPTED, decoded, decoder_of
from rxsync.download.credentials import Credentials
from rxsync.download.files import FileTransport
from rxsync.download.fingerprint import fingerprint
from rxsync.download.http import HttpTransport
from rxsync.download.intake import Intake
from rxsync.download.limits import Limits
from rxsync.download.lines import LineSplitter
from rxsync.download.link import Link
from rxsync.download.mirrors import Mirrors
from rxsync.download.transport import Answer, Transport
from rxsync.download.urls import scheme_of
from rxsync.errors import DownloadError
from rxsync.ports.downloader import Coding, Request
from rxsync.ports.storage import Scratch
from rxsync.urls import host_of, without_credentials

T = TypeVar("T")


@asynccontextmanager
async def open_downloader(
    source_url: str,
    scratch: Scratch,
    link: Link = Link(),  # noqa: B008 - a value that cannot change
    limits: Limits | None = None,
    *,
    backoff: float = 1.0,
) -> AsyncIterator[Downloads]:
    """Open a downloader for one source; on leaving, its connections are closed.

    Args:
        source_url: where the source is: http, https or file. ``file:`` URLs can be read only if this is one,
            and only below its folder, so that nothing a server says leads to local files.
        scratch: where bodies go until they are stored.
        link: how it is reached.
        limits: what bounds it, local files too, together with others; None for limits of its own, as ``link`` says.
        backoff: longest wait before the second attempt, in seconds; it doubles with each.

    Raises:
        DownloadError: a ``file:`` source is not in a folder that can be read, or ``source_url`` is no URL.
        UsageError: a secret, a certificate or a proxy cannot be, or there are two ways to sign in.
    """
    remote = scheme_of(source_url) in ("http", "https")
    credentials = Credentials(source_url, link) if remote else None
    limits = limits or Limits(link.controls())
    async with HttpTransport(link, limits, credentials) as http:
        transports: dict[str, Transport] = {"http": http, "https": http}
        if scheme_of(source_url) == "file":
            transports["file"] = FileTransport(source_url, limits)
        yield Downloads(transports, scratch, retries=link.retries, backoff=backoff)


class Downloads:
    """Fetches whole, verified files, and reads metadata as a stream.

    Args:
        transports: by scheme; a URL of any other is refused.
        scratch: where bodies go until they are stored.
        retries: attempts at one URL after the first, where trying again may help.
        backoff: longest wait before the second attempt, in seconds.
        mirrors: in which order several URLs are tried; None: as one that knows nothing yet says.
    """

    def __init__(
        self,
        transports: Mapping[str, Transport],
        scratch: Scratch,
        *,
        retries: int,
        backoff: float,
        mirrors: Mirrors | None = None,
    ) -> None:
        self._transports, self._scratch = transports, scratch
        self._retries, self._backoff, self._mirrors = retries, backoff, mirrors or Mirrors()

    async def fetch(self, request: Request) -> Body | None:
        """Fetch one file; None if ``request.validators`` were given and the server says it is unchanged.

        Of several URLs, the one at the origin that worked before is tried first, those at an origin that is down last.
        Where the answer announces no length and nothing was declared, a body that was cut off by an orderly
        end of the connection cannot be told from a whole one.

        Raises:
            DownloadError: no URL gave it; names the last URL and, in its notes, what the others said.
            HttpStatusError: likewise, the last answer was a status.
            IntegrityError: likewise, the last answer was other bytes than declared.
            StorageError: there is no room for it.
        """
        intake = Intake(request, self._scratch)
        try:
            body = await self._fetch(request, intake)
            if body is None:
                await intake.leave()
            return body
        except BaseException:
            await intake.leave()
            raise

    async def _fetch(self, request: Request, intake: Intake) -> Body | None:
        failures: list[DownloadError] = []
        once = partial(self._attempt, intake)
        attempt = _Wrong(once, self._scratch).attempt if request.keep_wrong else once
        urls, mirrors = request.urls, self._mirrors
        for url in urls if len(urls) == 1 else mirrors.order(urls, conditional=any(request.validators)):
            try:
                body = await self._insist(url, request, attempt)
            except DownloadError as error:
                failures.append(error)
                mirrors.failed(urls, url, error)
            else:
                mirrors.gave(urls, url)
                return body
        last = failures.pop()
        last.relative_path = request.relative_path
        for failure in failures:
            last.add_note(str(failure))
            last.transient = last.transient or failure.transient  # to ask all of them again may help
        raise last

    async def _insist(
        self, url: str, request: Request, attempt: Callable[[str, Request], Awaitable[Body | None]]
    ) -> Body | None:
        try:
            return await attempt(url, request)
        except DownloadError as error:
            first = error
        return await self._again(first, partial(attempt, url, request))

    async def fingerprint(self, url: str, known: str | None = None) -> str:
        """Say what a file looks like: its ETag, its date, or the digest of its bytes, whichever can be had first.

        One request, conditional where an ETag is known; bytes are read only where the server says nothing else.

        Args:
            url: where it is.
            known: what was said of it before; where it is unchanged, that is the answer.

        Raises:
            DownloadError: it could not be had.
        """
        look = partial(fingerprint, self._transport(url), url, known)
        try:
            return await look()
        except DownloadError as error:
            return await self._again(error, look)

    async def lines(self, url: str, *, coding: Coding | None = None, longest: int = 1 << 20) -> AsyncGenerator[str]:
        """Stream a text file line by line while it downloads: UTF-8, BOM dropped, LF or CRLF dropped.

        Tried again only until the first line was given. Whoever leaves early closes it
        (``contextlib.aclosing``).

        Args:
            url: where it is.
            coding: what the file itself is compressed by; None: it is text, which may come compressed all the same.
            longest: longest line that is accepted, in bytes.

        Raises:
            DownloadError: it could not be had, or ended before its end.
            MetadataError: it is no text in UTF-8, a line is longer than ``longest``, or what is compressed is broken or
                becomes too much; names URL and line, or what came.
        """

        async def start() -> tuple[AsyncGenerator[list[str]], list[str]]:
            batches = self._batches(url, coding, longest)
            return batches, await anext(batches, [])

        try:
            batches, first = await start()
        except DownloadError as error:
            batches, first = await self._again(error, start)
        async with aclosing(batches):
            for line in first:
                yield line
            async for batch in batches:
                for line in batch:
                    yield line

    async def _again(self, first: DownloadError, work: Callable[[], Awaitable[T]]) -> T:
        from rxsync.download.retry import again  # with stamina, which only failures need

        return await again(first, work, self._retries, self._backoff)

    async def _attempt(self, intake: Intake, url: str, request: Request) -> Body | None:
        # of another URL's bytes the validators say nothing
        held = request.validators if url is request.urls[0] else Validators()
        rest = await intake.rest(url) if intake.is_large else None
        if rest is not None and (body := await intake.whole()) is not None:
            return body
        headers = request.headers if not request.headers or _at_home(url, request.urls[0]) else {}
        async with self._transport(url).open(url, headers, held, rest) as answer:
            if answer.unchanged:
                return None
            return await intake.take(answer, without_credentials(url))

    async def _batches(self, url: str, coding: Coding | None, longest: int) -> AsyncGenerator[list[str]]:
        """Yield lines as they become whole, never an empty batch."""
        shown = without_credentials(url)
        splitter = LineSplitter(shown, longest)
        # what is compressed already is asked for as it is
        headers = {"Accept-Encoding": ACCEPTED} if coding is None else {}
        async with self._transport(url).open(url, headers, Validators()) as answer:
            answer.make_way()
            pieces, decoder = _pieces(answer), decoder_of(shown, coding, answer.coding)
            async with aclosing(pieces if decoder is None else decoded(pieces, decoder)) as text:
                async for piece in text:
                    if lines := splitter.feed(piece):
                        yield lines
            if lines := splitter.close():
                yield lines

    def _transport(self, url: str) -> Transport:
        scheme = scheme_of(url)
        transport = self._transports.get(scheme)
        if transport is not None:
            return transport
        if scheme == "file":
            raise DownloadError(without_credentials(url), "only a file: source may lead to file: URLs")
        reason = f"cannot download by {scheme}:" if scheme else "no scheme; expected http:, https: or file:"
        raise DownloadError(without_credentials(url), reason)


async def _pieces(answer: Answer) -> AsyncGenerator[bytes]:
    while piece := await answer.read():
        yield piece


def _at_home(url: str, first: str) -> bool:
    """Whether a URL is of the origin that a request's headers are for: a mirror elsewhere has no business with them."""
    return url is first or (scheme_of(url), host_of(url)) == (scheme_of(first), host_of(first))


class _Wrong:
    """Keeps wrong bytes over attempts at one file: those that came last, with the error that is told in the end.

    Args:
        attempt: makes one.
        scratch: where bytes are.
    """

    def __init__(self, attempt: Callable[[str, Request], Awaitable[Body | None]], scratch: Scratch) -> None:
        self._attempt, self._scratch = attempt, scratch
        self._held: list[Body] = []

    async def attempt(self, url: str, request: Request) -> Body | None:
        """Make one more."""
        try:
            body = await self._attempt(url, request)
        except DownloadError as error:
            if isinstance(error.wrong, Body):
                self._scratch.release(self._held)
                self._held = [error.wrong]
                if request.claim is not None:
                    request.claim.hand_over(error.wrong)
            error.wrong = self._held[0] if self._held else None
            raise
        except BaseException:
            self._scratch.release(self._held)
            raise
        self._scratch.release(self._held)
        return body
