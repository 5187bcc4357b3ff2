"""What was published just now waits outside."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from rxsync.errors import FlowError, UsageError
from rxsync.operators import older_than
from rxsync.testing import marbles, unit

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
DAY = 24 * 60 * 60


def test_young_units_are_filtered_out_and_those_without_a_date_pass():
    a, b, c = unit("a"), unit("b"), unit("c")
    dates = {a: NOW - timedelta(hours=1), b: NOW - timedelta(days=2), c: None}
    with marbles() as m:
        step = older_than(DAY, dates.get, now=lambda: NOW)
        m.expect(m.hot("-a-b-c-|", a=a, b=b, c=c).pipe(step), "---b-c-|", b=b, c=c)
    assert (a.filtered, a.skipped.step) == (True, "older_than")
    assert a.skipped.reason == "it was published at 2026-01-10T11:00:00+00:00, too short a time ago"


def test_the_very_age_will_do_in_any_time_zone():
    a, b = unit("a"), unit("b")
    there = timezone(timedelta(hours=-8))
    dates = {a: (NOW - timedelta(seconds=DAY)).astimezone(there), b: NOW - timedelta(seconds=DAY - 1)}
    with marbles() as m:
        m.expect(m.hot("-ab-|", a=a, b=b).pipe(older_than(DAY, dates.get, now=lambda: NOW)), "-a--|", a=a)


def test_it_looks_at_the_clock_of_the_day():
    a, b = unit("a"), unit("b")
    dates = {a: datetime.now(UTC) - timedelta(days=2), b: datetime.now(UTC) + timedelta(days=2)}
    with marbles() as m:
        m.expect(m.hot("-ab-|", a=a, b=b).pipe(older_than(DAY, dates.get)), "-a--|", a=a)


def test_a_date_without_a_time_zone_is_an_error_that_names_the_unit():
    with marbles() as m:
        step = older_than(DAY, lambda unit: datetime(2026, 1, 1), now=lambda: NOW)
        m.expect(m.hot("-a-|", a=unit("a")).pipe(step), "-#", error=FlowError)


@pytest.mark.parametrize("age", [-1, 1e20, float("nan"), float("inf")])
def test_an_impossible_age_is_refused(age):
    with pytest.raises(UsageError, match=r"minimum age .* s: expected 0 or more"):
        older_than(age, lambda unit: None)
