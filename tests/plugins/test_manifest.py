"""A PULP_MANIFEST read and written."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rxsync.declare.paths import check_relative_path
from rxsync.errors import DeclarationError, MetadataError
from rxsync.plugins.file.manifest import (
    ManifestEntry,
    ManifestError,
    format_entry,
    parse_line,
    read_manifest,
)

SHA = "9f" * 32


def passes(path: str) -> bool:
    try:
        return bool(check_relative_path(path))
    except DeclarationError:
        return False


special = st.text('ab,"#/ .\u2028\x85ü', min_size=1, max_size=8)
paths = (special | st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)).filter(passes)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
sizes = st.integers(0, 2**63 - 1)


@given(st.lists(st.tuples(paths, digests, sizes), max_size=5))
def test_what_is_written_is_read_back(entries):
    assert list(read_manifest(format_entry(*entry) for entry in entries)) == entries


@given(paths, digests, sizes)
def test_what_is_written_is_csv_to_others(path, sha256, size):
    [row] = csv.reader([format_entry(path, sha256, size)], strict=True)
    assert row == [path, sha256, str(size)]


@given(paths, digests, sizes)
def test_what_others_write_as_csv_is_read(path, sha256, size):
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL).writerow([path, sha256, size])
    assert parse_line(1, file.getvalue()) == (path, sha256, size)


def test_an_entry_has_a_path_a_digest_and_a_size():
    assert list(read_manifest([f"iso/a b.iso,{SHA},4"])) == [ManifestEntry("iso/a b.iso", SHA, 4)]


def test_blank_and_comment_lines_are_passed_over_but_counted():
    lines = ["# isos", "", "  ", "\n", f"a,{SHA},0", "#b", "b"]
    entries = read_manifest(lines)
    assert next(entries).relative_path == "a"
    with pytest.raises(ManifestError) as caught:
        next(entries)
    assert caught.value.line == 7


@pytest.mark.parametrize("lines", [[], [""], ["# nothing here"]])
def test_an_empty_manifest_has_no_entries(lines):
    assert list(read_manifest(lines)) == []


@pytest.mark.parametrize(
    ("line", "path"),
    [
        (f'"a,b",{SHA},4', "a,b"),
        (f'"a ""b""",{SHA},4', 'a "b"'),
        (f'"#a",{SHA},4', "#a"),
        (f'a"b,{SHA},4', 'a"b'),
        (f'"a","{SHA}","4"', "a"),
        (f"a,{SHA},4\r\n", "a"),
        (f'"a",{SHA},4\n', "a"),
        (f"a,{SHA.upper()},0004", "a"),
    ],
)
def test_a_line_may_be_written_in_these_ways(line, path):
    assert parse_line(1, line) == (path, SHA, 4)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("a", "expected relative_path,sha256,size, got 'a'"),
        ("a,4", "expected relative_path,sha256,size, got 'a,4'"),
        (f'"a,{SHA},4"', "expected relative_path,sha256,size, got "),
        (f'"a",{SHA},4,', "expected relative_path,sha256,size (a path with commas in quotes), got "),
        (f'"a,{SHA},4', "quoting is not csv (unexpected end of data), got "),
        (f'"a"b,{SHA},4', "quoting is not csv ("),
        (f"a,b,{SHA},4", "expected relative_path,sha256,size (a path with commas in quotes), got "),
        ("a,b,4", "sha256: expected 64 hex digits, got 'b'"),
        (f"a,{SHA[1:]},4", "sha256: expected 64 hex digits, got "),
        (f"a,{SHA[2:]}  ,4", "sha256: expected 64 hex digits, got "),
        (f"a, {SHA},4", "sha256: expected 64 hex digits, got "),
        (f"a,{SHA[1:]}g,4", "sha256: expected 64 hex digits, got "),
        (f"a,{SHA[1:]}\uff14,4", "sha256: expected 64 hex digits, got "),
        (f"a,{SHA},-4", 'size "-4" is negative'),
        (f"a,{SHA},", "size: expected a decimal number of bytes, got ''"),
        (f"a,{SHA},+4", "size: expected a decimal number of bytes, got '+4'"),
        (f"a,{SHA},4.0", "size: expected a decimal number of bytes, got '4.0'"),
        (f"a,{SHA}, 4", "size: expected a decimal number of bytes, got ' 4'"),
        (f"a,{SHA},1_0", "size: expected a decimal number of bytes, got '1_0'"),
        (f"a,{SHA},\uff14", "size: expected a decimal number of bytes, got '\uff14'"),
        (f"a,{SHA},²", "size: expected a decimal number of bytes, got '²'"),
        (f"a,{SHA},{2**63}", f"size: expected at most {2**63 - 1}, got '{2**63}'"),
        (f"a,{SHA},{'9' * 5000}", f"size: expected at most {2**63 - 1}, got "),
        (f"../a,{SHA},4", 'relative_path \'../a\': expected no "." or ".." segment'),
        (f"/a,{SHA},4", "relative_path '/a': expected a relative path"),
        (f",{SHA},4", "relative_path '': expected at least one character"),
        (f'"a\nb",{SHA},4', "relative_path 'a\\nb': expected no control character"),
    ],
)
def test_a_malformed_line_is_named_with_what_came_and_what_was_expected(line, fault):
    with pytest.raises(ManifestError) as caught:
        parse_line(812, line)
    assert str(caught.value).startswith(f"line 812: {fault}")
    assert len(str(caught.value)) < 250
    assert isinstance(caught.value, MetadataError)


@given(st.text(max_size=100) | st.tuples(st.text(max_size=30), st.just(SHA), st.text(max_size=5)).map(",".join))
def test_any_line_is_an_entry_or_nothing_or_a_manifest_error(line):
    try:
        entry = parse_line(1, line)
    except ManifestError:
        return
    assert entry is None or parse_line(1, format_entry(*entry)) == entry


def test_a_path_that_cannot_be_is_not_written():
    with pytest.raises(DeclarationError):
        format_entry("a\nb", SHA, 4)
