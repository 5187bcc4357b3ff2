"""The one rule for paths inside a repository."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rxsync.declare.paths import check_relative_path
from rxsync.errors import DeclarationError

nasty = st.text("ab./", max_size=8) | st.text("a./\\ \0\n\x7f\x1fü\ud800%2e~:-", max_size=8) | st.text()
long = st.lists(st.integers(250, 260), min_size=1, max_size=18).map(lambda sizes: "/".join("a" * n for n in sizes))


@pytest.mark.parametrize(
    "path",
    [
        "a",
        "a/b.iso",
        "pool/main/a b%20ü.deb",
        ".hidden/.x",
        "a/...",
        "..a/b..",
        "C:/a",
        "%2e%2e/a",
        " ",
        "~/-rf",
        "e\u0301",
        "\u202egnp.exe",
        "\x80",
        "a" * 255,
        "ü" * 127,
        "/".join(["a" * 255] * 16),
    ],
)
def test_a_path_that_can_be_is_given_back(path):
    assert check_relative_path(path) == path


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", "at least one character"),
        ("/", "a relative path"),
        ("/a", "a relative path"),
        ("//a", "a relative path"),
        ("a/", "no empty segment"),
        ("a//b", "no empty segment"),
        (".", 'no "." or ".." segment'),
        ("..", 'no "." or ".." segment'),
        ("../a", 'no "." or ".." segment'),
        ("a/../b", 'no "." or ".." segment'),
        ("a/.", 'no "." or ".." segment'),
        ("ü/..", 'no "." or ".." segment'),
        ("a\\b", "/ between segments and no backslash"),
        ("a\0b", "no control character"),
        ("a\n", "no control character"),
        ("\x1fa", "no control character"),
        ("a\x7f", "no control character"),
        ("a\ud800", "text that can be written as UTF-8"),
        ("a" * 256, "segments of at most 255 bytes of UTF-8"),
        ("ü" * 128, "segments of at most 255 bytes of UTF-8"),
        ("/".join(["ü" * 127] * 17), "at most 4096 bytes of UTF-8"),
        ("/".join(["a" * 255] * 16) + "/a", "at most 4096 bytes of UTF-8"),
    ],
)
def test_a_path_that_cannot_be_is_refused_by_the_rule_it_breaks(path, expected):
    with pytest.raises(DeclarationError) as caught:
        check_relative_path(path)
    assert (caught.value.field, caught.value.value, caught.value.expected) == (
        "relative_path",
        path,
        expected,
    )


@given(nasty | long)
@example("a/" + "b" * 255)
def test_what_passes_stays_below_any_root_and_is_its_own_normal_form(path):
    try:
        check_relative_path(path)
    except DeclarationError:
        return
    joined = posixpath.normpath(posixpath.join("/srv/folder", path))
    assert joined == f"/srv/folder/{path}"
    assert path.encode().decode() == path
    assert all(0 < len(segment.encode()) <= 255 for segment in path.split("/"))
    assert len(path.encode()) <= 4096


@given(nasty | long)
def test_the_short_way_and_the_long_way_agree(path):
    """A path passes alone if and only if it passes below a letter that only the long way knows."""

    def passes(text: str) -> bool:
        try:
            return check_relative_path(text) == text
        except DeclarationError:
            return False

    fits = len(path.encode(errors="replace")) <= 4000
    assert not fits or passes(path) == passes(f"ü/{path}")
