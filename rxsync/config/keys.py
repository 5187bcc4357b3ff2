"""Every key that ``rxsync.toml`` may have: what it takes, where it may stand, what it becomes.

Floor 4, config. This table is the only one: reading, the page of the docs and ``rxsync config`` follow it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time
from typing import get_args

from rxsync.declare.patterns import path_pattern
from rxsync.download.link import Link
from rxsync.errors import UsageError
from rxsync.pipeline.guards import DEFAULT, MaxDelete
from rxsync.pipeline.options import Texts
from rxsync.pipeline.policy import ErrorPolicy, MaxFailures, OnError
from rxsync.pipeline.rules import Mode, Policy
from rxsync.pipeline.source import SCHEMES
from rxsync.urls import holds_password, without_credentials
from rxsync.wording import parse_bwlimit, parse_duration, parse_rate, parse_size

TOP = ""
"""The section of keys that stand above all tables."""

SECTIONS = (TOP, "defaults", "limits", "remotes", "repositories")


@dataclass(frozen=True, slots=True)
class Key:
    """One key.

    Attributes:
        name: as it stands in the file.
        takes: what it expects, in words.
        read: makes a value of what TOML gave; raises ValueError where it cannot be, or UsageError, which says why.
        sections: where it may stand, of ``SECTIONS``.
        help: what it is for.
        default: what holds where nothing is said; None for nothing.
        argument: the argument of ``sync`` it becomes; None if it is used otherwise.
        choices: words it takes, if there are few.
        private: True where a value that is refused may hold a secret, so that it is not shown.
    """

    name: str
    takes: str
    read: Callable[[object], object]
    sections: tuple[str, ...]
    help: str
    default: object = None
    argument: str | None = None
    choices: tuple[str, ...] = ()
    private: bool = False


def _text(value: object) -> str:
    if isinstance(value, str) and value.strip():
        return value
    raise ValueError


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError


def _whole(least: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        raise ValueError

    return read


def _one_of(words: tuple[str, ...]) -> Callable[[object], str]:
    def read(value: object) -> str:
        if isinstance(value, str) and value in words:
            return value
        raise ValueError

    return read


def _measured(parse: Callable[[str], float]) -> Callable[[object], float]:
    def read(value: object) -> float:
        if value == 0 and not isinstance(value, bool):
            return 0
        return parse(_text(value))

    return read


def _concurrent(value: object) -> object:
    return value if value == "auto" else _whole(1)(value)


def _patterns(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError
    for pattern in (patterns := tuple(map(_text, value))):
        path_pattern(pattern)
    return patterns


def _max_delete(value: object) -> str:
    try:
        return str(MaxDelete.parse(str(_whole(0)(value)) if isinstance(value, int) else _text(value)))
    except UsageError:
        raise ValueError from None


def _max_failures(value: object) -> str:
    try:
        return str(MaxFailures.parse(str(_whole(0)(value)) if isinstance(value, int) else _text(value)))
    except UsageError:
        raise ValueError from None


def _on_error(value: object) -> OnError:
    said = {str(kind): _text(action) for kind, action in value.items()} if isinstance(value, dict) else _text(value)
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


def _options(value: object) -> dict[str, str | Texts]:
    if isinstance(value, dict):
        return {name: _texts(one) for name, one in value.items()}
    raise ValueError


def _open(value: object) -> str:
    """Let text without credentials pass."""
    text = _text(value)
    if without_credentials(text) != text:
        raise ValueError("credentials do not belong here; username, password_file and token_file of a remote hold them")
    return text


def _url(value: object) -> str:
    text = _open(value)
    if text.partition("://")[0].lower() not in SCHEMES or "://" not in text:
        raise ValueError(f"expected a URL of {_words(SCHEMES)}")
    return text


def _source(value: object) -> str:
    text = _open(value)
    if "://" in text and text.partition("://")[0].lower() not in SCHEMES:
        raise ValueError(f"expected a URL of {_words(SCHEMES)}, or a folder")
    return text


def _database(value: object) -> str:
    text = _text(value)
    if holds_password(text):
        raise ValueError("a password does not belong in this file; PGPASSWORD or ~/.pgpass can hold it")
    return text


def _words(words: tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


ANY = ("defaults", "repositories")
LINK = ("defaults", "limits", "remotes", "repositories")
LINKED = Link()
MODES, POLICIES = get_args(Mode), get_args(Policy)

KEYS: tuple[Key, ...] = (
    Key("home", "a folder", _text, (TOP,), "where repositories live; only in a file that is named"),
    Key("database", "a URL without a password", _database, (TOP,),
        "as `--database`; only in a file that is named", private=True),
    Key("url", "a URL", _url, ("remotes",), "where it is", private=True),
    Key("username", "text", _text, ("remotes",), "whom to sign in as; the password goes with it"),
    Key("password_file", "a file", _text, ("remotes",), "holds the password, in one line"),
    Key("token_file", "a file", _text, ("remotes",), "holds a bearer token, in one line"),
    Key("source", "a URL or a folder", _source, ("repositories",), "what to mirror", private=True),
    Key("remote", "the name of a remote", _text, ("repositories",), "what to mirror, where it needs to be said once"),
    Key("enabled", "true or false", _flag, ANY, "false: synced only when it is named", default=True),
    Key("plugin", "the name of a plugin", _text, ANY, "what kind of repository it is", "file", "plugin"),
    Key("mode", _words(MODES), _one_of(MODES), ANY,
        "the version holds what the source declares, or that and what was there", "mirror", "mode", MODES),
    Key("policy", _words(POLICIES), _one_of(POLICIES), ANY, "fetch files now, or only note where they can be had",
        "immediate", "policy", POLICIES),
    Key("max_delete", 'a number such as 50, or a percentage such as "20%"', _max_delete, ANY,
        "make no version if more units would vanish", str(DEFAULT), "max_delete"),
    Key("on_error", "fail, skip or quarantine, or a table of those", _on_error, ANY,
        'what becomes of a file that cannot be had; a table says it by HTTP status, by the name of an error, and `"*"`',
        "fail", "on_error"),
    Key("max_failures", 'a number such as 20, or a percentage such as "5%"', _max_failures, ANY,
        "make no version if more units are skipped", None, "max_failures"),
    Key("max_concurrent", "a whole number from 1, or auto", _concurrent, LINK,
        "most downloads at once; auto: as many as each host takes; in `[limits]` at most so many, whatever others say",
        LINKED.max_concurrent, "max_concurrent", ("auto",)),
    Key("rate", 'a number with `/s`, `/m` or `/h`, such as "20/s", or off', lambda said: parse_rate(_text(said)), LINK,
        "most requests in a time, over all hosts; in `[limits]` likewise", None, "rate"),
    Key("bwlimit", 'a size such as "10M" or "1.5MiB", or off', lambda said: parse_bwlimit(_text(said)), LINK,
        "most bytes a second, over all downloads; in `[limits]` likewise", None, "bwlimit"),
    Key("retries", "a whole number from 0", _whole(0), ("defaults", "remotes", "repositories"),
        "attempts at a URL after the first", LINKED.retries, "retries"),
    Key("full", "true or false", _flag, ANY, "read the source even where it says that nothing has changed",
        False, "full"),
    Key("retain_versions", "a whole number from 1", _whole(1), ANY, "how many versions to keep",
        None, "retain_versions"),
    Key("include", "a list of patterns", _patterns, ANY, "only what matches one of them", None, "include"),
    Key("exclude", "a list of patterns", _patterns, ANY, "nothing that matches one of them", None, "exclude"),
    Key("newest", "a whole number from 1", _whole(1), ANY,
        "only so many of each, the newest, if the plugin knows", None, "newest"),
    Key("min_age", 'a time such as "24h" or "7d"', _measured(parse_duration), ANY,
        "only what is at least so old, if the plugin knows", None, "min_age"),
    Key("max_size", 'a size such as "500M" or "1.5GiB"', _measured(parse_size), ANY,
        "only files of at most so many bytes", None, "max_size"),
    Key("options", "a table", _options, ANY, "the plugin's, as with `-o`; `rxsync plugin NAME` lists them",
        None, "options"),
)  # fmt: skip


def of(section: str) -> dict[str, Key]:
    """Give the keys that may stand in a section, by name."""
    return {key.name: key for key in KEYS if section in key.sections}


def heading(section: str) -> str:
    """Give a section as it stands in the file.

    >>> heading("limits"), heading("remotes"), heading("")
    ('[limits]', '[remotes.NAME]', 'the top of the file')
    """
    if section == TOP:
        return "the top of the file"
    return f"[{section}{'.NAME' if section in ('remotes', 'repositories') else ''}]"
