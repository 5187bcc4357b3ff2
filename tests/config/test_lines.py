"""Where keys stand, however they are written."""

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rxsync.config.lines import lines_of_keys


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("a = 1", {("a",): 1}),
        ("# a = 1\n\na = 1", {("a",): 3}),
        ("\r\na = 1\r\nb = 2\r\n", {("a",): 2, ("b",): 3}),
        ("[a.b]\nc = 1\n[a]\nd = 1", {("a",): 1, ("a", "b"): 1, ("a", "b", "c"): 2, ("a", "d"): 4}),
        ("a.b . c = 1", {("a",): 1, ("a", "b"): 1, ("a", "b", "c"): 1}),
        ("[ a . \"b.c\" ]\n'd e' = 1", {("a",): 1, ("a", "b.c"): 1, ("a", "b.c", "d e"): 2}),
        ('"\\u0061\\"" = 1', {('a"',): 1}),
        ("a = {b = 1, c = {d = 2}}", {("a",): 1, ("a", "b"): 1, ("a", "c"): 1, ("a", "c", "d"): 1}),
        ('a = """\nb = 1\n[c]\n"""\nd = 1', {("a",): 1, ("d",): 5}),
        ('a = """x\\""""\nd = 1', {("a",): 1, ("d",): 2}),
        ('a = """"x"""""\nd = 1', {("a",): 1, ("d",): 2}),
        ("a = ''''\nb = 1\n'''''\nd = 1", {("a",): 1, ("d",): 4}),
        ('a = "]\\"" # [b]\nd = 1', {("a",): 1, ("d",): 2}),
        ("a = [\n  1, # ]\n  'x]',\n  [2],\n]\nd = 1", {("a",): 1, ("d",): 6}),
        ("a = 1979-05-27 07:32:00 # x\nd = 1", {("a",): 1, ("d",): 2}),
        ("[[a]]\nb = 1\n[[a]]\nb = 1", {("a",): 1, ("a", "b"): 2}),
    ],
)
def test_each_key_is_found_in_the_line_where_it_first_stands(text, expected):
    tomllib.loads(text)
    assert lines_of_keys(text) == expected


@pytest.mark.parametrize("text", ["a = 1\n = 2", "a = 1\n[", "a = 1\nb", "a = 1\nb = [", 'a = 1\nb = "'])
def test_what_is_no_toml_gives_what_could_be_found(text):
    assert lines_of_keys(text)[("a",)] == 1


names = st.text(min_size=1, max_size=6)
bare = st.from_regex(r"\A[A-Za-z0-9_-]{1,6}\Z")
values = st.sampled_from(
    ["1", "true", '"a"', '"# \\" ["', "'x = 1'", '"""\n[t]\nx = 1\n"""', "'''\n\"\"\"\n'''", "[]", "[1,\n 2 # ]\n]",
     "1979-05-27 07:32:00", "-1.5e3", '[\n["a]"],\n]', "{}", '""', "''", '""""""']
)  # fmt: skip
key = st.one_of(bare.map(lambda name: (name, name)), names.map(lambda name: (name, json.dumps(name))))
gaps = st.sampled_from(["", "\n", "# x = 1\n", "\n  \n# [t]\n"])


@given(
    tables=st.lists(
        st.tuples(key, gaps, st.lists(st.tuples(key, values, gaps), unique_by=lambda entry: entry[0][0], max_size=5)),
        unique_by=lambda table: table[0][0],
        max_size=4,
    )
)
def test_every_key_of_any_file_is_found(tables):
    text, expected = "", {}
    for (table, written), gap, entries in tables:
        expected[(table,)] = text.count("\n") + 1
        text += f"[{written}] # y\n{gap}"
        for (name, spelt), value, space in entries:
            expected[(table, name)] = text.count("\n") + 1
            text += f"  {spelt} = {value}\n{space}"
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:  # a lone surrogate, or a control character that JSON leaves as it is
        return
    assert lines_of_keys(text) == expected
