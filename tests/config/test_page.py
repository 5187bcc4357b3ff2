"""The page about the file says all there is to say, and its example is right."""

import re
from pathlib import Path

import pytest

from rxsync.config import read_config
from rxsync.config.keys import KEYS, SECTIONS, heading, of

PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
EXAMPLE = re.search(r"^```toml\n(# .*?)^```", PAGE, re.MULTILINE | re.DOTALL)[1]


def row(key):
    default = "" if key.default is None else f"`{str(key.default).lower()}`"
    return f"| `{key.name}` | {key.takes} | {default} | {key.help} |"


@pytest.mark.parametrize("section", SECTIONS)
def test_the_table_of_a_section_is_that_of_its_keys(section):
    name = "The top" if not section else f"`{heading(section)}`"
    part = PAGE.partition(f"\n### {name}\n")[2].partition("\n##")[0]
    rows = [line for line in part.splitlines() if line.startswith("| `")]
    assert rows == [row(key) for key in of(section).values()]


def test_the_example_can_be_read_and_has_every_key(tmp_path):
    path = tmp_path / "rxsync.toml"
    path.write_text(EXAMPLE)
    config = read_config(path)
    assert config.chosen() == ["tools", "isos"]
    assert config.effective("tools").options == {}
    said = {name for key in KEYS for name in [key.name] if re.search(rf"^(?:# )?{key.name} = ", EXAMPLE, re.MULTILINE)}
    assert said == {key.name for key in KEYS} - {"options"}
    assert "# [repositories.isos.options]" in EXAMPLE


def test_what_the_example_leaves_as_a_comment_can_be_read_too(tmp_path):
    path = tmp_path / "rxsync.toml"
    path.write_text(re.sub(r"^# (?=\w+ = |\[)", "", EXAMPLE, flags=re.MULTILINE))
    assert read_config(path).effective("isos").options == {"suite": "stable"}
