"""Why a connection failed, in words a person can act on.

Floor 3, download. aiohttp's errors hold the request with its headers, and their ``repr`` prints them: none is
quoted, and none is chained to what rxsync raises.
"""

from __future__ import annotations

import errno
import os
import ssl
from http import HTTPStatus

import aiohttp

from rxsync.download.addresses import PrivateAddressError
from rxsync.download.link import Link
from rxsync.download.proxies import Proxy
from rxsync.errors import DownloadError


class TooSlowError(Exception):
    """An answer came too slowly."""


def explain(url: str, error: Exception, link: Link, slow_for: float, proxy: Proxy | None = None) -> DownloadError:
    """Turn an error of aiohttp or of a socket into ours.

    Args:
        url: what was asked for, without credentials.
        error: what was raised.
        link: how patient whoever asked was.
        slow_for: how many seconds of waiting made a server too slow.
        proxy: whom it was asked for over; None for nobody.
    """
    problem = _explained(url, error, link, slow_for)
    if proxy is not None and _is_of(proxy, error):
        problem.reason = f"proxy {proxy.name}: {problem.reason}"
    return problem


def _is_of(proxy: Proxy, error: Exception) -> bool:
    """Whether it is the proxy that could not be reached, or refuses."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return (error.host, error.port) == (proxy.url.raw_host, proxy.url.port)
    return isinstance(error, aiohttp.ClientHttpProxyError | aiohttp.ConnectionTimeoutError)


def _explained(url: str, error: Exception, link: Link, slow_for: float) -> DownloadError:
    if isinstance(error, TooSlowError):
        return DownloadError(url, f"slower than {link.min_rate:g} B/s for {slow_for:g} s", transient=True)
    if (lasting := _lasting(error)) is not None:
        return DownloadError(url, lasting)
    if isinstance(error, aiohttp.ClientHttpProxyError):
        again = error.status == HTTPStatus.TOO_MANY_REQUESTS or error.status >= 500
        return DownloadError(url, f"refuses a tunnel: HTTP {error.status}", transient=again)
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return DownloadError(url, f"no connection within {link.connect_timeout:g} s", transient=True)
    if isinstance(error, TimeoutError) and not error.errno:
        return DownloadError(url, f"timed out after {link.idle_timeout:g} s without a byte", transient=True)
    if isinstance(error, aiohttp.InvalidURL | ValueError):
        return DownloadError(url, "not a valid URL")
    return DownloadError(url, _fault(error), transient=True)


def _fault(error: Exception) -> str:
    """Name what a later attempt may not meet again."""
    words = next((words for kind, words in _FAULTS if isinstance(error, kind)), None)
    if words is None and isinstance(error, OSError):
        words = _system(error)
    return words or f"the connection failed ({type(error).__name__})"


_FAULTS: tuple[tuple[type[Exception], str], ...] = (
    (aiohttp.ClientConnectorDNSError, "unknown host"),
    (aiohttp.ClientConnectorSSLError, "TLS could not be established"),
    (aiohttp.ClientPayloadError, "the connection ended in the middle of the body"),
    (aiohttp.ServerDisconnectedError, "the connection ended before an answer"),
    (aiohttp.ClientResponseError, "the answer is not valid HTTP"),
)


def _system(error: OSError) -> str:
    known = {
        errno.ECONNREFUSED: "connection refused",
        errno.ECONNRESET: "connection reset",
        errno.EPIPE: "connection reset",
    }
    number = error.errno or 0
    return known.get(number) or (f"no connection: {os.strerror(number)}" if number else "no connection")


def _lasting(error: Exception) -> str | None:
    """Name what a later attempt would meet again; None for anything else."""
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, PrivateAddressError):
        return _private(error.os_error)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"TLS certificate not accepted: {_certificate(error.certificate_error)}"
    refused = _refused_tls(error)
    return None if refused is None else f"TLS could not be established: {refused}"


def _refused_tls(error: Exception) -> str | None:
    """Say what one of the two sides does not take of the other; None where a later attempt may meet another one."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorSSLError) else error.__cause__
    reason = (cause.reason or "") if isinstance(cause, ssl.SSLError) else ""
    lasting = "ALERT" in reason or isinstance(error, aiohttp.ClientConnectorSSLError)
    return reason.lower().replace("_", " ") if reason and lasting and not isinstance(cause, ssl.SSLEOFError) else None


def _private(error: PrivateAddressError) -> str:
    of = "" if error.host == error.address else f"{error.host} is at "
    return f"{of}{error.address}: no public address, and allow_private is false"


def _certificate(error: Exception) -> str:
    return error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else "it is not valid"
