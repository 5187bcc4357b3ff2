"""The identity is injective, and the same everywhere and for ever."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rxsync.errors import DeclarationError
from rxsync.identity import encode, identify

values = st.none() | st.booleans() | st.integers() | st.binary(max_size=20) | st.text(max_size=20)

GOLDEN = [
    ("file.file", ("a", "00" * 32), "70d10f71b124c4718c303255a69c45b1"),
    ("file.file", ("iso/ä b.iso", "9f" * 32), "085ce60bcef9537715671ec0a88b57d7"),
    ("t.t", (), "82098ef690da374542751b8b4a568eb9"),
    ("t.t", (None, True, False, 0, 1, -1, 2**70, b"", b"\x00", "", "\x00"), "41e7c09f991e03d39bafb9dd1295589b"),
]
"""Committed for ever: a home written today must be understood by every later release, on every platform."""


def exact(value):
    """Python calls True and 1 equal; the encoding must not."""
    return type(value), value


@pytest.mark.parametrize(("scope", "key", "identity"), GOLDEN)
def test_the_identity_of_a_known_key_never_changes(scope, key, identity):
    assert identify(scope, key).hex() == identity


@given(st.lists(values, max_size=5), st.lists(values, max_size=5))
def test_two_keys_encode_alike_only_if_they_are_alike(one, other):
    assert (encode(one) == encode(other)) == (list(map(exact, one)) == list(map(exact, other)))


@given(st.lists(st.text(max_size=4) | st.binary(max_size=4), min_size=1, max_size=4), st.data())
def test_moving_a_boundary_between_fields_changes_the_encoding(key, data):
    joined = "".join(part if isinstance(part, str) else part.hex() for part in key)
    cut = data.draw(st.integers(0, len(joined)))
    moved = [joined[:cut], joined[cut:]]
    assert (encode(key) == encode(moved)) == (key == moved)


@given(st.text(max_size=20), st.lists(values, max_size=5))
def test_an_identity_is_sixteen_bytes_and_depends_on_the_scope(scope, key):
    identity = identify(scope, key)
    assert len(identity) == 16
    assert identity != identify(scope + "x", key)


def test_text_is_not_folded_or_normalised():
    spellings = ["ä", "a\u0308", "Ä", "ä ", "\u00e4\u200b"]
    assert len({identify("t.t", [spelling]) for spelling in spellings}) == len(spellings)


@pytest.mark.parametrize("value", [1.5, ["a"], object(), "\ud800"])
def test_what_no_key_can_be_made_of_is_refused(value):
    with pytest.raises(DeclarationError, match="key"):
        encode([value])


@pytest.mark.parametrize("hash_seed", ["0", "1", "random"])
def test_another_process_computes_the_same_identity(hash_seed):
    scope, key, identity = GOLDEN[1]
    code = f"from rxsync.identity import identify; print(identify({scope!a}, {key!a}).hex())"
    environment = {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": ":".join(sys.path), "PYTHONUTF8": "0", "LC_ALL": "C"}
    answer = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == identity
