"""The downloader: transports below, retries and other URLs above.

Floor 3, download. Implements ``rxsync.ports.downloader.Downloader``.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import TypeVar

from rxsync.declare.body import Body, Validators
from rxsync.download.files import FileTransport
from rxsync.download.fingerprint import fingerprint
from rxsync.download.http import HttpTransport
from rxsync.download.lines import LineSplitter
from rxsync.download.receive import receive
from rxsync.download.transport import Transport
from rxsync.download.urls import Bearer, scheme_of
from rxsync.errors import DownloadError
from rxsync.ports.downloader import Request
from rxsync.ports.storage import Scratch
from rxsync.urls import without_credentials

T = TypeVar("T")


@asynccontextmanager
async def open_downloader(
    source_url: str,
    scratch: Scratch,
    *,
    total: int = 50,
    per_host: int = 10,
    retries: int = 4,
    backoff: float = 1.0,
    token: str | None = None,
) -> AsyncIterator[Downloads]:
    """Open a downloader for one source; on leaving, its connections are closed.

    Args:
        source_url: where the source is: http, https or file. ``file:`` URLs can be read only if this is one,
            and only below its folder, so that nothing a server says leads to local files.
        scratch: where bodies go until they are stored.
        total: most connections, and most local files, open at once.
        per_host: most connections to one host and port.
        retries: attempts at one URL after the first, where trying again may help.
        backoff: longest wait before the second attempt, in seconds; it doubles with each.
        token: signs in as a bearer, at the origin of ``source_url`` and nowhere else.

    Raises:
        DownloadError: a ``file:`` source is not in a folder that can be read, or ``source_url`` is no URL.
    """
    remote = scheme_of(source_url) in ("http", "https")
    bearer = Bearer(source_url, token) if token is not None and remote else None
    async with HttpTransport(total, per_host, bearer=bearer) as http:
        transports: dict[str, Transport] = {"http": http, "https": http}
        if scheme_of(source_url) == "file":
            transports["file"] = FileTransport(source_url, total)
        yield Downloads(transports, scratch, retries=retries, backoff=backoff)


class Downloads:
    """Fetches whole, verified files, and reads metadata as a stream.

    Args:
        transports: by scheme; a URL of any other is refused.
        scratch: where bodies go until they are stored.
        retries: attempts at one URL after the first, where trying again may help.
        backoff: longest wait before the second attempt, in seconds.
    """

    def __init__(self, transports: Mapping[str, Transport], scratch: Scratch, *, retries: int, backoff: float) -> None:
        self._transports, self._scratch = transports, scratch
        self._retries, self._backoff = retries, backoff

    async def fetch(self, request: Request) -> Body | None:
        """Fetch one file; None if ``request.validators`` were given and the server says it is unchanged.

        Where the answer announces no length and nothing was declared, a body that was cut off by an orderly
        end of the connection cannot be told from a whole one.

        Raises:
            DownloadError: no URL gave it; names the last URL and, in its notes, what the others said.
            HttpStatusError: likewise, the last answer was a status.
            IntegrityError: likewise, the last answer was other bytes than declared.
            StorageError: there is no room for it.
        """
        failures: list[DownloadError] = []
        attempt = self._attempt if not request.keep_wrong else _Wrong(self._attempt, self._scratch).attempt
        for url in request.urls:
            try:
                return await attempt(url, request)
            except DownloadError as error:
                first = error
            try:
                return await self._again(first, partial(attempt, url, request))
            except DownloadError as error:
                failures.append(error)
        last = failures.pop()
        last.relative_path = request.relative_path
        for failure in failures:
            last.add_note(str(failure))
        raise last

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

    async def lines(self, url: str, *, longest: int = 1 << 20) -> AsyncGenerator[str]:
        """Stream a text file line by line while it downloads: UTF-8, BOM dropped, LF or CRLF dropped.

        Tried again only until the first line was given. Whoever leaves early closes it
        (``contextlib.aclosing``).

        Args:
            url: where it is.
            longest: longest line that is accepted, in bytes.

        Raises:
            DownloadError: it could not be had, or ended before its end.
            MetadataError: it is no text in UTF-8, or a line is longer than ``longest``; names URL and line.
        """

        async def start() -> tuple[AsyncGenerator[list[str]], list[str]]:
            batches = self._batches(url, longest)
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

    async def _attempt(self, url: str, request: Request) -> Body | None:
        # of another URL's bytes the validators say nothing
        held = request.validators if url is request.urls[0] else Validators()
        async with self._transport(url).open(url, request.headers, held) as answer:
            if answer.unchanged:
                return None
            return await receive(answer, request, self._scratch, without_credentials(url))

    async def _batches(self, url: str, longest: int) -> AsyncGenerator[list[str]]:
        """Yield lines as they become whole, never an empty batch."""
        splitter = LineSplitter(without_credentials(url), longest)
        async with self._transport(url).open(url, {}, Validators()) as answer:
            while piece := await answer.read():
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
