"""What may be said of the way to a remote, and what cannot."""

import math

import pytest

from rxsync.download.credentials import Credentials
from rxsync.download.link import Link
from rxsync.errors import UsageError


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"retries": -1}, "retries -1: expected a whole number from 0"),
        ({"retries": 1.5}, "retries 1.5: expected a whole number from 0"),
        ({"retries": "4"}, "retries '4': expected a whole number from 0"),
        ({"min_rate": -1}, "min_rate -1: expected a number of bytes a second, or 0"),
        ({"min_rate": math.nan}, "min_rate nan: expected a number of bytes a second, or 0"),
        ({"min_rate": "10K"}, "min_rate '10K': expected a number of bytes a second, or 0"),
        ({"connect_timeout": 0}, "connect_timeout 0: expected a number of seconds, more than 0"),
        ({"connect_timeout": math.inf}, "connect_timeout inf: expected a number of seconds, more than 0"),
        ({"idle_timeout": None}, "idle_timeout None: expected a number of seconds, more than 0"),
        ({"idle_timeout": True}, "idle_timeout True: expected a number of seconds, more than 0"),
        ({"allow_private": "no"}, "allow_private 'no': expected True or False"),
        ({"verify_tls": None}, "verify_tls None: expected True or False"),
        ({"headers": {"X-A": 5}}, "headers: X-A: expected one line of printable ASCII"),
        ({"token": 5}, "token: expected one line of printable ASCII"),
    ],
)
def test_what_is_of_another_kind_is_refused_in_a_line(said, reason):
    with pytest.raises(UsageError) as caught:
        Link(**said)
    assert str(caught.value) == reason


def test_what_is_least_is_taken():
    link = Link(retries=0, min_rate=0, connect_timeout=0.001, idle_timeout=1)
    assert (link.retries, link.min_rate) == (0, 0)


@pytest.mark.parametrize("read", [lambda: None, lambda: b"token", lambda: ""])
def test_a_function_that_gives_no_token_signs_nobody_in_silently(read):
    with pytest.raises(UsageError, match="token: expected one line of printable ASCII"):
        Credentials("https://h/", Link(token=read))
