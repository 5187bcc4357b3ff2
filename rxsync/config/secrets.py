"""Secrets of remotes: from files and from the environment, and from nowhere else.

Floor 4, config. They are read when a sync begins, each time, and are in no ``repr``, no error and no report.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from rxsync.config.values import Effective
from rxsync.errors import UsageError

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
    """Find the secrets of a repository's remote: ``password`` and ``token``, those that there are.

    The environment goes before the file.
    """
    found = {}
    for what in ("password", "token") if one.remote is not None else ():
        name, said = variable(one.remote or "", what), one.remote_settings.get(f"{what}_file")
        if text := os.environ.get(name):
            found[what] = Secret(f"${name}", _text=text)
        elif said is not None:
            path = _find(str(said.value), one.folder)
            found[what] = Secret(str(path), path)
    return found


def sign_in(one: Effective) -> tuple[str, str | None]:
    """Give the source with its user and password, and the bearer token; None where there is none.

    Raises:
        UsageError: a secret cannot be read, or there are two.
    """
    found, source = secrets_of(one), str(one.source.value)
    password, token = found.get("password"), found.get("token")
    user = one.remote_settings.get("username")
    if token is not None and (password is not None or user is not None):
        other = "a username" if password is None else f"a password {password}"
        raise UsageError(f"remote {one.remote}: {other} and a token {token} exclude each other")
    if password is not None and user is None:
        raise UsageError(f"remote {one.remote}: a password {password} needs a username")
    if user is not None:
        behind = "" if password is None else f":{quote(password.reveal(), safe='')}"
        source = source.replace("://", f"://{quote(str(user.value), safe='')}{behind}@", 1)
    return source, None if token is None else token.reveal()


def _find(said: str, folder: Path) -> Path:
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
