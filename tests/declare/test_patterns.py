"""Patterns mean what people know them to mean, and what can match nothing is refused."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rxsync.declare import path_pattern
from rxsync.errors import UsageError


@pytest.mark.parametrize(
    ("pattern", "matches", "others"),
    [
        ("*.iso", ["a.iso", "old/a.iso", ".iso"], ["a.iso.asc", "a.iso/b"]),
        ("a?.iso", ["ab.iso", "old/a1.iso"], ["a.iso", "abc.iso"]),
        ("/about.txt", ["about.txt"], ["old/about.txt"]),
        ("old/*", ["old/a", "old/b.iso"], ["old/a/b", "very/old/a", "old"]),
        ("old/", ["old/a", "old/a/b"], ["old", "very/old/a", "older/a"]),
        ("old/**", ["old/a", "old/a/b"], ["old", "very/old/a"]),
        ("**/old/*", ["old/a", "very/old/a", "very/very/old/a"], ["cold/a", "old/a/b"]),
        ("pool/**/*.deb", ["pool/a.deb", "pool/n/ng/a.deb"], ["a.deb", "pool/a.udeb.txt", "spool/a.deb"]),
        ("pool/n**", ["pool/n", "pool/nginx/a"], ["pool/a/n"]),
        ("pool/n**/a", ["pool/n/a", "pool/nginx/b/a"], ["pool/a", "pool/na"]),
        ("**", ["a", "a/b"], []),
        ("/", ["a", "a/b"], []),
        ("[a-c0-9].x", ["b.x", "5.x"], ["d.x", "-.x"]),
        ("[+--].x", ["+.x", ",.x", "-.x"], ["..x"]),
        ("[ab].[!0-9]", ["a.x", "b.-"], ["c.x", "a.1"]),
        ("x/a[!b]c", ["x/adc"], ["x/a/c", "x/abc"]),
        ("[]a].[^]]", ["].a", "a.b"], ["].]"]),
        ("[a\\]-].x", ["a.x", "].x", "-.x"], ["b.x"]),
        ("[&&a||b~~[].x", ["&.x", "[.x"], ["c.x"]),
        (r"\*\[.txt", ["*[.txt"], ["a[.txt"]),
        ("a.b+c", ["a.b+c"], ["axb+c", "a.bbc"]),
        ("{a,b}", ["{a,b}"], ["a"]),
        ("*.ISO", ["a.ISO"], ["a.iso"]),
        ("re:[0-9]{4}", ["a/2024.txt"], ["a/204.txt"]),
        ("re:^old/.*[.]iso$", ["old/a/b.iso"], ["very/old/a.iso"]),
        ("re:(?i)[.]iso$", ["a.ISO"], ["a.is"]),
    ],
)
def test_a_pattern_matches_what_it_should_and_nothing_else(pattern, matches, others):
    match = path_pattern(pattern)
    assert [path for path in [*matches, *others] if match(path)] == matches


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("", 'no empty segment, no "." and no ".."'),
        ("a//b", "no empty segment"),
        ("./a", 'no "."'),
        ("../*.iso", r'no "\.\."'),
        ("a[bc", r"the \[ has no \]"),
        ("a[]", r"the \[ has no \]"),
        ("a[!]", r"the \[ has no \]"),
        ("[z-a].x", "bad character range"),
        ("a\\", r"nothing follows the \\"),
        ("re:", "nothing is in it"),
        ("re:(a", "missing"),
        ("re:a{99999999999999999999}", "the repetition number is too large"),
    ],
)
def test_a_pattern_that_is_malformed_or_can_match_nothing_is_refused(pattern, why):
    with pytest.raises(UsageError, match=f"^pattern {re.escape(repr(pattern))}: .*{why}"):
        path_pattern(pattern)


def slowly(glob, path):
    """What a glob means, one character after the other."""
    if not glob:
        return not path
    if glob.startswith("**/"):
        return any(slowly(glob[3:], rest) for rest in [path, *(path[i + 1 :] for i, c in enumerate(path) if c == "/")])
    if glob.startswith("**"):
        return any(slowly(glob[2:], path[i:]) for i in range(len(path) + 1))
    if glob.startswith("*"):
        return slowly(glob[1:], path) or (path[:1] not in ("", "/") and slowly(glob, path[1:]))
    if glob.startswith("?"):
        return path[:1] not in ("", "/") and slowly(glob[1:], path[1:])
    return path[:1] == glob[0] and slowly(glob[1:], path[1:])


SEGMENT = st.text("ab.", min_size=1, max_size=3).filter(lambda segment: segment not in (".", ".."))
PATHS = st.lists(SEGMENT, min_size=1, max_size=4).map("/".join)
NAMES = st.text("ab.*?", min_size=1, max_size=4).filter(lambda s: s not in (".", "..") and "**" not in s)
GLOBS = st.lists(NAMES | st.just("**"), min_size=1, max_size=4).map("/".join)


@given(GLOBS, PATHS)
@example("a/**", "a/")
@example("**/a", "b/ba")
def test_a_glob_means_what_a_slow_reading_of_it_means(glob, path):
    whole = path if "/" in glob else path.rpartition("/")[2]
    assert path_pattern(glob)(path) == slowly(glob, whole)


@given(PATHS)
def test_a_path_is_a_pattern_for_itself(path):
    assert path_pattern(path)(path)
    assert path_pattern(f"/{path}")(path)
    assert not path_pattern(f"/{path}")(f"a/{path}")


def test_a_regular_expression_that_python_only_warns_of_is_one():
    assert path_pattern("re:[[]")("a[b")
