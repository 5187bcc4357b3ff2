"""Say where without saying the secret.

Floor 0. Every URL that is shown, stored or raised went through ``without_credentials``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote

# What follows the bar is no URL: somebody did not escape a "/" in a password, or forgot the scheme. It is
# refused, and the refusal is shown.
_USERINFO = re.compile(
    r"^([^/?#]*//|[A-Za-z][A-Za-z0-9+.-]*:/|)(?:[^/?#]*@|[^/?#@\[:]*:(?!\d*(?:[/?#]|$)).*@)", re.DOTALL
)

_HOST = re.compile(r"[^/?#]*//([^/?#]*)")

_PORTS = {"http": ":80", "https": ":443"}

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"]+")

_PASSWORD = re.compile(r"[?&](?:ssl)?password=")

ALONE = frozenset(
    {
        "__token__",
        "access_token",
        "api_key",
        "apikey",
        "auth_token",
        "hdnea",
        "hdntl",
        "hdnts",
        "private_token",
        "token",
    }
)
"""Parameters that let in whoever knows them, whatever stands beside them; in lower case, as all of these."""

SIGNED: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    signature: (frozenset(needs.split()), frozenset(more.split()))
    for signature, needs, more in (
        ("x-amz-signature", "", "x-amz-algorithm x-amz-content-sha256 x-amz-credential x-amz-date x-amz-expires "
                                "x-amz-security-token x-amz-signedheaders"),
        ("x-goog-signature", "", "x-goog-algorithm x-goog-credential x-goog-date x-goog-expires x-goog-signedheaders"),
        ("x-oss-signature", "", "x-oss-additional-headers x-oss-credential x-oss-date x-oss-expires "
                                "x-oss-security-token x-oss-signature-version"),
        ("q-signature", "", "q-ak q-header-list q-key-time q-sign-algorithm q-sign-time q-url-param-list "
                            "x-cos-security-token"),
        ("temp_url_sig", "", "temp_url_expires temp_url_ip_range temp_url_prefix"),
        ("sig", "se si", "saoid scid sdd se si sip ske skoid sks skt sktid skv sp spr sr srt ss st suoid sv"),
        ("signature", "expires key-pair-id", "awsaccesskeyid expires googleaccessid key-pair-id ossaccesskeyid policy "
                                             "security-token x-amz-security-token"),
    )
}  # fmt: skip
"""By the parameter that is a signature: those of which one must stand beside it, if any; those that go with it."""


def without_credentials(url: str) -> str:
    """Drop the user and the password of a URL, and the parameters that sign it, and nothing else.

    >>> without_credentials("https://ada:lovelace@host:8443/a@b?c=d@e#f")
    'https://host:8443/a@b?c=d@e#f'
    >>> without_credentials("https://host/a.iso?version=3&Expires=1767225600&Key-Pair-Id=K1&Signature=bG92ZQ__")
    'https://host/a.iso?version=3'
    """
    if "@" in url:
        url = _USERINFO.sub(r"\1", url)  # first: a password that is not escaped may have a "?"
    return _unsigned(url) if "?" in url else url


def is_signed(url: str) -> bool:
    """Whether a URL carries what lets in whoever has it, so that it may not be kept.

    >>> [is_signed(url) for url in ("https://host/a?sig=mac&se=2026", "https://host/a?sig=asc", "https://u:p@host/a")]
    [True, False, False]
    """
    return "?" in url and _unsigned(url) != url


def _unsigned(url: str) -> str:
    """Drop the parameters that sign a URL; the others stay as they are spelt."""
    start, _, rest = url.partition("?")
    query, mark, fragment = rest.partition("#")
    pieces = query.split("&")
    names = [_name(piece) for piece in pieces]
    there = frozenset(names)
    private = there & ALONE
    for signature in there & SIGNED.keys():
        needs, more = SIGNED[signature]
        if not needs or needs & there:
            private |= more | {signature}
    if not private:
        return url
    kept = "&".join([piece for piece, name in zip(pieces, names, strict=True) if name not in private])
    return f"{start}{'?' if kept else ''}{kept}{mark}{fragment}"


def _name(parameter: str) -> str:
    name = parameter.partition("=")[0]
    return (unquote(name) if "%" in name else name).lower()


def host_of(url: str) -> str | None:
    """Give the host and the port of a URL, by which whoever serves it is known; None if it names no host.

    >>> host_of("https://ada:lovelace@Host:443/a"), host_of("http://host:8080?b"), host_of("file:///a")
    ('host', 'host:8080', None)
    """
    named = _HOST.match(without_credentials(url))
    if named is None:
        return None
    return named[1].lower().removesuffix(_PORTS.get(url.partition(":")[0].lower(), ":")) or None


def holds_password(url: str) -> bool:
    """Whether a database URL says a password, also where it is not escaped as it should be.

    >>> [holds_password(url) for url in ("postgresql://ada@h/db", "postgresql://ada:l/ove@h/db", "x:///db?password=l")]
    [False, True, True]
    """
    before_host = url.partition("://")[2].rpartition("@")[0]
    return ":" in before_host or bool(_PASSWORD.search(url))


def address(url: str) -> str:
    """Give a database URL without credentials and without options.

    >>> address("postgresql://ada:lovelace@host:5433/rxsync?sslmode=require&password=lovelace")
    'postgresql://host:5433/rxsync'
    """
    return without_credentials(url).partition("?")[0]


def discreet(text: str) -> str:
    """Drop the credentials of every URL in a text; punctuation behind one is none of it.

    >>> discreet("GET https://ada:lovelace@host/a failed")
    'GET https://host/a failed'
    >>> discreet("https://host/a?token=lovelace: HTTP 403")
    'https://host/a: HTTP 403'
    """

    def bare(found: re.Match[str]) -> str:
        url = found[0].rstrip(".,:;!?)]}>")
        return without_credentials(url) + found[0][len(url) :]

    return _URL.sub(bare, text)
