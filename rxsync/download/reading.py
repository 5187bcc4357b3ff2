"""Read the body of an answer, and tell its end from a connection that broke.

Floor 3, download.
"""

from __future__ import annotations

from collections.abc import Callable

import aiohttp

from rxsync.download.bandwidth import Bandwidth
from rxsync.download.patience import Patience
from rxsync.download.reasons import TooSlowError
from rxsync.download.tempo import Tempo
from rxsync.errors import DownloadError

FAULTS = (aiohttp.ClientError, TimeoutError, OSError, UnicodeError, TooSlowError)  # the last for hosts that are none


class Reading:
    """The body of one response.

    An answer with neither ``Content-Length`` nor chunked coding ends when its connection does, and aiohttp
    takes any end for that. Here only an orderly one counts; an orderly end too early cannot be told from the
    end, so what was cut off there is found by size or digest alone.
    """

    def __init__(
        self,
        patience: Patience,
        tempo: Tempo,
        bandwidth: Bandwidth,
        response: aiohttp.ClientResponse,
        explain: Callable[[Exception], DownloadError],
    ) -> None:
        self._patience, self._tempo, self._bandwidth = patience, tempo, bandwidth
        self._response, self._explain = response, explain
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
            if piece and self._bandwidth.limited:
                await self._bandwidth.pay(len(piece))
            if piece or not self._open_ended or self._ended_in_order():
                return piece
            raise aiohttp.ClientPayloadError
        except FAULTS as error:
            problem = self._explain(error)
        raise problem

    def _ended_in_order(self) -> bool:
        broken = None if self._protocol is None else self._protocol.exception()  # an empty queue is falsy
        return isinstance(broken, aiohttp.ServerDisconnectedError)
