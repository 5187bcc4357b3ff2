"""Say where without saying the secret.

Floor 0. Every URL that is shown, stored or raised went through ``without_credentials``.
"""

from __future__ import annotations

import re

# What follows the bar is no URL: somebody did not escape a "/" in a password, or forgot the scheme. It is
# refused, and the refusal is shown.
_USERINFO = re.compile(
    r"^([^/?#]*//|[A-Za-z][A-Za-z0-9+.-]*:/|)(?:[^/?#]*@|[^/?#@\[:]*:(?!\d*(?:[/?#]|$)).*@)", re.DOTALL
)

_HOST = re.compile(r"[^/?#]*//([^/?#]*)")

_PORTS = {"http": ":80", "https": ":443"}

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"]+")

_PASSWORD = re.compile(r"[?&](?:ssl)?password=")


def without_credentials(url: str) -> str:
    """Drop the user and the password of a URL, and nothing else.

    >>> without_credentials("https://ada:lovelace@host:8443/a@b?c=d@e#f")
    'https://host:8443/a@b?c=d@e#f'
    """
    return _USERINFO.sub(r"\1", url) if "@" in url else url


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
    """Drop the credentials of every URL in a text.

    >>> discreet("GET https://ada:lovelace@host/a failed")
    'GET https://host/a failed'
    """
    return _URL.sub(lambda url: without_credentials(url[0]), text)
