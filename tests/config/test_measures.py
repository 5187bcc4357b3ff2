"""Times and sizes as people write them."""

import pytest

from rxsync.wording import parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("0.0", 0), ("90s", 90), ("30m", 1800), ("24h", 86400), ("7d", 604800), ("1.5 h", 5400)],
)
def test_a_time_has_a_unit(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("1B", 1),
        ("10M", 10**7),
        ("10MB", 10**7),
        ("10mb", 10**7),
        ("1.5GiB", 3 << 29),
        ("2 TiB", 2 << 40),
        ("1k", 1000),
    ],
)
def test_a_size_has_a_unit(text, size):
    assert parse_size(text) == size
    assert isinstance(parse_size(text), int)


@pytest.mark.parametrize(
    "text", ["", "5", "-1s", "1e3s", "s", "1 x", "1.s", ".5s", "1S", "inf", "nan", "\u0661s", "1s s", f"{'9' * 400}s"]
)
def test_what_is_no_time_is_told(text):
    with pytest.raises(ValueError, match='expected a number with s, m, h or d behind it, such as "24h"'):
        parse_duration(text)


@pytest.mark.parametrize("text", ["", "5", "-1M", "M", "1.5", "10Mi", "1Q", "10M/s"])
def test_what_is_no_size_is_told(text):
    with pytest.raises(ValueError, match='expected a number with a unit behind it, such as "10M" or "1.5GiB"'):
        parse_size(text)
