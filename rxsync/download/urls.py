"""URLs taken apart, credentials on one side.

Floor 3, download.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from aiohttp import encode_basic_auth
from yarl import URL

from rxsync.errors import DownloadError
from rxsync.urls import without_credentials

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")


class Target(NamedTuple):
    """Where a request goes and what only that origin may hear.

    Attributes:
        url: http or https, without credentials.
        private: headers for the origin of ``url`` alone: credentials, and whatever the caller asked to send.
    """

    url: URL
    private: Mapping[str, str]


def scheme_of(url: str) -> str:
    """Name the scheme of ``url`` in lower case; empty if it has none.

    >>> scheme_of("HTTPS://host/"), scheme_of("host/path")
    ('https', '')
    """
    scheme = _SCHEME.match(url)
    return scheme[1].lower() if scheme else ""


class Bearer:
    """A token, and the one origin that may hear it. No part of any ``repr``.

    Args:
        url: any URL of that origin, http or https.
        token: printable ASCII.

    Raises:
        DownloadError: it is no valid URL.
    """

    def __init__(self, url: str, token: str) -> None:
        self._origin = origin_of(target_of(url, {}).url)
        self._headers = {"Authorization": f"Bearer {token}"}

    def headers_for(self, url: URL) -> Mapping[str, str]:
        """Give the headers that sign in at ``url``; none where it is of another origin."""
        return self._headers if origin_of(url) == self._origin else {}


def origin_of(url: URL) -> tuple[str, str | None, int | None]:
    """Give scheme, host and port; the port that is meant, where none is written."""
    return url.scheme, url.raw_host, url.port


def target_of(url: str, headers: Mapping[str, str], bearer: Bearer | None = None) -> Target:
    """Take an http(s) URL apart; a user and password in it become basic authentication.

    Args:
        url: absolute, http or https.
        headers: what the caller asks to send; an ``Authorization`` in them goes before the one in the URL.
        bearer: signs in at its origin, where neither the URL nor the headers do.

    Raises:
        DownloadError: it is no valid URL.
    """
    try:
        parsed = URL(url)
        if parsed.raw_user is None and parsed.raw_password is None:
            signed = bearer is None or any(name.lower() == "authorization" for name in headers)
            return Target(parsed, headers if signed or bearer is None else {**headers, **bearer.headers_for(parsed)})
        basic = encode_basic_auth(parsed.user or "", parsed.password or "")
    except ValueError:
        # Neither shown nor chained: the parser's message quotes the URL, password and all.
        pass
    else:
        # The caller's own "authorization" wins: aiohttp sends the last of a name, however it is spelt.
        return Target(parsed.with_user(None), {"Authorization": basic, **headers})
    raise DownloadError(without_credentials(url), "not a valid URL")
