"""URLs taken apart, credentials on one side.

Floor 3, download.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from aiohttp import encode_basic_auth
from yarl import URL

from rxsync.errors import DownloadError
from rxsync.urls import without_credentials

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")


# What a URL may be spelt with, escapes that are some, and none of what has to be one.
_spelt_out = re.compile(r"(?:[!#$&-;=?-\[\]_a-z~]|%[0-9A-Fa-f]{2})*").fullmatch

Origin: TypeAlias = tuple[str, str | None, int | None]
"""Scheme, host and port."""


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


def origin_of(url: URL) -> Origin:
    """Give scheme, host and port; the port that is meant, where none is written."""
    return url.scheme, url.raw_host, url.port


def parse(url: str) -> URL:
    """Parse a URL, absolute or not. One that is spelt as it must be stays so: a signature in it may be of the letters.

    >>> str(parse("https://host/a?hdnts=acl=%2f*~hmac=ab")), str(parse("https://host/a b"))
    ('https://host/a?hdnts=acl=%2f*~hmac=ab', 'https://host/a%20b')

    Raises:
        ValueError: it is none; the message quotes it.
    """
    parsed = URL(url)
    if "%" in url and _spelt_out(url):
        as_it_is = URL(url, encoded=True)
        if origin_of(as_it_is) == origin_of(parsed):  # else the host is spelt in another way
            return as_it_is
    return parsed


def take_apart(url: str) -> tuple[URL, str | None]:
    """Give an http(s) URL without its user and password, and those as basic authentication; None if it has none.

    Raises:
        DownloadError: it is no valid URL.
    """
    try:
        parsed = parse(url)
        if parsed.raw_user is None and parsed.raw_password is None:
            return parsed, None
        return parsed.with_user(None), encode_basic_auth(parsed.user or "", parsed.password or "")
    except ValueError:
        pass  # neither shown nor chained: the parser's message quotes the URL, password and all
    raise DownloadError(without_credentials(url), "not a valid URL")
