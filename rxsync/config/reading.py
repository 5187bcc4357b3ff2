"""Read ``rxsync.toml``: a file becomes a value, or one error that names every mistake with its line.

Floor 4, config. Reads one file, and writes nothing.
"""

from __future__ import annotations

import re
import tomllib
from codecs import BOM_UTF8
from dataclasses import replace
from pathlib import Path
from typing import Any

from rxsync.config.checking import Reader
from rxsync.config.lines import lines_of_keys
from rxsync.config.values import Config
from rxsync.config.variables import said_of_remote
from rxsync.errors import UsageError

FILE = "rxsync.toml"
"""Its name in a home."""


def read_config(path: Path, *, named: bool = True) -> Config:
    """Read a file of settings.

    Args:
        path: of the file.
        named: whether somebody named it: then it must exist, and may say where the home and the database are.

    Raises:
        UsageError: it cannot be read, is no TOML, or says what cannot be. The first mistake is the message, the others
            are its notes.
    """
    data = _read(path, named=named)
    if data is None:
        return Config(path)
    text = _decoded(data, path)
    raw = _parsed(text, path)
    config = Reader(path, lines_of_keys(text), named=named).read(raw)
    return replace(config, remotes={name: {**said, **said_of_remote(name)} for name, said in config.remotes.items()})


def _read(path: Path, *, named: bool) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        if not named:
            return None
        raise UsageError(f"{path}: there is no such file") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it cannot be a path"
        raise UsageError(f"{path}: {reason[:1].lower()}{reason[1:]}") from None


def _decoded(data: bytes, path: Path) -> str:
    try:
        return data.removeprefix(BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    raise UsageError(f"{path} line {line}: expected UTF-8")


def _parsed(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
    except (ValueError, RecursionError):  # a number of many thousand digits; brackets in brackets in brackets
        said = "a value that is too long or too deep"
    # Not chained: newer versions of the error carry the whole text.
    place = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", said)
    what = said[: place.start()] if place else said
    what = f"{what[:1].lower()}{what[1:]}"
    if place is None:
        raise UsageError(f"{path}: {what}")
    line, column = (place[1], place[2]) if place[1] else (len(text.splitlines()), None)
    raise UsageError(f"{path} line {line}{f', column {column}' if column else ''}: {what}")
