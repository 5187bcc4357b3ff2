"""What the environment says of the way to every remote: variables for keys that are no options of a command.

Floor 4, config. ``RXSYNC_VERIFY_TLS=false`` is as ``verify_tls = false`` in the file, which it goes before; paths in it
are relative to where the command is called.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from rxsync.config import keys
from rxsync.config.checking import refusal
from rxsync.config.values import Setting
from rxsync.errors import UsageError

WORDS: Mapping[str, object] = {"true": True, "false": False, "0": 0}
"""What stands without quotes in the file; all else is text."""


def variables() -> dict[str, keys.Key]:
    """Give the keys that have a variable without being an option, by the variable."""
    return {
        f"RXSYNC_{key.name.upper()}": key for key in keys.KEYS if key.sections == keys.WAY and key.argument is not None
    }


def said_by_environment() -> dict[str, Setting]:
    """Read what the environment says; a variable that is empty says nothing.

    Raises:
        UsageError: a value cannot be.
    """
    said = {}
    for variable, key in variables().items():
        if text := os.environ.get(variable):
            value = WORDS.get(text, text)
            try:
                said[key.name] = Setting(key.read(value), f"${variable}")
            except ValueError as error:
                problem = refusal(key, value, str(error))
            else:
                continue
            raise UsageError(f"${variable}: {problem}")
    return said
