"""Units are chosen by the path of their first file, and who is left out is told why."""

import pytest

from rxsync.errors import SkippedError, UsageError
from rxsync.operators import exclude, include
from rxsync.plugin import DeclarativeContent
from rxsync.testing import artifact, marbles, unit
from tests.pipeline.author import Part


def test_what_a_pattern_is_for_is_included():
    a, b, c = unit("a.iso"), unit("b.txt"), unit("old/c.iso")
    with marbles() as m:
        m.expect(m.hot("-a-b-c-|", a=a, b=b, c=c).pipe(include("*.iso")), "-a---c-|", a=a, c=c)
    assert (b.filtered, b.skipped.reason, b.skipped.step) == (True, "it is not included", "include")


def test_what_a_pattern_is_for_is_excluded():
    a, b, c = unit("a.iso"), unit("b.txt"), unit("old/c.iso")
    with marbles() as m:
        m.expect(m.hot("-a-b-c-|", a=a, b=b, c=c).pipe(exclude("old/")), "-a-b---|", a=a, b=b)
    assert (c.filtered, c.skipped.reason, c.skipped.step) == (True, "it is excluded by old/", "exclude")


def test_exclude_has_the_last_word_whatever_stands_first():
    for steps in ([include("*.iso"), exclude("b*")], [exclude("b*"), include("*.iso")]):
        a, b, c = unit("a.iso"), unit("b.iso"), unit("c.txt")
        with marbles() as m:
            m.expect(m.hot("-a-b-c-|", a=a, b=b, c=c).pipe(*steps), "-a-----|", a=a)


def test_any_of_several_patterns_will_do():
    a, b, c = unit("a.iso"), unit("b.txt"), unit("c.img")
    with marbles() as m:
        m.expect(m.hot("-abc-|", a=a, b=b, c=c).pipe(include("*.iso", "re:img$")), "-a-c-|", a=a, c=c)
        m.expect(m.hot("-a|", a=unit("x")).pipe(exclude("y", "x")), "--|")


def test_a_unit_goes_by_its_first_file_and_without_one_it_passes():
    a, none = unit("a.deb", more=[artifact("a.deb.asc")]), DeclarativeContent(Part(name="p"))
    with marbles() as m:
        m.expect(m.hot("-a-n-|", a=a, n=none).pipe(include("*.deb"), exclude("*.asc")), "-a-n-|", a=a, n=none)
        m.expect(m.hot("-a-n-|", a=a, n=none).pipe(include("*.asc"), exclude("*")), "---n-|", n=none)


def test_a_unit_that_is_skipped_already_is_left_out_with_its_first_reason():
    a = unit("a")
    a.skip("odd")
    with marbles() as m:
        m.expect(m.hot("-a-|", a=a).pipe(exclude("a")), "---|")
        m.expect(m.hot("-a-|", a=a).pipe(exclude("b")), "---|")
    assert not a.filtered


@pytest.mark.parametrize("make", [include, exclude])
def test_a_malformed_pattern_is_refused_when_the_stage_is_made(make):
    with pytest.raises(UsageError, match=r"pattern 'b\[': the \[ has no \]"):
        make("a", "b[")


async def test_who_awaits_a_unit_that_is_filtered_out_is_told_so():
    a = unit("a")
    a.filter_out("it is excluded by a")
    with pytest.raises(SkippedError, match="^a was skipped: filtered out: it is excluded by a$"):
        await a.resolution()
