"""Whom requests go over.

Floor 3, download. Nothing is read from the environment unless that is asked for, and never ``.netrc``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import aiohttp
from yarl import URL

from rxsync.download.checks import ENVIRONMENT, check_proxy
from rxsync.download.link import Link
from rxsync.download.urls import take_apart
from rxsync.errors import DownloadError, UsageError


class Proxy:
    """One that is asked to ask others. No part of any ``repr``.

    Attributes:
        url: where it is, without credentials.
        name: its host and port.

    Args:
        name: how it was called where it was said.
        url: where it is; a user and password in it are for the proxy alone.

    Raises:
        UsageError: it can be no proxy.
    """

    url: URL
    name: str

    def __init__(self, name: str, url: str) -> None:
        check_proxy(name, url)
        try:
            self.url, basic = take_apart(url)
        except DownloadError as error:
            raise UsageError(f"{name} {error}") from None
        self.name = f"{self.url.host_subcomponent}:{self.url.port}"
        self._headers = {} if basic is None else {"Proxy-Authorization": basic}

    async def get(self, session: aiohttp.ClientSession, url: URL, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
        """Get ``url`` over it: https in a tunnel, in which the proxy hears nothing of ``headers``.

        Raises:
            aiohttp.ClientError: there is no answer.
        """
        if url.scheme == "http":  # the proxy reads it, and takes what is its own
            headers = {**headers, **self._headers}
            return await session.get(url, headers=headers, allow_redirects=False, proxy=self.url)
        return await session.get(
            url, headers=headers, allow_redirects=False, proxy=self.url, proxy_headers=self._headers
        )


Choose: TypeAlias = Callable[[URL], Proxy | None]
"""Says whom a request for a URL goes over; None for nobody."""


def proxies_of(link: Link) -> Choose:
    """Read once whom the requests of a link go over.

    Raises:
        UsageError: a variable of the environment says what can be no proxy.
    """
    if link.proxy is None:
        return _nobody
    return _from_environment() if link.proxy == ENVIRONMENT else _always(Proxy("proxy", link.proxy))


def _nobody(_: URL) -> None:
    """Go straight."""


def _always(proxy: Proxy) -> Choose:
    return lambda _: proxy


def _from_environment() -> Choose:
    # Here, since few need it.
    from urllib.request import (  # type: ignore[attr-defined]  # typeshed leaves the second one out
        getproxies_environment,
        proxy_bypass_environment,
    )

    said = getproxies_environment()
    chosen: dict[str, Proxy] = {}
    for scheme in ("http", "https"):
        if scheme in said:
            url = said[scheme] if "://" in said[scheme] else f"http://{said[scheme]}"
            chosen[scheme] = Proxy(f"{scheme.upper()}_PROXY", url)

    def choose(url: URL) -> Proxy | None:
        proxy = chosen.get(url.scheme)
        passed = proxy is None or proxy_bypass_environment(f"{url.host_subcomponent}:{url.port}", said)
        return None if passed else proxy

    return choose
