"""The pages about the file say all there is to say, and their examples are right."""

import re
from pathlib import Path

import pytest

from rxsync.config import read_config
from rxsync.config.keys import KEYS, SECTIONS, heading, of
from rxsync.config.secrets import variable
from rxsync.config.variables import ALONE as OF_ONE_ALONE
from rxsync.config.variables import variables
from rxsync.urls import ALONE, SIGNED

DOCS = Path(__file__).parents[2] / "docs"
PAGE, REMOTES = ((DOCS / name).read_text() for name in ("configuration.md", "remotes.md"))
EXAMPLE, REMOTE = (re.search(r"^```toml\n(# .*?)^```", page, re.MULTILINE | re.DOTALL)[1] for page in (PAGE, REMOTES))
OF_REMOTES = of("remotes")


def row(key, *more):
    default = f"`{shown}`" if (shown := key.shown(key.default)) else ""
    return f"| {' | '.join((f'`{key.name}`', key.takes, default, *more, key.help))} |"


def rows(page, name):
    part = re.split(r"\n##", page.partition(f"## {name}\n")[2])[0]
    return [line for line in part.splitlines() if line.startswith("| `")]


@pytest.mark.parametrize("section", SECTIONS)
def test_the_table_of_a_section_is_that_of_its_keys_but_those_of_remotes(section):
    name = "The top" if not section else f"`{heading(section)}`"
    assert rows(PAGE, name) == [row(key) for key in of(section).values() if key.name not in OF_REMOTES]


def test_the_page_about_remotes_has_their_keys_and_says_where_else_they_may_stand():
    def where(key):
        return ", ".join(f"`[{section}]`" for section in key.sections if section != "remotes")

    assert rows(REMOTES, "Keys") == [row(key, where(key)) for key in OF_REMOTES.values()]


def test_the_page_about_remotes_names_the_variables_of_those_keys():
    options = {f"RXSYNC_{name.upper()}" for name in OF_REMOTES if name in of("repositories")}
    assert set(re.findall(r"`(RXSYNC_\w+)`", REMOTES)) == variables().keys() | options | {
        variable("name", name) for name in OF_ONE_ALONE
    }


def test_the_page_about_remotes_names_what_signs_a_url():
    told = " ".join(line.split("|")[1] for line in rows(REMOTES, "Signed URLs"))
    assert set(re.findall(r"`(\w\S*)`", told.lower())) == ALONE | SIGNED.keys()


def named(example):
    return {key.name for key in KEYS if re.search(rf"^(?:# )?{key.name} = ", example, re.MULTILINE)}


def test_the_example_can_be_read_and_has_every_key(tmp_path):
    path = tmp_path / "rxsync.toml"
    path.write_text(EXAMPLE)
    config = read_config(path)
    assert config.chosen() == ["tools", "isos"]
    assert config.effective("tools").options == {}
    assert {key.name for key in KEYS} - named(EXAMPLE) - {"options"} <= OF_REMOTES.keys()
    assert "# [repositories.isos.options]" in EXAMPLE


def test_the_example_of_remotes_can_be_read_and_has_all_their_keys(tmp_path):
    path = tmp_path / "rxsync.toml"
    path.write_text(REMOTE)
    assert read_config(path).chosen() == ["isos", "tools"]
    assert named(REMOTE) >= OF_REMOTES.keys()


def test_what_the_example_leaves_as_a_comment_can_be_read_too(tmp_path):
    path = tmp_path / "rxsync.toml"
    path.write_text(re.sub(r"^# (?=\w+ = |\[)", "", EXAMPLE, flags=re.MULTILINE))
    assert read_config(path).effective("isos").options == {"suite": "stable"}
