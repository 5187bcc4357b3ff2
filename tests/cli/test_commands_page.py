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


@pytest.mark.parametrize("code", ["0", "1", "2", "3", "4", "5", "6", "7", "8", "130, 143"])
def test_every_exit_code_is_on_the_page(code):
    assert f"\n| {code} | " in PAGE


def test_the_keys_of_a_sync_are_on_the_page_in_their_order():
    row = next(line for line in PAGE.splitlines() if line.startswith("| `rxsync.sync/1`"))
    keys = [word.strip("`, ") for word in row.split(" | ")[1].rstrip(" |").split(", ")]
    assert keys == [key for key in Report(None, "tools").as_dict() if key != "schema"]
