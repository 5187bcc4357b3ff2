"""``rxsync config``: whether the file of settings is right, and what holds for each repository.

Floor 6, doors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from rxsync.cli.globals import Settings, global_options
from rxsync.cli.output import say, say_json
from rxsync.urls import address

if TYPE_CHECKING:
    from rxsync.config import Config, Effective, Setting

SCHEMA = "rxsync.config/1"


@click.command()
@global_options
@click.pass_obj
def config(settings: Settings) -> None:
    """Check rxsync.toml, and show what holds for each repository, and who says so.

    Nothing is fetched and nothing is written. Secrets are not shown.
    """
    from rxsync.cli.sync import sync
    from rxsync.cli.sync_options import given
    from rxsync.config.check import mistakes

    read = settings.configuration()
    said = given(sync.make_context("rxsync sync", [], obj=Settings()))
    found = [read.effective(name, said) for name in read.repositories]
    _refuse([mistake for one in found for mistake in mistakes(one, read.path)])
    places = _places(settings, read)
    if settings.json:
        say_json(_as_dict(read, places, found))
    else:
        _show(places, found, exists=read.exists)


def _refuse(wrong: list[str]) -> None:
    """Tell all mistakes as one error.

    Raises:
        UsageError: there is one.
    """
    from rxsync.errors import UsageError

    if wrong:
        error = UsageError(wrong[0])
        for other in wrong[1:]:
            error.add_note(other)
        raise error


def _show(places: dict[str, Setting], found: list[Effective], *, exists: bool) -> None:
    from rxsync.cli.table import say_table

    there = {} if exists else {"file": " (there is none)"}
    rows = [(name, f"{one.value}{there.get(name, '')}", one.origin) for name, one in places.items()]
    for one in found:
        facts = [(f"  {key}", _text(key, fact.value), fact.origin) for key, fact in _facts(one)]
        rows += [("", "", ""), (one.name, "", ""), *facts]
    say_table(("", "VALUE", "SAID BY"), rows)
    if not found:
        say(["", "No repository is configured."])


def _places(settings: Settings, read: Config) -> dict[str, Setting]:
    """Where the file, the home and the database are, and who says so."""
    from rxsync.config import Setting

    home, origins = settings.open(), settings.origins
    told = {"home": (str(home.path), read.home), "database": (address(str(home.database)), read.database)}
    return {"file": Setting(str(read.path), origins.get("config", "default"))} | {
        name: Setting(value, origins.get(name) or (said.origin if said else "default"))
        for name, (value, said) in told.items()
    }


def _facts(one: Effective) -> Iterator[tuple[str, Setting]]:
    """All that holds for a repository; secrets by the place they are in, and headers without their values."""
    from rxsync.config import Setting
    from rxsync.config.secrets import certificates, secrets_of

    secrets = {
        what: Setting(str(secret), secret.origin if secret.origin.startswith("$") else _origin(one, what))
        for what, secret in secrets_of(one).items()
    }
    yield "source", one.source
    if one.remote is not None:
        yield "remote", one.settings["remote"]
    if "username" in one.remote_settings:
        yield "username", one.remote_settings["username"]
    yield from ((what, secrets.pop(what)) for what in ("password", "token") if what in secrets)
    if "headers" in one.remote_settings:
        said = one.remote_settings["headers"]
        yield from ((f"headers.{name}", replace(said, value="(not shown)")) for name in said.value)
    yield from certificates(one).items()
    for key, setting in one.settings.items():
        if key == "options":
            yield from ((f"options.{name}", option) for name, option in setting.value.items())
        elif key not in ("source", "remote", "proxy_password_file") and _is_said(setting):
            yield key, setting
        if key == "proxy_username":
            yield from secrets.items()


def _is_said(setting: Setting) -> bool:
    """Whether something holds, or somebody has said that nothing does."""
    from rxsync.config.values import DEFAULT

    return setting.value is not None or setting.origin != DEFAULT


def _origin(one: Effective, what: str) -> str:
    said = f"{what}_file"
    return (one.remote_settings.get(said) or one.settings[said]).origin


def _text(key: str, value: object) -> str:
    from rxsync.config.keys import effective

    known = effective()
    return known.get(key, known["options"]).shown(value)


def _as_dict(read: Config, places: dict[str, Setting], found: list[Effective]) -> dict[str, Any]:
    def told(setting: Setting) -> dict[str, object]:
        return {"value": setting.value, "origin": setting.origin}

    return {
        "schema": SCHEMA,
        "exists": read.exists,
        **{name: told(one) for name, one in places.items()},
        "repositories": [
            {"name": one.name, "settings": {key: told(setting) for key, setting in _facts(one)}} for one in found
        ],
    }
