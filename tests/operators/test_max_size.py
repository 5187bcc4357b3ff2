"""Units are weighed by all their files, as far as the source says."""

import pytest

from rxsync.errors import UsageError
from rxsync.operators import max_size
from rxsync.testing import artifact, marbles, unit


def test_what_is_larger_is_filtered_out_and_what_nobody_knows_passes():
    a, b, c = unit("a", b"0123456789"), unit("b", b"0123456789-"), unit("c", size=None)
    with marbles() as m:
        m.expect(m.hot("-a-b-c-|", a=a, b=b, c=c).pipe(max_size(10)), "-a---c-|", a=a, c=c)
    assert (b.filtered, b.skipped.reason, b.skipped.step) == (True, "it has 11 bytes, more than 10", "max_size")


def test_all_files_count_those_of_unknown_size_as_none():
    a = unit("a", b"12345", more=[artifact("b", b"123456")])
    b = unit("b", size=None, more=[artifact("c", b"1234567890")])
    with marbles() as m:
        m.expect(m.hot("-a-b-|", a=a, b=b).pipe(max_size(10)), "---b-|", b=b)


def test_a_size_that_lets_nothing_through_is_refused():
    with pytest.raises(UsageError, match="max_size 0: expected at least 1 byte"):
        max_size(0)
