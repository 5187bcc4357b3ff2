"""What the environment says of the way to remotes: variables for keys that are no options of a command.

Floor 4, config. ``RXSYNC_VERIFY_TLS=false`` is as ``verify_tls = false`` in the file, which it goes before; paths in it
are relative to where the command is called.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from rxsync.config import keys
from rxsync.config.checking import refusal
from rxsync.config.secrets import variable
from rxsync.config.values import Setting
from rxsync.errors import UsageError

WORDS: Mapping[str, object] = {"true": True, "false": False, "0": 0}
"""What stands without quotes in the file; all else is text."""

ALONE = ("username", "headers", "client_cert", "client_key")
"""Keys for one remote's origin alone, which have a variable for each remote, as secrets have."""


def variables() -> dict[str, keys.Key]:
    """Give the keys that have a variable without being an option, by the variable."""
    return {
        f"RXSYNC_{key.name.upper()}": key for key in keys.KEYS if key.sections == keys.WAY and key.argument is not None
    }


def said_of_remote(remote: str) -> dict[str, Setting]:
    """Read what the environment says of one remote alone: ``RXSYNC_REMOTE_NAME_USERNAME`` and so on.

    Raises:
        UsageError: a value cannot be.
    """
    said = {}
    for name in ALONE:
        if text := os.environ.get(origin := variable(remote, name)):
            said[name] = _read(f"${origin}", keys.of("remotes")[name], _lines(text) if name == "headers" else text)
    return said


def _lines(text: str) -> dict[str, str] | str:
    """Make a table of ``Name: value`` lines; what is none of those stays text, and is refused as that."""
    pairs = [line.partition(":") for line in text.splitlines() if line.strip()]
    if not all(colon for _, colon, _ in pairs):
        return text
    return {name.strip(): value.strip() for name, _, value in pairs}


def said_by_environment() -> dict[str, Setting]:
    """Read what the environment says; a variable that is empty says nothing.

    Raises:
        UsageError: a value cannot be.
    """
    return {
        key.name: _read(f"${name}", key, WORDS.get(text, text))
        for name, key in variables().items()
        if (text := os.environ.get(name))
    }


def _read(origin: str, key: keys.Key, value: object) -> Setting:
    try:
        return Setting(key.read(value), origin)
    except ValueError as error:
        problem = refusal(key, value, str(error))
    raise UsageError(f"{origin}: {problem}")
