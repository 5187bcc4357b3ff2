"""Units and files for tests, as look-up and download would have marked them."""

import pytest

from rxsync.declare import DeclarativeContent
from rxsync.errors import DeclarationError
from rxsync.models import Content
from rxsync.operators import download_artifacts, query_existing_content, save_artifacts
from rxsync.testing import Memory, artifact, body, marbles, unit
from rxsync.testing.builders import sha256


def learnt(unit):
    """What the line knows of a unit, without keys of rows."""
    files = [
        (file.stored and file.stored[1:], file.saved and (file.saved.stored and file.saved.stored[1:]), file.body)
        for file in unit.artifacts
    ]
    return unit.new, unit.content.id is None, files


def test_a_unit_is_a_file_at_its_path_whose_bytes_are_its_path():
    a = unit("iso/a b")
    assert (a.content.relative_path, a.content.sha256) == ("iso/a b", sha256(b"iso/a b"))
    [file] = a.artifacts
    assert (file.urls, file.relative_path, file.size) == (("http://there/iso/a%20b",), "iso/a b", 7)
    assert file.digests == {"sha256": a.content.sha256}
    assert learnt(a) == (None, True, [(None, None, None)])


def test_any_field_can_be_another():
    urls, sig, content = ["http://here/a", "http://there/a"], artifact("a.sig"), unit("x").content
    a = unit("a", b"1", content=content, more=[sig], origin="line 1", urls=urls, digests={}, size=None, deferred=True)
    assert (a.content, a.artifacts[1], a.origin) == (content, sig, "line 1")
    file = a.artifacts[0]
    assert (file.urls, file.digests, file.size, file.deferred) == (tuple(urls), {}, None, True)


def test_what_cannot_exist_is_refused():
    with pytest.raises(DeclarationError, match="relative_path"):
        unit("../a")


@pytest.mark.parametrize("stored", [True, False])
def test_a_known_unit_is_marked_as_look_up_marks_one(stored):
    memory, looked_up = Memory(), unit("a", b"1")
    memory.save(unit("a", b"1"), stored=stored)
    query_existing_content(memory.transact).apply(memory.tx, [looked_up])
    made = unit("a", b"1", known=True, stored=stored)
    memory.database.close()
    # what Memory saves has a size of 1
    assert learnt(made) == learnt(looked_up)
    assert made.artifacts[0].row == made.artifacts[0].saved.row


def test_a_fetched_unit_is_marked_as_download_marks_one():
    fetched, made = unit("a"), unit("a", fetched=True)
    with marbles() as m:
        fetch = m.effect("x|", x=body(b"a", url="http://there/a"))
        m.expect(m.hot("-a|", a=fetched).pipe(download_artifacts(fetch)), "-a|", a=fetched)
    one, other = fetched.artifacts[0].body, made.artifacts[0].body
    assert (one.data, one.digests, one.url) == (other.data, other.digests, other.url)


def test_a_fetched_unit_can_be_saved():
    memory, a = Memory(), unit("a", fetched=True)
    stage = save_artifacts(memory.transact, lambda bodies: None, lambda bodies: None, batch=1)
    with marbles() as m:
        m.expect(m.hot("-a|", a=a).pipe(stage), "-a|", a=a)
    assert a.artifacts[0].stored.sha256 == sha256(b"a")
    memory.database.close()


def test_keys_of_known_units_are_the_same_each_time_and_of_no_two_the_same():
    made = [unit(f"{n}", known=True) for n in range(100)]
    assert len({one.content.id for one in made}) == 100
    assert unit("7", known=True).content.id == made[7].content.id


def test_builders_take_an_authors_own_content():
    class Role(Content):
        class Meta:
            content_type = "roles.role"
            natural_key = ("id",)

    assert isinstance(unit("a", content=Role(id=1), known=True), DeclarativeContent)
