"""What can be told to be wrong with a repository before anything is fetched.

Floor 4, config. No network, and nothing is written: the plugin is loaded, and secrets are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rxsync.config.secrets import sign_in
from rxsync.config.values import Effective
from rxsync.errors import UsageError
from rxsync.pipeline.options import parse
from rxsync.pipeline.plugins import load


def mistakes(one: Effective, path: Path) -> Iterator[str]:
    """Tell each mistake in a line.

    Args:
        one: a repository.
        path: of the file it stands in.
    """
    checks = (("plugin", lambda: load(str(one.settings["plugin"].value))), ("options", lambda: _options(one)))
    for key, check in checks:
        try:
            check()
        except UsageError as error:
            yield f"{_place(one, key, path)}: {one.name}: {error}"
            break
    try:
        sign_in(one)
    except UsageError as error:
        yield f"{path} line {one.source.line}: {one.name}: {error}"


def _options(one: Effective) -> None:
    parse(load(str(one.settings["plugin"].value)).options, one.options, str(one.settings["plugin"].value))


def _place(one: Effective, key: str, path: Path) -> str:
    setting = one.settings[key]
    line = setting.line or one.source.line
    return f"{path} line {line}" if line else str(path)
