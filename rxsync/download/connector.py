"""Where connections come from.

Floor 3, download.
"""

from __future__ import annotations

import ssl

import aiohttp

from rxsync.download.addresses import PublicResolver, public_socket
from rxsync.download.link import Link
from rxsync.download.tls import Tls
from rxsync.download.urls import Origin


class Connector(aiohttp.TCPConnector):
    """aiohttp's, that knows which certificate is for whom, and which addresses may be connected to.

    Args:
        link: how the remote is reached.
        origin: of the source; None for none.

    Raises:
        UsageError: a certificate cannot be.
    """

    def __init__(self, link: Link, origin: Origin | None) -> None:
        super().__init__(
            limit=0,  # it cannot be turned; what bounds downloads can
            resolver=None if link.allow_private else PublicResolver(),
            socket_factory=None if link.allow_private else public_socket,
        )
        self._tls = Tls(link, origin)

    def _get_ssl_context(self, req: aiohttp.ClientRequest) -> ssl.SSLContext | None:
        # Private, since what can be said of a request is said of its proxy too, which would be shown the client
        # certificate. Were it not called any more, nobody would be shown it, and a test would fail.
        own = self._tls.context_for(req.url) if req.is_ssl() else None
        return super()._get_ssl_context(req) if own is None else own
