"""Where a redirect may lead, and what may go along.

Floor 3, download. No I/O: a target and a ``Location`` give the next target or a refusal. aiohttp's own loop
keeps custom headers across origins, also from https to http, so it is not used.
"""

from __future__ import annotations

from yarl import URL

from rxsync.download.urls import Target, origin_of, parse
from rxsync.errors import DownloadError

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 10


def follow(here: Target, location: str, asked: str) -> Target:
    """Take one step of a redirect.

    Credentials and the caller's headers stay with the origin (scheme, host, port) they were meant for; once
    dropped they do not come back, even if the way leads home. A user or password in ``location`` is dropped.

    Args:
        here: who answered with a redirect.
        location: the ``Location`` header as it came, absolute or relative.
        asked: the URL to name in an error, without credentials.

    Raises:
        DownloadError: it leads nowhere, away from http and https, or from https to http.
    """
    there = _join(here.url, location, asked)
    if there.scheme not in ("http", "https"):
        raise DownloadError(asked, f"redirected to a {there.scheme}: URL, which is refused")
    if not there.raw_host:
        raise DownloadError(asked, "redirected to a URL without a host")
    if here.url.scheme == "https" and there.scheme == "http":
        raise DownloadError(asked, f"redirected from https to plain http on {there.raw_host}, which is refused")
    return Target(there, here.private if origin_of(there) == origin_of(here.url) else {})


def _join(base: URL, location: str, asked: str) -> URL:
    try:
        there = base.join(parse(location))
        return there.with_user(None) if there.raw_user or there.raw_password else there
    except ValueError:
        pass  # not chained: the parser's message quotes the location, which may hold a token
    raise DownloadError(asked, "redirected to something that is no valid URL")
