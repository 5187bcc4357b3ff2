"""Whose certificates are taken, and which one is shown to whom.

Floor 3, download.
"""

from __future__ import annotations

import logging
import ssl

from yarl import URL

from rxsync.download.link import Link
from rxsync.download.urls import Origin, origin_of
from rxsync.errors import UsageError

_log = logging.getLogger(__name__)


class Tls:
    """The TLS contexts of a link.

    Args:
        link: says ``ca_file``, ``client_cert``, ``client_key`` and ``verify_tls``; files are read now.
        origin: of the source, which alone is shown the certificate; None for nobody.

    Raises:
        UsageError: a file holds no such thing.
    """

    def __init__(self, link: Link, origin: Origin | None) -> None:
        self._origin, self._lax = origin, not link.verify_tls
        self._others = _context(link) if link.ca_file is not None or self._lax else None
        self._own = self._others
        if link.client_cert is not None and origin is not None:
            self._own = _context(link)
            _show(self._own, link.client_cert, link.client_key)

    def context_for(self, url: URL) -> ssl.SSLContext | None:
        """Give the context for a connection to the origin of ``url``; None for aiohttp's, with the system's CAs.

        Where certificates are not verified, a warning says so, once.
        """
        if self._lax:
            self._lax = False
            _log.warning("%s: TLS certificates are not verified, since verify_tls is false", url.raw_host)
        return self._own if origin_of(url) == self._origin else self._others


def _context(link: Link) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(("http/1.1",))
    if not link.verify_tls:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif link.ca_file is not None:
        try:
            context.load_verify_locations(link.ca_file)
        except OSError as error:
            raise UsageError(f"ca_file {link.ca_file}: expected certificates in PEM: {_reason(error)}") from None
    return context


def _show(context: ssl.SSLContext, certificate: str, key: str | None) -> None:
    def ask() -> str:
        raise UsageError(f"{f'client_key {key}' if key else f'client_cert {certificate}'}: expected a key without "
                         "a passphrase")  # fmt: skip

    try:
        context.load_cert_chain(certificate, key, password=ask)  # without it, OpenSSL would ask at the terminal
    except OSError as error:
        beside = f" and client_key {key}" if key else ""
        problem = f"client_cert {certificate}{beside}: expected a certificate and its key in PEM: {_reason(error)}"
        raise UsageError(problem) from None


def _reason(error: OSError) -> str:
    said = error.reason if isinstance(error, ssl.SSLError) else error.strerror
    return (said or "it cannot be read").lower().replace("_", " ")
