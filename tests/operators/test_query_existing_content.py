"""Which units are saved already, and which of their files are stored."""

import pytest

from rxsync.declare import Validators
from rxsync.errors import ConflictError
from rxsync.flow import from_iterable, run
from rxsync.operators import query_existing_content
from rxsync.ports.catalog import RemoteFile
from rxsync.testing import marbles
from tests.operators.conftest import sha256, unit


def test_saved_units_are_marked_and_all_go_on_in_order(memory):
    a, b = unit("a"), unit("b")
    memory.save(a)
    with marbles() as m:
        look_up = query_existing_content(memory.after(m, "--u|"), batch=2, linger=5)
        m.expect(m.hot("-a-b------|", a=a, b=b).pipe(look_up), "-----(a,b)|", a=a, b=b)
    assert (a.new, b.new) == (False, None)
    assert (a.content.id, b.content.id) == (1, None)
    assert a.artifacts[0].stored.sha256 == a.content.sha256
    assert b.artifacts[0].stored is b.artifacts[0].saved is None


def test_a_lone_unit_waits_no_longer_than_linger(memory):
    a = unit("a")
    with marbles() as m:
        look_up = query_existing_content(memory.after(m, "u|"), batch=2, linger=3)
        m.expect(m.hot("-a--------|", a=a).pipe(look_up), "----a-----|", a=a)


def test_a_saved_unit_without_bytes_is_saved_but_not_stored(memory):
    a = unit("a")
    memory.save(a, stored=False)
    with marbles() as m:
        m.expect(m.hot("-a|", a=a).pipe(query_existing_content(memory.transact, batch=1)), "-a|", a=a)
    assert a.new is False
    assert a.artifacts[0].saved.stored is a.artifacts[0].stored is None


def test_the_same_unit_with_other_bytes_is_a_conflict_that_names_both(memory):
    a = unit("a")
    memory.save(a)
    memory.database.execute_sql("UPDATE artifact SET sha256 = ?", ("0" * 64,))
    with marbles() as m:
        m.expect(m.hot("-a|", a=a).pipe(query_existing_content(memory.transact, batch=1)), "-#", error=ConflictError)
    with pytest.raises(ConflictError, match=f"a: .* sha256 {'0' * 64}, and is declared with {sha256(b'a')}"):
        memory.transact(lambda tx: query_existing_content(memory.transact).apply(tx, [a]))


def test_bytes_known_by_another_digest_are_left_to_be_asked_for(memory):
    a = unit("a", digests={"md5": "0" * 32})
    memory.save(a)
    with marbles() as m:
        m.expect(m.hot("-a|", a=a).pipe(query_existing_content(memory.transact, batch=1)), "-a|", a=a)
    assert a.artifacts[0].saved.stored is not None
    assert a.artifacts[0].stored is None


def test_a_file_without_digest_recalls_what_the_remote_said_of_it(memory):
    a, b, new = unit("a", digests={}), unit("b"), unit("new", digests={}, stored=True)
    memory.save(a, b)
    memory.tx.set_remote_files(memory.remote, [RemoteFile(1, 0, "http://there/a", None, "", '"e"', "monday")], [])
    with marbles() as m:
        look_up = query_existing_content(memory.transact, memory.remote, batch=3)
        m.expect(m.hot("-(a,b,n)|", a=a, b=b, n=new).pipe(look_up), "-(a,b,n)|", a=a, b=b, n=new)
    assert a.artifacts[0].validators == Validators('"e"', "monday")
    assert b.artifacts[0].validators is new.artifacts[0].validators is None


async def test_the_same_operator_runs_over_asyncio_and_sqlite(catalog):
    units = [unit(f"{n}") for n in range(1100)]
    await catalog.write(lambda tx: tx.add_content([unit(f"{n}").content for n in range(0, 1100, 2)]))
    came = []
    await run(from_iterable(units).pipe(query_existing_content(catalog.read)), came.append)
    assert came == units
    assert [unit.new for unit in units] == [False, None] * 550
