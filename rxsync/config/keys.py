"""Every key that ``rxsync.toml`` may have: what it takes, where it may stand, what it becomes.

Floor 4, config. This table is the only one: reading, the page of the docs and ``rxsync config`` follow it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args

from rxsync.config import readers
from rxsync.download.link import Link
from rxsync.pipeline.guards import DEFAULT
from rxsync.pipeline.rules import Mode, Policy
from rxsync.wording import OFF, parse_bwlimit, parse_duration, parse_rate, parse_size

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
        unit: of a measure, as it stands behind the number: ``s``, ``B``.
        nothing: what says that nothing holds, if anything does.
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
    unit: str = ""
    nothing: str = ""

    def shown(self, value: object) -> str:
        """Tell a value as it would stand in the file, more or less."""
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, tuple):
            return ", ".join(map(str, value))
        return self.nothing if value is None else f"{value:.15g}{self.unit}" if self.unit else str(value)


ANY = ("defaults", "repositories")
LINK = ("defaults", "limits", "remotes", "repositories")
WAY = ("defaults", "remotes")
LINKED = Link()
MODES, POLICIES = get_args(Mode), get_args(Policy)

KEYS: tuple[Key, ...] = (
    Key("home", "a folder", readers.text, (TOP,), "where repositories live; only in a file that is named"),
    Key("database", "a URL without a password", readers.database, (TOP,),
        "as `--database`; only in a file that is named", private=True),
    Key("url", "a URL", readers.url, ("remotes",), "where it is", private=True),
    Key("username", "text", readers.text, ("remotes",), "whom to sign in as; the password goes with it"),
    Key("password_file", "a file", readers.text, ("remotes",), "holds the password, in one line"),
    Key("token_file", "a file", readers.text, ("remotes",), "holds a bearer token, in one line"),
    Key("headers", "a table of texts", readers.headers, ("remotes",), 'are sent along, such as `X-Team = "mirrors"`',
        None, "headers", private=True),
    Key("client_cert", "a file", readers.text, ("remotes",), "a certificate in PEM, to show there"),
    Key("client_key", "a file", readers.text, ("remotes",), "the key of it, where that is in another file"),
    Key("proxy", readers.PROXY, readers.proxy, WAY,
        "what all requests go over; `environment`: what `HTTPS_PROXY` and so on say",
        readers.NO_PROXY, "proxy", private=True),
    Key("proxy_username", "text", readers.text, WAY, "whom to sign in at the proxy as; stands with `proxy`"),
    Key("proxy_password_file", "a file", readers.text, WAY, "holds the password for the proxy, in one line"),
    Key("ca_file", "a file", readers.text, WAY, "certificates in PEM that are trusted beside those of the system",
        LINKED.ca_file, "ca_file"),
    Key("verify_tls", "true or false", readers.flag, WAY, "false: takes any certificate for good, and warns each time",
        LINKED.verify_tls, "verify_tls"),
    Key("allow_private", "true or false", readers.flag, WAY, "false: refuses hosts whose address is not public",
        LINKED.allow_private, "allow_private"),
    Key("connect_timeout", 'a time such as "30s", more than 0', readers.more_than_zero(parse_duration), WAY,
        "longest wait for a connection", LINKED.connect_timeout, "connect_timeout", unit="s"),
    Key("idle_timeout", 'a time such as "2m", more than 0', readers.more_than_zero(parse_duration), WAY,
        "longest wait for the next byte", LINKED.idle_timeout, "idle_timeout", unit="s"),
    Key("min_rate", 'a size such as "10K"', readers.measured(parse_size), WAY,
        "bytes a second; who is slower for half a minute is given up; 0 for any rate",
        LINKED.min_rate, "min_rate", unit="B"),
    Key("source", "a URL or a folder", readers.source, ("repositories",), "what to mirror", private=True),
    Key("remote", "the name of a remote", readers.text, ("repositories",),
        "what to mirror, where it needs to be said once"),
    Key("enabled", "true or false", readers.flag, ANY, "false: synced only when it is named", default=True),
    Key("plugin", "the name of a plugin", readers.text, ANY, "what kind of repository it is", "file", "plugin"),
    Key("mode", readers.either(MODES), readers.one_of(MODES), ANY,
        "the version holds what the source declares, or that and what was there", "mirror", "mode", MODES),
    Key("policy", readers.either(POLICIES), readers.one_of(POLICIES), ANY,
        "fetch files now, or only note where they can be had", "immediate", "policy", POLICIES),
    Key("max_delete", 'a number such as 50, or a percentage such as "20%"', readers.max_delete, ANY,
        "make no version if more units would vanish", str(DEFAULT), "max_delete"),
    Key("on_error", "fail, skip or quarantine, or a table of those", readers.on_error, ANY,
        'what becomes of a file that cannot be had; a table says it by HTTP status, by the name of an error, and `"*"`',
        "fail", "on_error"),
    Key("max_failures", 'a number such as 20, or a percentage such as "5%"', readers.max_failures, ANY,
        "make no version if more units are skipped", None, "max_failures"),
    Key("max_concurrent", "a whole number from 1, or auto", readers.concurrent, LINK,
        "most downloads at once; auto: as many as each host takes; in `[limits]` at most so many, whatever others say",
        LINKED.max_concurrent, "max_concurrent", ("auto",)),
    Key("rate", 'a number with `/s`, `/m` or `/h`, such as "20/s", or off', readers.said(parse_rate), LINK,
        "most requests in a time, over all hosts; in `[limits]` likewise", None, "rate", unit="/s", nothing=OFF),
    Key("bwlimit", 'a size such as "10M" or "1.5MiB", or off', readers.said(parse_bwlimit), LINK,
        "most bytes a second, over all downloads; in `[limits]` likewise", None, "bwlimit", unit="B", nothing=OFF),
    Key("retries", "a whole number from 0", readers.whole(0), ("defaults", "remotes", "repositories"),
        "attempts at a URL after the first", LINKED.retries, "retries"),
    Key("full", "true or false", readers.flag, ANY, "read the source even where it says that nothing has changed",
        False, "full"),
    Key("retain_versions", "a whole number from 1", readers.whole(1), ANY, "how many versions to keep",
        None, "retain_versions"),
    Key("include", "a list of patterns", readers.patterns, ANY, "only what matches one of them", None, "include"),
    Key("exclude", "a list of patterns", readers.patterns, ANY, "nothing that matches one of them", None, "exclude"),
    Key("newest", "a whole number from 1", readers.whole(1), ANY,
        "only so many of each, the newest, if the plugin knows", None, "newest"),
    Key("min_age", 'a time such as "24h" or "7d"', readers.measured(parse_duration), ANY,
        "only what is at least so old, if the plugin knows", None, "min_age", unit="s"),
    Key("max_size", 'a size such as "500M" or "1.5GiB"', readers.measured(parse_size), ANY,
        "only files of at most so many bytes", None, "max_size", unit="B"),
    Key("options", "a table", readers.options, ANY, "the plugin's, as with `-o`; `rxsync plugin NAME` lists them",
        None, "options"),
)  # fmt: skip


def effective() -> dict[str, Key]:
    """Give the keys of which something holds for each repository, by name; the others are of its remote alone."""
    return of("repositories") | of("defaults")


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
