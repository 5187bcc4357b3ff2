"""What of a URL may be shown and kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rxsync.urls import discreet, is_signed, without_credentials

SIGNED = [
    ("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK%2F20260101&X-Amz-Date=20260101T000000Z&X-Amz-Expires=3600"
     "&X-Amz-SignedHeaders=host&X-Amz-Security-Token=s3cr3t&X-Amz-Signature=s3cr3t"),
    ("X-Goog-Algorithm=GOOG4&X-Goog-Credential=a%40b&X-Goog-Date=1&X-Goog-Expires=9&X-Goog-SignedHeaders=host"
     "&X-Goog-Signature=s3cr3t"),
    "AWSAccessKeyId=AK&Expires=1767225600&Signature=s3cr3t%3D",
    "GoogleAccessId=a%40b&Expires=1767225600&Signature=s3cr3t",
    "OSSAccessKeyId=AK&Expires=1767225600&Signature=s3cr3t&security-token=s3cr3t",
    "Expires=1767225600&Signature=s3cr3t&Key-Pair-Id=K1",
    "Policy=s3cr3t__&Signature=s3cr3t&Key-Pair-Id=K1",
    "sv=2024-11-04&ss=b&srt=o&sp=r&se=2026-01-01T00%3A00%3A00Z&st=2025-01-01&spr=https&sr=b&sig=s3cr3t%3D",
    "sv=2024-11-04&si=policy&sr=b&sig=s3cr3t",
    "q-sign-algorithm=sha1&q-ak=AK&q-sign-time=1;2&q-key-time=1;2&q-header-list=&q-url-param-list=&q-signature=s3cr3t",
    "temp_url_sig=s3cr3t&temp_url_expires=1767225600",
    "x-oss-signature-version=OSS4&x-oss-credential=AK&x-oss-date=1&x-oss-expires=9&x-oss-signature=s3cr3t",
    "token=s3cr3t",
    "access_token=s3cr3t",
    "private_token=s3cr3t",
    "hdnts=exp=1767225600~acl=/*~hmac=s3cr3t",
    "__token__=exp=1767225600~hmac=s3cr3t",
    "x%2Damz%2Dsignature=s3cr3t",
    "TOKEN=s3cr3t",
]  # fmt: skip


@pytest.mark.parametrize("signature", SIGNED)
@pytest.mark.parametrize(("before", "behind", "left"), [("", "", ""), ("version=3&", "&b=%41&c", "?version=3&b=%41&c")])
def test_parameters_that_sign_a_url_are_dropped_and_no_others(signature, before, behind, left):
    url = f"https://ada:pw@host/a%20b.iso?{before}{signature}{behind}#part"
    assert without_credentials(url) == f"https://host/a%20b.iso{left}#part"
    assert is_signed(url)
    assert "s3cr3t" not in discreet(f"GET {url} failed, or so")


@pytest.mark.parametrize(
    "query",
    ["version=3", "", "a=1&&b", "sig=asc", "signature=detached", "Expires=1767225600", "se=1&si=2&sp=3", "policy=x",
     "X-Amz-Date=1", "tokens=3", "a=token=1", "md5=0cc175b9", "x=?token=1"],
)  # fmt: skip
def test_what_looks_like_it_and_is_none_stays(query):
    url = f"https://host/a?{query}#token=1"
    assert without_credentials(url) == url
    assert not is_signed(url)


@pytest.mark.parametrize("url", ["https://ada:s3cr3t?token=1@host/a", "https://ada:s3cr3t@host/a?token=s3cr3t@x"])
def test_a_password_that_is_not_escaped_and_a_signature_do_not_hide_each_other(url):
    assert without_credentials(url) == "https://host/a"


parameters = st.lists(
    st.sampled_from([*("&".join(SIGNED)).split("&"), "version=3", "se", "sig", "a=b@c", ""]), max_size=8
)


@given(parameters)
def test_what_was_shown_once_has_nothing_more_to_hide(said):
    shown = without_credentials(f"https://host/a?{'&'.join(said)}")
    assert without_credentials(shown) == shown
    assert not is_signed(shown)


def test_punctuation_behind_a_url_is_none_of_its_secrets():
    assert discreet("(see https://host/a?token=s3cr3t), then: https://host/b?sig=s3cr3t&se=1: HTTP 403") == (
        "(see https://host/a), then: https://host/b: HTTP 403"
    )
