"""Take an answer in, piece by piece, and let nothing pass that was not declared.

Floor 3, download. Size is watched while the bytes come, digests are compared when they are all there.
"""

from __future__ import annotations

from collections.abc import Callable

from rxsync.declare.body import Body
from rxsync.download.transport import Answer
from rxsync.errors import DigestMismatchError, IntegrityError, SizeMismatchError
from rxsync.ports.downloader import Request
from rxsync.ports.storage import Scratch, Sink


async def receive(answer: Answer, request: Request, scratch: Scratch, url: str) -> Body:
    """Read the answer into scratch and verify it. On any failure nothing of it is left there.

    Args:
        answer: what is about to be given.
        request: what was declared; its ``received`` hears of bytes as they come, negative if they were in
            vain.
        scratch: where they go.
        url: what was asked for, without credentials.

    Raises:
        SizeMismatchError: more or fewer bytes than declared; at one too many the rest is not read.
        DigestMismatchError: other bytes than declared.
        DownloadError: the answer broke off.
        StorageError: there is no room.
    """
    if request.size is not None and answer.length is not None:
        _agree(url, request.size, answer.length)
    told = 0

    def tell(count: int) -> None:
        nonlocal told
        told += count
        if request.received:
            request.received(count)

    wrong: Body | None = None
    size = answer.length if request.size is None else request.size
    sink = scratch.receive(request.digests.keys(), size, request.claim)
    try:
        try:
            await _pour(answer, request.size, sink, tell, url)
            body = wrong = await sink.close()
            _verify(body, request, url)
        except IntegrityError as error:
            if request.keep_wrong:
                error.wrong, wrong = wrong or await sink.close(), None
            raise
    except BaseException:
        tell(-told)
        if wrong is not None:
            scratch.release([wrong])
        await sink.discard()
        raise
    body.url, body.validators = url, answer.validators
    return body


async def _pour(answer: Answer, most: int | None, sink: Sink, tell: Callable[[int], None], url: str) -> None:
    while piece := await answer.read():
        if most is not None and sink.size + len(piece) > most:
            raise SizeMismatchError(url, most, most + 1)
        await sink.write(piece)
        tell(len(piece))


def _verify(body: Body, request: Request, url: str) -> None:
    if request.size is not None:
        _agree(url, request.size, body.size)
    for algorithm, declared in request.digests.items():
        if body.digests[algorithm] != declared:
            raise DigestMismatchError(url, algorithm, declared, body.digests[algorithm])


def _agree(url: str, declared: int, length: int) -> None:
    if length != declared:
        raise SizeMismatchError(url, declared, min(length, declared + 1))
