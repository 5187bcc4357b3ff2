"""Options on either side of the command, and from the environment."""

import inspect
from dataclasses import asdict
from typing import get_args

import pytest

from rxsync.cli import root
from rxsync.cli.globals import Settings
from rxsync.cli.sync import sync
from rxsync.download.link import Link
from rxsync.pipeline.rules import Mode, Policy, arrange


@pytest.mark.parametrize(
    "args",
    [
        ("--json", "--home", "here", "repository", "list"),
        ("repository", "--json", "--home", "here", "list"),
        ("repository", "list", "--json", "--home", "here"),
        ("--json", "repository", "--home", "here", "list"),
        ("--home", "there", "repository", "list", "--home=here", "--json"),
    ],
    ids=" ".join,
)
def test_globals_stand_on_either_side_and_the_innermost_counts(rxsync, folder, tmp_path, args):
    assert rxsync("sync", folder, "--repository", "tools", "--home", "here").code == 0
    done = rxsync(*args)
    assert [one["name"] for one in done.json["repositories"]] == ["tools"]
    assert (tmp_path / "here").is_dir()
    assert not (tmp_path / "there").exists()


def test_a_flag_goes_before_its_variable_and_that_before_the_default(rxsync, folder, monkeypatch):
    monkeypatch.setenv("RXSYNC_POLICY", "on_demand")
    monkeypatch.setenv("RXSYNC_REPOSITORY", "tools")
    monkeypatch.setenv("RXSYNC_JSON", "1")
    assert rxsync("sync", folder).json["deferred"] == 3
    assert rxsync("sync", folder, "--policy", "immediate").json["deferred"] == 0


def test_a_global_flag_before_the_command_is_not_undone_by_its_variable(rxsync, folder, tmp_path, monkeypatch):
    monkeypatch.setenv("RXSYNC_HOME", str(tmp_path / "variable"))
    assert rxsync("--home", "flag", "sync", folder, "--repository", "tools").code == 0
    assert (tmp_path / "flag").is_dir()
    assert not (tmp_path / "variable").exists()


def test_a_variable_that_is_refused_is_named(rxsync, folder, monkeypatch):
    monkeypatch.setenv("RXSYNC_MAX_CONCURRENT", "0")
    done = rxsync("sync", folder, "--repository", "tools")
    assert done.code == 2
    assert "(from RXSYNC_MAX_CONCURRENT)" in done.err.splitlines()[0]


def test_an_empty_variable_is_none(rxsync, folder, monkeypatch):
    for name in ("RXSYNC_MODE", "RXSYNC_RETRIES", "RXSYNC_JSON"):
        monkeypatch.setenv(name, "")
    assert rxsync("sync", folder, "--repository", "tools").out.startswith("tools: version 1")


def test_the_defaults_are_those_of_the_library():
    context = sync.make_context("sync", [".", "--repository", "tools"], obj=Settings())
    given = {name: str(value) for name, value in context.params.items()}
    known = {name: one.default for name, one in inspect.signature(arrange).parameters.items()} | asdict(Link())
    for name in ("mode", "policy", "max_delete", "max_concurrent", "retries"):
        assert given[name] == str(known[name])


def test_the_choices_are_those_of_the_library():
    choices = {option.name: getattr(option.type, "choices", None) for option in sync.params}
    assert tuple(choices["mode"]) == get_args(Mode)
    assert tuple(choices["policy"]) == get_args(Policy)


def test_every_command_has_all_global_options():
    for name, command in commands(root):
        options = {option for parameter in command.params for option in parameter.opts}
        assert {"--home", "--json", "--verbose", "-v", "--quiet", "-q"} <= options, name


def commands(group, name="rxsync"):
    """Every command below a group, with its full name; the group first."""
    yield name, group
    for inner in group.list_commands(None) if hasattr(group, "list_commands") else ():
        yield from commands(group.get_command(None, inner), f"{name} {inner}")
