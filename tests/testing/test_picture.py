"""A failed expectation is a picture that a person can read."""

from textwrap import dedent

import pytest
import reactivex as rx
from reactivex import operators as ops

from rxsync.flow import from_iterable
from rxsync.testing import marbles


class Thing:
    def __repr__(self):
        return "<thing>"


def picture(make, diagram, window=10_000, **values):
    """What a failed expectation says."""
    with pytest.raises(AssertionError) as caught, marbles(window) as m:
        m.expect(make(m), diagram, **values)
    return str(caught.value)


def test_both_streams_stand_on_one_ruler_with_a_caret_where_they_part():
    assert picture(lambda m: m.hot("-a--b---|"), "-a-b--|") == dedent("""\
        another stream than expected, at 3 s: expected b, came 1 s late, at 4 s

        seconds   0    5
        expected  -a-b--|    ends at 6 s
        actual    -a--b---|  ends at 8 s
                     ^       at 3 s""")


def test_what_came_is_drawn_as_its_diagram_would_be_written():
    drawn = "-a--(b,c)---[d,e]--(fg)-|"
    line = picture(lambda m: m.hot(drawn), "-x-----------------------|").splitlines()[4]
    assert line.split()[1] == drawn


def test_the_caret_points_into_a_group():
    said = picture(lambda m: m.hot("----(a,c)---|"), "----(a,b)---|").splitlines()
    assert said[0].endswith("at 4 s: expected b, came c")
    assert said[5].index("^") == said[4].rindex("c") == said[3].rindex("b")


def test_where_marks_would_overlap_the_seconds_are_drawn_further_apart_in_both():
    def make(m):
        return rx.merge(m.hot("--(a,b)----|"), m.hot("---(c,d)-|"), rx.timer(5.5).pipe(ops.map(lambda _: "e")))

    said = picture(make, "--(a,b)--(f,|)").splitlines()
    assert said[2:6] == [
        "seconds   0        5  5.5  10",
        "expected  --(a,b)---···---(f,|)  ends at 9 s",
        "actual    --(a,b)(c,d)e-----|    ends at 11 s",
        "                 ^               at 3 s",
    ]


def test_a_long_silence_is_not_drawn():
    said = picture(lambda m: rx.timer(500), "-" * 300 + "a|").splitlines()
    assert max(map(len, said)) < 130
    assert "…" in said[3]
    assert "300" in said[2]


def test_values_are_called_what_the_test_calls_them_anywhere():
    thing = Thing()
    said = picture(lambda m: m.hot("-a-c|", a=thing, c=1), "-b-c|", b=2, c=1)
    assert "expected b, came a" in said
    said = picture(lambda m: m.hot("-a-c|", a=[1], c=2), "-x-y|", x=[1], y=3)
    assert "actual    -x-c|" in said


def test_a_name_of_the_diagram_is_no_other_value_of_the_same_name():
    assert "expected a, came <thing>" in picture(lambda m: m.hot("-a-|", a=Thing()), "-a-|", a=2)


def test_a_value_that_has_no_name_is_told():
    said = picture(lambda m: rx.timer(1).pipe(ops.map(lambda _: Thing())), "-a|")
    assert "expected a, came <thing>" in said
    assert said.count("<thing>") == 1
    said = picture(lambda m: from_iterable([1, Thing(), [1, Thing()]]), "(b,|)", b=2)
    assert "(?,?,[?,?],|)" in said
    assert "  at 0 s  [?,?] is [1, <thing>]" in said


@pytest.mark.parametrize(
    ("came", "expected", "words"),
    [
        ("-a-----|", "-a-b---|", "at 3 s: expected b, came the end at 7 s"),
        ("-a-b-c-|", "-a-b---|", "at 5 s: expected the end at 7 s, came c at 5 s"),
        ("-a-b-c-|", "-a-c-b-|", "at 3 s: expected c, came 2 s late, at 5 s"),
        ("-a-|", "--a|", "at 1 s: expected a, came 1 s early, at 1 s"),
        ("-a-", "-a-|", "at 3 s: expected the end, nothing came"),
        ("-a-(|)", "-a-#", "at 3 s: expected # (Exception), came the end"),
        ("-a-(b,|)", "-a-|", "at 3 s: expected the end, came b"),
        ("-a-b", "-a-!", "at 3 s: expected ! (to be left), came b"),
    ],
)
def test_words_say_what_the_first_difference_is(came, expected, words):
    assert picture(lambda m: m.hot(came), expected).splitlines()[0] == f"another stream than expected, {words}"


def test_another_error_is_told_with_what_was_expected():
    said = picture(lambda m: m.hot("-#", error=KeyError("lost")), "-#", error=ValueError)
    assert "expected # (ValueError), came # (KeyError('lost'))" in said


def test_a_stream_of_very_many_is_cut():
    said = picture(lambda m: rx.interval(1).pipe(ops.take(200)), "-a-|")
    assert len(said) < 1000
    said = picture(lambda m: from_iterable(range(2000)), "(n,|)", n=3)
    assert len(said) < 1000
    assert "more" in said
