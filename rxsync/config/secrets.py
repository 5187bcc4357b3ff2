"""Secrets of remotes: from files and from the environment, and from nowhere else.

Floor 4, config. They are read when a sync begins, each time, and are in no ``repr``, no error and no report.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from rxsync.config.readers import NO_PROXY
from rxsync.config.values import Effective, Setting
from rxsync.download.link import LinkOptions
from rxsync.errors import UsageError

SECRETS = ("password", "token", "proxy_password")

CERTIFICATES: tuple[Literal["client_cert", "client_key"], ...] = ("client_cert", "client_key")

NO_LINE = "it is not one line of printable text"


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret is.

    Attributes:
        origin: the path of a file, or ``$`` and the name of a variable.
    """

    origin: str
    _path: Path | None = field(default=None, repr=False)
    _text: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"(from {self.origin})"

    def reveal(self) -> str:
        """Read it.

        Raises:
            UsageError: the file cannot be read, or what it holds can be no secret; names the path alone.
        """
        text = self._text if self._path is None else _line(self._path)
        if not text.strip():
            raise UsageError(f"{self.origin}: expected a secret, it is empty")
        if not text.isprintable():
            raise UsageError(f"{self.origin}: expected a secret, {NO_LINE}")
        return text


def variable(remote: str, what: str) -> str:
    """Name the variable that may hold a remote's secret.

    >>> variable("isos.example", "token")
    'RXSYNC_REMOTE_ISOS_EXAMPLE_TOKEN'
    """
    return f"RXSYNC_REMOTE_{re.sub('[-.+]', '_', remote).upper()}_{what.upper()}"


def secrets_of(one: Effective) -> dict[str, Secret]:
    """Find the secrets for a repository: ``password``, ``token`` and ``proxy_password``, those that there are.

    The environment goes before the file; it has none for a repository without a remote.
    """
    found, said = {}, {**one.remote_settings, **one.settings}
    for what in SECRETS:
        name, file = variable(one.remote or "", what), said.get(f"{what}_file")
        if one.remote is not None and (text := os.environ.get(name)):
            found[what] = Secret(f"${name}", _text=text)
        elif file is not None and file.value is not None:
            path = _find(str(file.value), one.folder)
            found[what] = Secret(str(path), path)
    return found


def sign_in(one: Effective) -> LinkOptions:
    """Give what is known of a repository's remote by its secrets, as arguments of ``sync``.

    All are read now, so that what cannot be read is told before anything is begun; the token is a function, which reads
    it again each time.

    Raises:
        UsageError: a secret cannot be read, or there are two for one thing.
    """
    found, said, link = secrets_of(one), one.remote_settings, LinkOptions()
    password, token, user = found.get("password"), found.get("token"), said.get("username")
    if token is not None and (password is not None or user is not None):
        other = "a username" if password is None else f"a password {password}"
        raise UsageError(f"{_whose(one)}: {other} and a token {token} exclude each other")
    if password is not None and user is None:
        raise UsageError(f"{_whose(one)}: a password {password} needs a username")
    if user is not None:
        link["username"] = str(user.value)
        link["password"] = None if password is None else password.reveal()
    if token is not None:
        token.reveal()
        link["token"] = token.reveal
    for name, file in certificates(one).items():
        link[name] = file.value
    return link | _over_proxy(one, found.get("proxy_password"))


def certificates(one: Effective) -> dict[Literal["client_cert", "client_key"], Setting]:
    """Find the files of what a repository's remote is shown, those that there are, where secrets are."""
    return {
        name: replace(said, value=str(_find(said.value, one.folder)))
        for name in CERTIFICATES
        if (said := one.remote_settings.get(name)) is not None
    }


def _over_proxy(one: Effective, password: Secret | None) -> LinkOptions:
    proxy, user = (one.settings[name].value for name in ("proxy", "proxy_username"))
    if password is not None and user is None:
        raise UsageError(f"{_whose(one)}: a password for the proxy {password} needs a proxy_username")
    if proxy == NO_PROXY:
        return LinkOptions(proxy=None)
    if user is None:
        return LinkOptions()
    behind = "" if password is None else f":{quote(password.reveal(), safe='')}"
    return LinkOptions(proxy=proxy.replace("://", f"://{quote(user, safe='')}{behind}@", 1))


def _whose(one: Effective) -> str:
    return f"repository {one.name}" if one.remote is None else f"remote {one.remote}"


def _find(said: str, folder: Path) -> Path:
    """Find a file that may hold a secret: in the folder of credentials, else from where the file of settings is."""
    lent = os.environ.get("CREDENTIALS_DIRECTORY")
    if lent and (Path(lent) / said).exists():
        return Path(lent) / said
    return folder / said


def _line(path: Path) -> str:
    try:
        return path.read_text("utf-8").removesuffix("\n").removesuffix("\r")
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        raise UsageError(f"{path}: {reason}; expected a file with a secret") from None
    except ValueError:  # not chained: its message would quote what it could not read
        raise UsageError(f"{path}: expected a secret, {NO_LINE}") from None
