"""What cannot be said of the way to a remote, refused before anybody is asked.

Floor 3, download. No message holds a value that may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from urllib.parse import urlsplit

from rxsync.errors import UsageError
from rxsync.urls import without_credentials

ENVIRONMENT = "environment"
"""Says of a proxy that the environment says it."""

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")

_OURS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "proxy-authorization",
        "range",
        "te",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that say what the bytes of an answer are, or where it comes from: another value would break a download."""


def check_whole(name: str, value: object) -> None:
    """Refuse what is no whole number from 0.

    Raises:
        UsageError: names it.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise UsageError(f"{name} {value!r}: expected a whole number from 0")


def check_numbers(said: Mapping[str, float], expected: str, *, above: float = -1) -> None:
    """Refuse what is no number that anybody could wait for or count.

    Args:
        said: values by name.
        expected: what they are, in words.
        above: they are more than this, and not less than 0.

    Raises:
        UsageError: names the first one.
    """
    for name, value in said.items():
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (is_number and value >= 0 and value > above and isfinite(value)):
            raise UsageError(f"{name} {value!r}: expected {expected}")


def check_flags(said: Mapping[str, object]) -> None:
    """Refuse what is neither True nor False: ``allow_private="no"`` would be taken for a yes.

    Raises:
        UsageError: names the first one.
    """
    for name, value in said.items():
        if not isinstance(value, bool):
            raise UsageError(f"{name} {value!r}: expected True or False")


def check_sign_in(username: str | None, password: str | None, token: object, headers: Mapping[str, str]) -> None:
    """Refuse what is no way to sign in, or more than one.

    Raises:
        UsageError: names what is at fault.
    """
    ways = {"username": username is not None, "token": token is not None, "an Authorization header": signs_in(headers)}
    if len(said := [way for way, is_said in ways.items() if is_said]) > 1:
        raise UsageError(f"{' and '.join(said)} exclude each other: expected one way to sign in")
    if password is not None and username is None:
        raise UsageError("a password needs a username")
    if username is not None and ":" in username:
        raise UsageError("username: expected a name without a colon")
    if token is not None and not callable(token):
        check_token(token)


def check_token(token: object) -> None:
    """Refuse what can be no bearer token.

    Raises:
        UsageError: it does not show the token.
    """
    if not (isinstance(token, str) and token.isascii() and token.isprintable() and token.strip()):
        raise UsageError("token: expected one line of printable ASCII")


def check_headers(headers: Mapping[str, str]) -> None:
    """Refuse headers that can be none, or that are not for others to set.

    Raises:
        UsageError: names the header, without its value.
    """
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            raise UsageError(f"headers: {name!r} is no name of a header")
        if name.lower() in _OURS:
            raise UsageError(f"headers: {name} is not to be set: it is rxsync that says it")
        if not (isinstance(value, str) and value.isascii() and value.isprintable()):
            raise UsageError(f"headers: {name}: expected one line of printable ASCII")


def check_certificates(ca_file: str | None, client_cert: str | None, client_key: str | None) -> None:
    """Refuse files that hold no certificates in PEM, or no key, and a key without its certificate.

    Raises:
        UsageError: names the file.
    """
    if client_key is not None and client_cert is None:
        raise UsageError(f"client_key {client_key}: needs a client_cert")
    certificate, key = rb"-----BEGIN [A-Z0-9 ]*CERTIFICATE-----", rb"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    _check_pem("ca_file", ca_file, certificate, "certificates")
    _check_pem("client_cert", client_cert, certificate, "a certificate")
    if client_key is not None:
        _check_pem("client_key", client_key, key, "a private key")
    else:
        _check_pem("client_cert", client_cert, key, "a private key beside the certificate, or client_key")


def check_proxy(name: str, url: str) -> None:
    """Refuse what is no http or https URL of a host.

    Args:
        name: what it was called where it was said.
        url: may hold credentials.

    Raises:
        UsageError: it does not show them.
    """
    try:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return
    except ValueError:
        pass  # not chained: the parser's message may quote what is no port, and may be a password
    raise UsageError(f"{name} {without_credentials(url)}: expected an http or https URL with a host")


def check_way(proxy: str | None, *, allow_private: bool) -> None:
    """Refuse a proxy that can be none, or where nobody could say what address is meant.

    Raises:
        UsageError: names what is at fault.
    """
    if proxy is not None and not allow_private:
        raise UsageError("allow_private=False and a proxy exclude each other: it is the proxy that looks up addresses")
    if proxy is not None and proxy != ENVIRONMENT:
        check_proxy("proxy", proxy)


def _check_pem(name: str, path: str | None, pattern: bytes, expected: str) -> None:
    if path is None:
        return
    try:
        found = re.search(pattern, Path(path).read_bytes())
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "it cannot be read").lower()
        raise UsageError(f"{name} {path}: {reason}; expected {expected} in PEM") from None
    if not found:
        raise UsageError(f"{name} {path}: expected {expected} in PEM, there is none")


def signs_in(headers: Mapping[str, str]) -> bool:
    """Whether one of these says who asks."""
    return any(name.lower() == "authorization" for name in headers)
