"""What the origin of the source alone may hear, and how a request comes by it.

Floor 3, download. Nothing here has a ``repr`` that tells a secret.
"""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import encode_basic_auth
from yarl import URL

from rxsync.download.checks import check_token, signs_in
from rxsync.download.link import Link
from rxsync.download.urls import Origin, Target, origin_of, take_apart
from rxsync.errors import UsageError
from rxsync.urls import without_credentials


class Credentials:
    """The headers of a link, and how it signs in, for the one origin that may hear it.

    Attributes:
        origin: of the source.

    Args:
        source_url: any URL of that origin, http or https; a user and password in it sign in at all of the origin.
        link: says the rest; a token that is a function is asked now.

    Raises:
        DownloadError: it is no valid URL.
        UsageError: there are two ways to sign in, or the token can be none.
    """

    origin: Origin

    def __init__(self, source_url: str, link: Link) -> None:
        url, basic = take_apart(source_url)
        self.origin = origin_of(url)
        self._headers = {("Authorization" if name.lower() == "authorization" else name): value
                         for name, value in link.headers.items()}  # fmt: skip
        if basic is not None and (link.username is not None or link.token is not None or signs_in(link.headers)):
            said = without_credentials(source_url)
            raise UsageError(f"{said}: the URL has a user, and the remote another way to sign in: expected one of them")
        if link.username is not None:
            basic = encode_basic_auth(link.username, link.password or "")
        if basic is not None:
            self._headers["Authorization"] = basic
        self._read = None if isinstance(link.token, str) else link.token
        self._refused: set[str] = set()
        if link.token is not None:
            self._headers["Authorization"] = _bearer(link.token if isinstance(link.token, str) else link.token())

    def headers_for(self, url: URL) -> Mapping[str, str]:
        """Give what ``url`` may hear; nothing where it is of another origin."""
        return self._headers if self._headers and origin_of(url) == self.origin else {}

    def renewed(self, refused: Target) -> Target | None:
        """Give a target that was refused once more, with the token that is there now; None if it would be the same.

        A token is read again once for each that is refused, whoever else is refused with it. One that has not
        changed is not tried again: who refused it would do so again, and may lock out whoever insists.

        Raises:
            UsageError: the token cannot be read any more, or can be none.
        """
        sent, now = refused.private.get("Authorization"), self._headers.get("Authorization")
        if self._read is None or sent is None:
            return None
        if sent == now and sent not in self._refused:
            self._refused.add(sent)
            now = _bearer(self._read())
            self._headers = {**self._headers, "Authorization": now}  # another one: targets hold the old one
        if sent == now or sent not in self._refused:  # else it is the request's own, of which we know no other
            return None
        return Target(refused.url, {**refused.private, "Authorization": now or ""})


def target_of(url: str, headers: Mapping[str, str], credentials: Credentials | None = None) -> Target:
    """Take an http(s) URL apart, and say what it may hear.

    Args:
        url: absolute, http or https; a user and password in it become basic authentication.
        headers: what the caller asks to send; what they say goes before all else.
        credentials: what the source's origin may hear; they sign in where neither the URL nor ``headers`` do.

    Raises:
        DownloadError: it is no valid URL.
    """
    parsed, basic = take_apart(url)
    private = {} if credentials is None else credentials.headers_for(parsed)
    if basic is not None:
        private = {**private, "Authorization": basic}
    if private and headers:
        ours = {name: value for name, value in private.items() if name != "Authorization" or not signs_in(headers)}
        return Target(parsed, {**ours, **headers})
    return Target(parsed, private or headers)


def _bearer(token: str) -> str:
    check_token(token)
    return f"Bearer {token}"
