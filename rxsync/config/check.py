"""What can be told to be wrong with a repository before anything is fetched.

Floor 4, config. No network, and nothing is written: the plugin is loaded, and secrets are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rxsync.config.secrets import sign_in
from rxsync.config.values import Effective
from rxsync.download.link import Link, LinkOptions
from rxsync.errors import RxSyncError, UsageError
from rxsync.pipeline.filters import Filters
from rxsync.pipeline.options import parse
from rxsync.pipeline.plugin import Plugin
from rxsync.pipeline.plugins import load

FILTERS = ("newest", "min_age", "max_size")
"""Those that a plugin may not know, or no sync takes; a pattern is checked when the file is read."""


def mistakes(one: Effective, path: Path) -> Iterator[str]:
    """Tell each mistake in a line.

    Args:
        one: a repository.
        path: of the file it stands in.
    """
    name = str(one.settings["plugin"].value)
    try:
        plugin = load(name)
    except UsageError as error:
        yield f"{_place(one, 'plugin', path)}: {one.name}: {error}"
    else:
        for key in ("options", *FILTERS):
            try:
                _check(one, key, plugin)
            except UsageError as error:
                yield f"{_place(one, key, path)}: {one.name}: {error}"
    try:
        _check_way(one)
    except RxSyncError as error:
        yield f"{path} line {one.source.line}: {one.name}: {error}"


def _check_way(one: Effective) -> None:
    """Make all that a download begins with: keys fit their certificates, and whom to go over can be asked.

    Raises:
        RxSyncError: what is said cannot be.
    """
    from rxsync.download.credentials import Credentials  # these import aiohttp, which takes a while
    from rxsync.download.proxies import proxies_of
    from rxsync.download.tls import Tls

    said, source = one.arguments() | dict(sign_in(one)), str(one.source.value)
    link = Link(**{name: value for name, value in said.items() if name in LinkOptions.__annotations__})
    is_asked = source.lower().startswith(("http://", "https://"))
    Tls(link, Credentials(source, link).origin if is_asked else None)
    proxies_of(link)


def _check(one: Effective, key: str, plugin: Plugin[Any, Any]) -> None:
    if key == "options":
        parse(plugin.options, one.options, plugin.name)
    else:
        Filters(**{key: one.settings[key].value}).check(plugin)


def _place(one: Effective, key: str, path: Path) -> str:
    setting = one.settings[key]
    line = setting.line or one.source.line
    return f"{path} line {line}" if line else str(path)
