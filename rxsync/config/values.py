"""What a file of settings says, and what holds for one repository after all.

Floor 4, config. Values; nothing in here reads a file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from math import inf
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from rxsync.config import keys
from rxsync.download.controls import MOST
from rxsync.errors import UsageError
from rxsync.urls import without_credentials

NOTHING: Mapping[str, Any] = MappingProxyType({})

ONE_SOURCE = "rxsync sync SOURCE --repository NAME mirrors a URL or a folder"

DEFAULT = "default"
"""The origin of what nobody said."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A value, and who says so.

    Attributes:
        value: as ``sync`` takes it.
        origin: in words: ``rxsync.toml line 12``, ``$RXSYNC_MODE``, ``--mode``, ``default``.
        line: of the file; None where it is not from there.
    """

    value: Any
    origin: str
    line: int | None = None


Settings = Mapping[str, Setting]


@dataclass(frozen=True)
class Effective:
    """One repository, with all that holds for it.

    Attributes:
        name: of the repository.
        source: a URL without credentials, or a folder.
        settings: by key. That of ``options`` has a mapping of settings.
        remote: the name of its remote; None if it has none.
        remote_settings: those of the remote.
        folder: what the paths of the remote's files are relative to.
    """

    name: str
    source: Setting
    settings: Settings
    remote: str | None = None
    remote_settings: Settings = field(default_factory=dict)
    folder: Path = Path()

    @property
    def enabled(self) -> bool:
        """Whether it is synced where no repository is named."""
        return bool(self.settings["enabled"].value)

    @property
    def options(self) -> dict[str, object]:
        """The plugin's options, by name."""
        return {name: one.value for name, one in self.settings["options"].value.items()}

    def arguments(self) -> dict[str, Any]:
        """What was said, as arguments of ``sync``; of what nobody said ``sync`` has its own idea."""
        holds = {**self.remote_settings, **self.settings}
        said = {
            key.argument: holds[key.name].value
            for key in keys.KEYS
            if key.argument is not None and key.name in holds and holds[key.name].origin != DEFAULT
        }
        return said | {"options": self.options}


@dataclass(frozen=True)
class Config:
    """What a file says.

    Attributes:
        path: of the file.
        exists: False where there is none, and nobody named it.
        home: where repositories live; None if it does not say.
        database: URL of the database; None if it does not say.
        defaults: for every repository.
        limits: for every sync.
        remotes: by name.
        repositories: by name, in the order of the file.
    """

    path: Path
    exists: bool = False
    home: Setting | None = None
    database: Setting | None = None
    defaults: Settings = field(default_factory=dict)
    limits: Settings = field(default_factory=dict)
    remotes: Mapping[str, Settings] = field(default_factory=dict)
    repositories: Mapping[str, Settings] = field(default_factory=dict)

    def effective(self, name: str, given: Settings = NOTHING, source: str | None = None) -> Effective:
        """Give what holds for a repository: ``given``, then the file, then the defaults.

        In the file a repository goes before its remote, that before ``[defaults]``; ``[limits]`` bounds them all.

        Args:
            name: of the repository; one that the file does not know has the defaults.
            given: what the environment and the command line say.
            source: what to mirror instead of what the file says; the remote is nobody's then, and hears no secret.
        """
        said = self.repositories.get(name, NOTHING)
        remote = said["remote"].value if source is None and "remote" in said else None
        link = self.remotes[remote] if remote is not None else NOTHING
        known = keys.effective()
        settings = {key.name: Setting(key.default, DEFAULT) for key in known.values()}
        settings["options"] = Setting({}, DEFAULT)
        for layer in (self.defaults, link, said):
            settings = _over(settings, {key: one for key, one in layer.items() if key in known})
        settings = _over(self._bounded(settings), given)
        where = Setting(source, "SOURCE") if source is not None else link.get("url") or said["source"]
        return Effective(name, where, settings, remote, link, self.path.parent)

    def chosen(self, names: Sequence[str] = ()) -> list[str]:
        """Give the names of the repositories that are meant, each once; where none is named, of all that are enabled.

        Raises:
            UsageError: there is none, or none of that name; names the nearest.
        """
        for name in names:
            if name not in self.repositories:
                raise _unknown(name, self)
        chosen = list(dict.fromkeys(names)) or [name for name in self.repositories if self.effective(name).enabled]
        if not chosen:
            which = "no repository is enabled" if self.repositories else "no repository is configured"
            error = UsageError(f"{self.path}{'' if self.exists else ' does not exist'}: {which}")
            error.hint = f"[repositories.NAME] in it makes one; {ONE_SOURCE}"
            raise error
        return chosen

    def _bounded(self, settings: dict[str, Setting]) -> dict[str, Setting]:
        bounds = {key: one for key, one in self.limits.items() if _amount(settings[key].value) > _amount(one.value)}
        return settings | bounds


def _amount(limit: float | Literal["auto"] | None) -> float:
    """Make limits comparable: none is more than any, and what is found out is no more than so many."""
    if limit is None:
        return inf
    return MOST if limit == "auto" else limit


_NO_CREDENTIALS = dict.fromkeys(("proxy_username", "proxy_password_file"), Setting(None, DEFAULT))


def _over(below: Settings, above: Settings) -> dict[str, Setting]:
    """Lay one layer over another; of options each by itself, and another proxy hears nothing that was for the one."""
    both = {**below, **(_NO_CREDENTIALS if "proxy" in above else NOTHING), **above}
    if "options" in above:
        both["options"] = replace(above["options"], value=below["options"].value | above["options"].value)
    return both


def _unknown(name: str, config: Config) -> UsageError:
    shown = without_credentials(name)
    near = get_close_matches(name, config.repositories, 1)
    known = f"it has {', '.join(config.repositories)}" if config.repositories else "it has none"
    state = (f'did you mean "{near[0]}"?' if near else known) if config.exists else "there is no such file"
    error = UsageError(f'no repository "{shown}" in {config.path}: {state}')
    if "/" in name or Path(name).exists():
        error.hint = ONE_SOURCE
    return error
