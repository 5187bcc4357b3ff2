"""What can be told to be wrong with a repository before anything is fetched.

Floor 4, config. No network, and nothing is written: the plugin is loaded, and secrets are looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

from rxsync.config.secrets import sign_in
from rxsync.config.values import Effective
from rxsync.errors import UsageError
from rxsync.pipeline.filters import Filters
from rxsync.pipeline.options import parse
from rxsync.pipeline.plugin import Plugin
from rxsync.pipeline.plugins import load


def mistakes(one: Effective, path: Path) -> Iterator[str]:
    """Tell each mistake in a line.

    Args:
        one: a repository.
        path: of the file it stands in.
    """
    try:
        plugin = load(str(one.settings["plugin"].value))
    except UsageError as error:
        yield f"{_place(one, 'plugin', path)}: {one.name}: {error}"
    else:
        checks: dict[str, Callable[[], object]] = {"options": lambda: parse(plugin.options, one.options, plugin.name)}
        checks |= {key.name: partial(_filter, one, key.name, plugin) for key in fields(Filters)}
        for name, check in checks.items():
            try:
                check()
            except UsageError as error:
                yield f"{_place(one, name, path)}: {one.name}: {error}"
    try:
        sign_in(one)
    except UsageError as error:
        yield f"{path} line {one.source.line}: {one.name}: {error}"


def _filter(one: Effective, name: str, plugin: Plugin[Any, Any]) -> None:
    if (value := one.settings[name].value) is not None:
        Filters(**{name: value}).check(plugin)


def _place(one: Effective, key: str, path: Path) -> str:
    setting = one.settings[key]
    line = setting.line or one.source.line
    return f"{path} line {line}" if line else str(path)
