"""What TOML gave becomes a value, or is refused: one function for each kind of key.

Floor 4, config. Each raises ValueError where it cannot be, which says why if that needs saying, or UsageError.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time

from rxsync.declare.patterns import path_pattern
from rxsync.errors import UsageError
from rxsync.pipeline.guards import MaxDelete
from rxsync.pipeline.options import Texts
from rxsync.pipeline.policy import ErrorPolicy, MaxFailures, OnError
from rxsync.pipeline.source import SCHEMES
from rxsync.urls import holds_password, without_credentials

ENVIRONMENT, NO_PROXY = NO_URL = ("environment", "none")
"""What ``proxy`` may be beside a URL: what ``HTTP_PROXY`` and so on say; none, whatever ``[defaults]`` say."""

PROXY = f'a URL of http or https, "{ENVIRONMENT}" or "{NO_PROXY}"'

_SIGNS_IN = {
    "authorization": "username, password_file and token_file",
    "proxy-authorization": "proxy_username and proxy_password_file",
}


class Headers(dict[str, str]):
    """Headers by name, whose values nobody is told."""

    def __repr__(self) -> str:
        return f"Headers({', '.join(self)})"


def text(value: object) -> str:
    """Text that is not blank."""
    if isinstance(value, str) and value.strip():
        return value
    raise ValueError


def flag(value: object) -> bool:
    """True or False."""
    if isinstance(value, bool):
        return value
    raise ValueError


def whole(least: int) -> Callable[[object], int]:
    """Make a reader of whole numbers that are not below ``least``."""

    def read(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        raise ValueError

    return read


def one_of(words: tuple[str, ...]) -> Callable[[object], str]:
    """Make a reader of a few words."""

    def read(value: object) -> str:
        if isinstance(value, str) and value in words:
            return value
        raise ValueError

    return read


def measured(parse: Callable[[str], float]) -> Callable[[object], float]:
    """Make a reader of measures, where zero needs no unit."""

    def read(value: object) -> float:
        if value == 0 and not isinstance(value, bool):
            return 0
        return parse(text(value))

    return read


def more_than_zero(parse: Callable[[str], float]) -> Callable[[object], float]:
    """Make a reader of measures that are more than zero."""

    def read(value: object) -> float:
        if (number := parse(text(value))) > 0:
            return number
        raise ValueError

    return read


def patterns(value: object) -> tuple[str, ...]:
    """Patterns of paths, at least one."""
    if not isinstance(value, list) or not value:
        raise ValueError
    for pattern in (said := tuple(map(text, value))):
        path_pattern(pattern)
    return said


def max_delete(value: object) -> str:
    """Spell a number or a percentage as ``sync`` takes it."""
    try:
        return str(MaxDelete.parse(str(whole(0)(value)) if isinstance(value, int) else text(value)))
    except UsageError:
        raise ValueError from None


def max_failures(value: object) -> str:
    """Spell a number or a percentage as ``sync`` takes it."""
    try:
        return str(MaxFailures.parse(str(whole(0)(value)) if isinstance(value, int) else text(value)))
    except UsageError:
        raise ValueError from None


def on_error(value: object) -> OnError:
    """An action, or a table of actions."""
    said = {str(kind): text(action) for kind, action in value.items()} if isinstance(value, dict) else text(value)
    try:
        ErrorPolicy.parse(said)  # type: ignore[arg-type]  # that is what it finds out
    except UsageError as error:
        raise ValueError(str(error)) from None
    return said  # type: ignore[return-value]  # as it has found


def _option(value: object) -> str:
    """Make text of a value, as on the command line; the plugin knows the type."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, str | int | float):
        return str(value)
    raise ValueError


def _texts(value: object) -> str | Texts:
    return Texts(map(_option, value)) if isinstance(value, list) else _option(value)


def options(value: object) -> dict[str, str | Texts]:
    """Options of a plugin, as text."""
    if isinstance(value, dict):
        return {name: _texts(one) for name, one in value.items()}
    raise ValueError


def _open(value: object) -> str:
    """Let text without credentials pass."""
    said = text(value)
    if without_credentials(said) != said:
        raise ValueError("credentials do not belong here; username, password_file and token_file of a remote hold them")
    return said


def url(value: object) -> str:
    """A URL without credentials, of a kind that is read."""
    said = _open(value)
    if said.partition("://")[0].lower() not in SCHEMES or "://" not in said:
        raise ValueError(f"expected a URL of {either(SCHEMES)}")
    return said


def source(value: object) -> str:
    """The same, or a folder."""
    said = _open(value)
    if "://" in said and said.partition("://")[0].lower() not in SCHEMES:
        raise ValueError(f"expected a URL of {either(SCHEMES)}, or a folder")
    return said


def database(value: object) -> str:
    """A URL without a password."""
    said = text(value)
    if holds_password(said):
        raise ValueError("a password does not belong in this file; PGPASSWORD or ~/.pgpass can hold it")
    return said


def proxy(value: object) -> str:
    """A URL without credentials, or a word that stands for none."""
    said = text(value)
    if without_credentials(said) != said:
        raise ValueError("credentials do not belong here; proxy_username and proxy_password_file hold them")
    if said in NO_URL or said.partition("://")[0].lower() in ("http", "https"):
        return said
    raise ValueError(f"expected {PROXY}")


def headers(value: object) -> Headers:
    """Headers that sign nobody in."""
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise ValueError
    for name in value:
        if name.lower() in _SIGNS_IN:
            raise ValueError(f"{name} does not belong here; {_SIGNS_IN[name.lower()]} say whom to sign in as")
    return Headers(value)


def either(words: tuple[str, ...]) -> str:
    """Name a few: ``a, b or c``."""
    return f"{', '.join(words[:-1])} or {words[-1]}"


def said(parse: Callable[[str], object]) -> Callable[[object], object]:
    """Make a reader of text that ``parse`` understands."""
    return lambda value: parse(text(value))


def concurrent(value: object) -> object:
    """A whole number from 1, or auto."""
    return value if value == "auto" else whole(1)(value)
