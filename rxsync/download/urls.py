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


def target_of(url: str, headers: Mapping[str, str]) -> Target:
    """Take an http(s) URL apart; a user and password in it become basic authentication.

    Args:
        url: absolute, http or https.
        headers: what the caller asks to send; an ``Authorization`` in them goes before the one in the URL.

    Raises:
        DownloadError: it is no valid URL.
    """
    try:
        parsed = URL(url)
        if parsed.raw_user is None and parsed.raw_password is None:
            return Target(parsed, headers)
        basic = encode_basic_auth(parsed.user or "", parsed.password or "")
    except ValueError:
        # Neither shown nor chained: the parser's message quotes the URL, password and all.
        pass
    else:
        # The caller's own "authorization" wins: aiohttp sends the last of a name, however it is spelt.
        return Target(parsed.with_user(None), {"Authorization": basic, **headers})
    raise DownloadError(without_credentials(url), "not a valid URL")
