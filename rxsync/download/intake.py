"""Take one file in, over as many attempts as that needs, and let nothing pass that was not declared.

Floor 3, download. Size is watched while the bytes come, digests are compared when they are all there. A large body that
breaks off is kept, and the next attempt asks for the rest of it: in the same run, and, where a digest was declared that
tells in the end whether all of it is right, in a later one.
Follows: RFC 9110, 13.1.5 and 14, ``If-Range`` and ``Range``.
"""

from __future__ import annotations

from rxsync.declare import Body, Validators, first_digest
from rxsync.download.fingerprint import is_old
from rxsync.download.transport import Answer, Rest
from rxsync.errors import DigestMismatchError, DownloadError, IntegrityError, SizeMismatchError, StorageError
from rxsync.ports.downloader import Request
from rxsync.ports.storage import Beginning, Scratch, Sink
from rxsync.urls import without_credentials

LARGE = 8 << 20
"""A body of more bytes than this is not begun anew if it can be helped."""


class Intake:
    """One file on its way in. On any failure ``leave`` ends it.

    Args:
        request: what was declared; its ``received`` hears of bytes as they come, negative if they were in vain.
        scratch: where they go.
    """

    __slots__ = ("_beginning", "_request", "_scratch", "_sink", "_told")

    def __init__(self, request: Request, scratch: Scratch) -> None:
        self._request, self._scratch = request, scratch
        self._sink: Sink | None = None
        self._beginning: Beginning | None = None  # what the sink holds it of; None: there is no going on with it
        self._told = 0

    @property
    def is_large(self) -> bool:
        """Whether it may be worth asking what is here of it."""
        return self._request.size is None or self._request.size > LARGE

    async def rest(self, url: str) -> Rest | None:
        """What is yet to come of the file at ``url``; None for all of it.

        Raises:
            StorageError: what is here of it cannot be read.
        """
        shown = without_credentials(url)
        if self._sink is None:
            await self._resume()
        sink, beginning = self._sink, self._beginning
        if sink is None or beginning is None or beginning.url != shown:
            return None
        condition = _condition(beginning.validators)
        return None if condition is None else Rest(sink.size, beginning.size, condition)

    async def whole(self) -> Body | None:
        """Give the body if all of it is here already; None if not, and then what cannot be right is dropped.

        Raises:
            StorageError: it cannot be read.
        """
        sink, beginning = self._sink, self._beginning
        if sink is None or beginning is None or sink.size < beginning.size:
            return None
        try:
            return await self._close(sink, beginning.url, beginning.validators)
        except IntegrityError as error:
            if isinstance(error.wrong, Body):
                self._scratch.release([error.wrong])
            return None

    async def take(self, answer: Answer, url: str) -> Body:
        """Read an answer and verify the whole.

        Args:
            answer: what is about to be given.
            url: what was asked for, without credentials.

        Raises:
            SizeMismatchError: more or fewer bytes than declared, or else announced; at one too many the rest is not
                read.
            DigestMismatchError: other bytes than declared.
            DownloadError: the answer broke off.
            StorageError: there is no room.
        """
        declared = self._request.size
        fits = declared is None or answer.length in (declared, None)
        if self._sink is not None and not (fits and 0 < answer.begins == self._sink.size):
            await self._void()
        if declared is not None and answer.length is not None:
            _agree(url, declared, answer.length)
        sink = self._sink or self._begin(answer, url)
        try:
            await self._pour(answer, sink, url)
        except IntegrityError as error:
            if self._request.keep_wrong:
                error.wrong = await sink.close()
            await self._void()
            raise
        except StorageError:  # what is here may be what there is no room for
            await self._void()
            raise
        except DownloadError as error:
            if self._beginning is None or not error.transient:
                await self._void()
            raise
        known = answer if self._beginning is None else self._beginning  # with a part, not all of it is said again
        return await self._close(sink, url, known.validators)

    async def leave(self) -> None:
        """Have done with it: what is here waits for a later run, or goes."""
        sink, self._sink = self._sink, None
        if sink is None:
            return
        if not await sink.suspend():
            self._tell(-self._told)

    async def _resume(self) -> None:
        name = self._name()
        beginning = None if name is None else self._scratch.beginning(name)
        if name is not None and beginning is not None:
            self._sink = await self._scratch.resume(name, self._request.digests.keys(), self._request.claim)
            self._beginning = beginning if self._sink is not None else None

    def _begin(self, answer: Answer, url: str) -> Sink:
        request = self._request
        size = request.size if answer.length is None else answer.length
        sink = self._sink = self._scratch.receive(request.digests.keys(), size, request.claim)
        if answer.length is not None and answer.length > LARGE and _condition(answer.validators) is not None:
            self._beginning = Beginning(url, answer.validators, answer.length)
            if (name := self._name()) is not None:
                sink.note(name, self._beginning)
        return sink

    def _name(self) -> str | None:
        """What it is called between runs: by the bytes it will have. None without a digest to find that out by."""
        digests = self._request.digests
        if not digests:
            return None
        algorithm = first_digest(digests)
        return f"{algorithm}-{digests[algorithm]}"

    async def _pour(self, answer: Answer, sink: Sink, url: str) -> None:
        most = answer.length if self._request.size is None else self._request.size
        while piece := await answer.read():
            if most is not None and sink.size + len(piece) > most:
                raise SizeMismatchError(url, most, most + 1)
            await sink.write(piece)
            self._tell(len(piece))
        if most is not None:  # of a part, aiohttp says only that it came as a whole
            _agree(url, most, sink.size)

    async def _close(self, sink: Sink, url: str, validators: Validators) -> Body:
        try:
            body = await sink.close()
        except StorageError:
            await self._void()
            raise
        try:
            _verify(body, self._request, url)
        except IntegrityError as error:
            if self._request.keep_wrong:
                error.wrong = body
            else:
                self._scratch.release([body])
            await self._void()
            raise
        self._sink = None
        body.url, body.validators = url, validators
        return body

    async def _void(self) -> None:
        """Forget what has come; the next attempt begins anew."""
        self._tell(-self._told)
        sink, self._sink, self._beginning = self._sink, None, None
        if sink is not None:
            await sink.discard()

    def _tell(self, count: int) -> None:
        self._told += count
        if self._request.received and count:
            self._request.received(count)


def _condition(validators: Validators) -> str | None:
    """What has a server give the rest of the very same bytes only: a strong ETag, or a date that is no longer young."""
    etag, date = validators
    if etag and not etag.startswith("W/"):
        return etag
    return date if date and is_old(date) else None


def _verify(body: Body, request: Request, url: str) -> None:
    if request.size is not None:
        _agree(url, request.size, body.size)
    for algorithm, declared in request.digests.items():
        if body.digests[algorithm] != declared:
            raise DigestMismatchError(url, algorithm, declared, body.digests[algorithm])


def _agree(url: str, declared: int, length: int) -> None:
    if length != declared:
        raise SizeMismatchError(url, declared, min(length, declared + 1))
