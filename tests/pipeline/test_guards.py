"""A mirror does not empty by accident."""

import pytest

from rxsync.errors import GuardError, UsageError
from rxsync.pipeline.guards import DEFAULT, MaxDelete
from rxsync.ports.catalog import Change


def losing(vanishing, present=100, *, empty=False, limit=DEFAULT):
    change = Change(base=3, present=present, added=0, removed=vanishing, vanishing=vanishing)
    limit.check(change, came_through=0 if empty else 1, declared=0)


def test_twenty_percent_may_go_and_no_more():
    losing(20)
    with pytest.raises(
        GuardError, match=r"21 of 100 units \(21%\) would be removed, more than --max-delete 20% allows"
    ):
        losing(21)


def test_below_ten_units_a_percentage_is_not_applied_but_a_number_is():
    losing(8, present=9)
    with pytest.raises(GuardError):
        losing(3, present=10)
    with pytest.raises(GuardError, match="2 of 9 units .* --max-delete 1 allows"):
        losing(2, present=9, limit=MaxDelete.parse("1"))


def test_a_number_is_a_number_of_units():
    losing(30, limit=MaxDelete.parse("30"))
    with pytest.raises(GuardError):
        losing(31, limit=MaxDelete.parse("30"))


def test_an_empty_source_over_anything_always_trips_unless_everything_may_go():
    for limit in (DEFAULT, MaxDelete.parse("99%"), MaxDelete.parse("1000")):
        with pytest.raises(GuardError, match="the source is empty, and all 2 units would be removed"):
            losing(2, present=2, empty=True, limit=limit)
    losing(2, present=2, empty=True, limit=MaxDelete.parse("100%"))
    losing(0, present=0, empty=True)


@pytest.mark.parametrize(
    ("text", "shown"), [("20%", "20%"), ("0", "0"), ("0%", "0%"), ("12.5%", "12.5%"), (" 7 ", "7")]
)
def test_what_can_be_read_is_shown_again(text, shown):
    assert str(MaxDelete.parse(text)) == shown


@pytest.mark.parametrize("text", ["", "%", "-1", "1.5", "ten", "101%", "1e3", "٣", "2 0", "nan%", "inf", "1_0"])
def test_what_cannot_be_read_is_refused_with_what_was_expected(text):
    with pytest.raises(UsageError, match="--max-delete .*: expected"):
        MaxDelete.parse(text)
