"""Hold a file of settings against the table of keys.

Floor 4, config. Every mistake is noted, so that a file is mended in one go.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from itertools import combinations
from pathlib import Path
from typing import Any

from rxsync.config import keys
from rxsync.config.keys import TOP, Key
from rxsync.config.readers import NO_URL
from rxsync.config.secrets import SECRETS, variable
from rxsync.config.values import Config, Setting
from rxsync.errors import UsageError
from rxsync.pipeline.home import check_name

NEEDS = {
    "password_file": "username",
    "client_key": "client_cert",
    "proxy_username": "proxy",
    "proxy_password_file": "proxy_username",
}
"""What says nothing without another key beside it."""

PATHS = ("home", "source", "ca_file")
"""Are understood from where the file is, wherever the command is called; those of secrets when they are read."""

LONGEST = 60
"""Of a value that is refused so many characters are shown."""

_is_bare = re.compile(r"[A-Za-z0-9_-]+").fullmatch

Where = tuple[str, ...]


class Reader:
    """Makes a ``Config`` of what TOML gave.

    Args:
        path: of the file.
        lines: where each key stands.
        named: whether the file may say where the home is.
    """

    def __init__(self, path: Path, lines: Mapping[Where, int], *, named: bool) -> None:
        self._path, self._lines, self._named = path, lines, named
        self._mistakes: list[tuple[int, str]] = []

    def read(self, raw: Mapping[str, Any]) -> Config:
        """Read the whole file.

        Raises:
            UsageError: it says what cannot be.
        """
        tables = {name: raw.get(name, {}) for name in keys.SECTIONS if name != TOP}
        top = self._settings(TOP, (), {name: value for name, value in raw.items() if name not in tables})
        config = Config(
            path=self._path,
            exists=True,
            home=top.get("home"),
            database=top.get("database"),
            defaults=self._settings("defaults", ("defaults",), tables["defaults"]),
            limits=self._settings("limits", ("limits",), tables["limits"]),
            remotes=self._named_tables("remotes", tables["remotes"]),
            repositories=self._named_tables("repositories", tables["repositories"]),
        )
        self._check_needs(("defaults",), config.defaults)
        for name, said in config.remotes.items():
            self._check_remote(("remotes", name), said)
        for one, other in combinations(config.remotes, 2):
            if variable(one, "") == variable(other, ""):
                self._note(("remotes", other), f"{one} and {other} would share the variable {variable(one, 'token')}")
        for name, said in config.repositories.items():
            self._check_repository(("repositories", name), said, config)
        self._fail_if_wrong()
        return config

    def _named_tables(self, section: str, raw: object) -> dict[str, dict[str, Setting]]:
        found = {}
        for name, table in self._table((section,), raw).items():
            where = (section, name)
            try:
                check_name(name)
            except UsageError:
                self._note(where, f'"{name}" cannot be a name: expected letters, digits and ._+-, at most 128')
            said = self._settings(section, where, table)
            if isinstance(table, dict):  # else that is told, and it is not asked what is missing in it
                found[name] = said
        return found

    def _settings(self, section: str, where: Where, raw: object) -> dict[str, Setting]:
        known, settings = keys.of(section), {}
        place = self._path.name if section in (TOP, "repositories") else _heading(where)
        for name, value in self._table(where, raw).items():
            here = (*where, name)
            if name not in known:
                self._unknown(section, here, known)
            elif section == TOP and not self._named:
                self._note(here, f"{name} can stand only in a file that --config or RXSYNC_CONFIG names")
            else:
                try:
                    settings[name] = self._setting(place, here, self._located(name, known[name].read(value)))
                except ValueError as error:
                    self._note(here, refusal(known[name], value, str(error)))
                except UsageError as error:
                    self._note(here, f"{name}: {error}")
        return settings

    def _setting(self, place: str, here: Where, value: object) -> Setting:
        line = self._line(here)
        if here[-1] == "options" and isinstance(value, dict):
            value = {name: self._setting(place, (*here, name), one) for name, one in value.items()}
        return Setting(value, f"{place} line {line}" if line else place, line)

    def _located(self, name: str, value: object) -> object:
        is_path = name in PATHS and isinstance(value, str) and "://" not in value
        return str(self._path.absolute().parent / str(value)) if is_path else value

    def _unknown(self, section: str, here: Where, known: Iterable[str]) -> None:
        name = here[-1]
        inside = f" in {_heading(here[:-1])}" if section != TOP else ""
        words = [*known, *(keys.SECTIONS[1:] if section == TOP else ())]
        elsewhere = [key.name for key in keys.KEYS if key.name == name]
        if name in SECRETS:
            hint = f"a secret does not belong in this file; {name}_file of a remote names one that holds it"
        elif elsewhere:
            places = [keys.heading(one) for key in keys.KEYS if key.name == name for one in key.sections]
            hint = f"it belongs in {' or '.join(places)}"
        elif near := get_close_matches(name, words, 1):
            hint = f'did you mean "{near[0]}"?'
        else:
            hint = f"expected {', '.join(words)}"
        self._note(here, f'unknown key "{name}"{inside}: {hint}')

    def _check_remote(self, where: Where, said: Mapping[str, Setting]) -> None:
        if "url" not in said and (*where, "url") not in self._lines:  # one that was refused is told already
            self._note(where, f"{_heading(where)} needs a url")
        if "token_file" in said and ("username" in said or "password_file" in said):
            self._note((*where, "token_file"), f"{_heading(where)}: token_file excludes username and password_file")
        self._check_needs(where, said)

    def _check_needs(self, where: Where, said: Mapping[str, Setting]) -> None:
        for name, other in NEEDS.items():
            if name in said and other not in said and (*where, other) not in self._lines:
                self._note((*where, name), f"{_heading(where)}: {name} needs a {other}")
        if "proxy_username" in said and "proxy" in said and said["proxy"].value in NO_URL:
            self._note((*where, "proxy_username"), f"{_heading(where)}: proxy_username needs a proxy that is a URL")

    def _check_repository(self, where: Where, said: Mapping[str, Setting], config: Config) -> None:
        ways = [name for name in ("source", "remote") if name in said]
        if len(ways) == 2:
            self._note((*where, "remote"), f"{_heading(where)}: source and remote exclude each other")
        tried = [name for name in ("source", "remote") if (*where, name) in self._lines]
        if not ways and not tried:
            self._note(where, f"{_heading(where)} needs a source or a remote")
        remote = said.get("remote")
        if remote is not None and remote.value not in config.remotes:
            near = get_close_matches(remote.value, config.remotes, 1)
            hint = f'did you mean "{near[0]}"?' if near else f"there is {', '.join(config.remotes) or 'none'}"
            self._note((*where, "remote"), f'{_heading(where)}: no remote "{remote.value}": {hint}')

    def _table(self, where: Where, raw: object) -> Mapping[str, Any]:
        if isinstance(raw, dict):
            return raw
        self._note(where, f'"{where[-1]}": expected a table, {_heading(where)}')
        return {}

    def _line(self, where: Where) -> int | None:
        """The line of a key; of the table around it where that was not found."""
        while where and where not in self._lines:
            where = where[:-1]
        return self._lines.get(where)

    def _note(self, where: Where, what: str) -> None:
        line = self._line(where)
        self._mistakes.append((line or 0, f"{self._path}{f' line {line}' if line else ''}: {what}"))

    def _fail_if_wrong(self) -> None:
        if not self._mistakes:
            return
        first, *others = (what for _, what in sorted(self._mistakes, key=lambda one: one[0]))
        error = UsageError(first)
        for other in others:
            error.add_note(other)
        raise error


def _heading(where: Where) -> str:
    return f"[{'.'.join(name if _is_bare(name) else json.dumps(name) for name in where)}]"


def refusal(key: Key, value: object, reason: str) -> str:
    """Say what was expected of a key, and what came, unless that may hold a secret."""
    if key.private:
        return f"{key.name}: {reason or f'expected {key.takes}'}"
    shown = json.dumps(value, default=str, ensure_ascii=False)
    shown = shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…"
    near = get_close_matches(value, key.choices, 1) if isinstance(value, str) else []
    hint = f'; did you mean "{near[0]}"?' if near else ""
    return f"{key.name} = {shown}: expected {key.takes}{hint}"
