"""The page about the commands says all there is to say."""

import re
from pathlib import Path

import pytest

from rxsync.cli import root
from rxsync.pipeline.report import Report

from .test_globals import commands

PAGE = (Path(__file__).parents[2] / "docs" / "commands.md").read_text()


@pytest.mark.parametrize(("name", "command"), [pytest.param(*pair, id=pair[0]) for pair in commands(root)])
def test_every_command_and_option_is_on_the_page(name, command):
    if not hasattr(command, "commands"):
        assert re.search(rf"`{name}\b", PAGE)
    options = [option for parameter in command.params for option in parameter.opts if option.startswith("-")]
    assert [option for option in options if not re.search(rf"[` ]{option}\b", PAGE)] == []


@pytest.mark.parametrize("code", ["0", "1", "2", "3", "4", "5", "6", "7", "8", "129, 130, 143"])
def test_every_exit_code_is_on_the_page(code):
    assert f"\n| {code} | " in PAGE


def test_the_keys_of_a_sync_are_on_the_page_in_their_order():
    row = next(line for line in PAGE.splitlines() if line.startswith("| `rxsync.sync/1`"))
    keys = [word.strip("`, ") for word in row.split(" | ")[1].rstrip(" |").split(", ")]
    assert keys == [key for key in Report(None, "tools").as_dict() if key != "schema"]


@pytest.mark.parametrize(("schema", "command", "many"), [
    ("rxsync.status/1", ("status",), "repositories"),
    ("rxsync.log/1", ("log",), "runs"),
    ("rxsync.log-run/1", ("log", "--run", ""), None),
])  # fmt: skip
def test_the_keys_of_status_and_log_are_on_the_page_in_their_order(rxsync, folder, schema, command, many):
    rxsync("sync", folder, "--repository", "tools")
    told = rxsync(*command, "--json").json
    assert told["schema"] == schema
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{schema}`"))
    named = re.findall(r"`([a-z_]+)`", row.split(" | ", 1)[1])
    keys = [key for key in told if key != "schema"]
    assert named == (keys if many is None else [many, *told[many][0], *keys[1:]])
