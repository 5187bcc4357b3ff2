"""Declared values refuse what cannot exist, and never change afterwards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rxsync.declare import Body, DeclarativeArtifact, DeclarativeContent
from rxsync.errors import DeclarationError, DigestMismatchError, SizeMismatchError
from rxsync.models import DIGEST_SIZES
from rxsync.plugins.file import FileContent

URL = "http://there/a"
BODY = Body(1, {"sha256": "a" * 64, "sha1": "b" * 40}, data=b"x")


def content(path="a"):
    return FileContent(relative_path=path, sha256="0" * 64)


@pytest.mark.parametrize(
    ("field", "declare"),
    [
        ("urls", lambda: DeclarativeArtifact([], "a")),
        ("urls", lambda: DeclarativeArtifact("", "a")),
        ("urls", lambda: DeclarativeArtifact([URL, ""], "a")),
        ("urls", lambda: DeclarativeArtifact((), "a", body=None)),
        ("urls", lambda: DeclarativeArtifact("", "a", body=BODY)),
        ("relative_path", lambda: DeclarativeArtifact(URL, "/a")),
        ("relative_path", lambda: DeclarativeArtifact(URL, "../a")),
        ("size", lambda: DeclarativeArtifact(URL, "a", size=-1)),
        ("digests", lambda: DeclarativeArtifact(URL, "a", digests={"crc32": "0" * 8})),
        ("digests[sha256]", lambda: DeclarativeArtifact(URL, "a", digests={"sha256": "0" * 63})),
        ("digests[sha256]", lambda: DeclarativeArtifact(URL, "a", digests={"sha256": "G" * 64})),
        ("digests[md5]", lambda: DeclarativeArtifact(URL, "a", digests={"sha256": "0" * 64, "md5": "A" * 32})),
        ("digests[md5]", lambda: DeclarativeArtifact((), "a", body=BODY, digests={"md5": "a" * 32})),
        ("deferred", lambda: DeclarativeArtifact(URL, "a", body=BODY, deferred=True)),
        (
            "artifacts",
            lambda: DeclarativeContent(content(), [DeclarativeArtifact(URL, "a"), DeclarativeArtifact(URL, "a")]),
        ),
        ("key", lambda: DeclarativeContent(content("\ud800"))),
    ],
)
def test_what_cannot_exist_is_refused_and_the_field_named(field, declare):
    with pytest.raises(DeclarationError) as caught:
        declare()
    assert caught.value.field == field
    assert field in str(caught.value)


@given(st.sampled_from(sorted(DIGEST_SIZES)), st.text("0123456789abcdef", max_size=130))
def test_a_digest_is_accepted_if_it_has_the_length_of_its_algorithm(algorithm, digest):
    if len(digest) == DIGEST_SIZES[algorithm]:
        assert DeclarativeArtifact(URL, "a", digests={algorithm: digest}).digests == {algorithm: digest}
    else:
        with pytest.raises(DeclarationError):
            DeclarativeArtifact(URL, "a", digests={algorithm: digest})


@pytest.mark.parametrize("name", ["urls", "relative_path", "digests", "size", "deferred", "headers"])
def test_what_is_declared_of_a_file_is_read_only(name):
    artifact = DeclarativeArtifact(URL, "a", size=0)
    with pytest.raises(AttributeError):
        setattr(artifact, name, None)


@pytest.mark.parametrize("name", ["content", "artifacts", "identity"])
def test_what_is_declared_of_a_unit_is_read_only(name):
    unit = DeclarativeContent(content())
    with pytest.raises(AttributeError):
        setattr(unit, name, None)


def test_nothing_can_be_hung_onto_declared_values_by_mistake():
    with pytest.raises(AttributeError):
        DeclarativeArtifact(URL, "a").store = None
    with pytest.raises(AttributeError):
        DeclarativeContent(content()).saved = True


def test_one_url_may_stand_by_itself_and_an_error_of_great_length_is_cut():
    assert DeclarativeArtifact(URL, "a").urls == (URL,)
    with pytest.raises(DeclarationError) as caught:
        DeclarativeArtifact(URL, "/" + "x" * 10_000)
    assert len(str(caught.value)) < 400


def test_a_unit_is_called_by_its_first_path_or_by_its_identity():
    bare = DeclarativeContent(content())
    assert DeclarativeContent(content(), [DeclarativeArtifact(URL, "b/a")]).name == "b/a"
    assert bare.name == f"FileContent {bare.identity.hex()}"
    assert repr(bare) == f"<unit {bare.name}>"


def test_bytes_that_are_here_need_no_url_and_say_themselves_what_they_are():
    artifact = DeclarativeArtifact((), "a", body=BODY)
    assert (artifact.urls, artifact.body, artifact.digests, artifact.size) == ((), BODY, BODY.digests, 1)
    same = DeclarativeArtifact(URL, "a", body=BODY, size=1, digests={"sha1": "b" * 40}, deferred=False)
    assert (same.urls, same.digests) == ((URL,), BODY.digests)


def test_bytes_that_are_here_are_compared_with_what_is_declared():
    with pytest.raises(DigestMismatchError, match="a: sha1 declared c+, received b+"):
        DeclarativeArtifact((), "a", body=BODY, digests={"sha1": "c" * 40})
    with pytest.raises(SizeMismatchError, match="size declared 2 bytes, received 1"):
        DeclarativeArtifact((), "a", body=BODY, size=2)
