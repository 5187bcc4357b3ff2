"""Bytes first, then rows, in one order; nothing twice; what was rolled back is not believed."""

import pytest

from rxsync.declare import DeclarativeArtifact, DeclarativeContent
from rxsync.errors import CatalogError, ConflictError, DeclarationError, FlowError
from rxsync.flow import from_iterable, run
from rxsync.operators import (
    associate_content,
    query_existing_content,
    resolve_content,
    save_artifacts,
    save_content,
    save_remote_artifacts,
)
from rxsync.plugins.file import FileContent
from rxsync.testing import marbles
from tests.operators.conftest import RUN, Memory, body, sha256, unit
from tests.pipeline.author import Learner


def through(stage, units):
    """Do a catalog stage's work in the transaction it was given, without a stream."""
    return stage.transact(lambda tx: stage.apply(tx, units))


# -- save_artifacts


def with_body(path, data=None):
    made = unit(path, data)
    made.artifacts[0].body = body(path.encode() if data is None else data)
    return made


def test_files_are_durable_before_the_transaction_opens_and_released_after_it(memory):
    a, b = with_body("a"), with_body("b")
    bodies, happened = [a.artifacts[0].body, b.artifacts[0].body], []

    with marbles() as m:
        kept = m.effect("--k|")

        def keep(bodies):
            happened.append((m.now, "keep", bodies))
            return kept()

        def transact(work):
            happened.append((m.now, "transact"))
            return memory.after(m, "--u|")(work)

        save = save_artifacts(
            transact, keep, lambda bodies: happened.append((m.now, "release", bodies)), batch=2, linger=9
        )
        m.expect(m.hot("-a-b--------|", a=a, b=b).pipe(save), "-------(a,b)|", a=a, b=b)
    assert happened == [(3, "keep", bodies), (5, "transact"), (7, "release", bodies)]
    assert [unit.artifacts[0].stored.sha256 for unit in (a, b)] == [sha256(b"a"), sha256(b"b")]
    assert a.artifacts[0].body is b.artifacts[0].body is None


def test_shared_bytes_are_kept_once_and_not_again_in_a_later_batch(memory):
    a, b, c = (with_body(path, b"same") for path in "abc")
    b.artifacts[0].body = c.artifacts[0].body = a.artifacts[0].body
    kept = []
    with marbles() as m:
        save = save_artifacts(
            memory.transact, lambda bodies: kept.extend(bodies), lambda bodies: None, batch=2, linger=1
        )
        m.expect(m.hot("(a,b)-c---|", a=a, b=b, c=c).pipe(save), "(a,b)--c--|", a=a, b=b, c=c)
    assert len(kept) == 1
    assert {unit.artifacts[0].stored for unit in (a, b, c)} == {a.artifacts[0].stored}


def test_without_bytes_the_store_is_not_asked(memory):
    a = unit("a")
    with marbles() as m:
        keep = m.effect("k|")
        m.expect(m.hot("a|", a=a).pipe(save_artifacts(memory.transact, keep, lambda bodies: None, batch=1)), "a|", a=a)
    assert keep.calls == []


def test_when_the_store_fails_no_row_is_written(memory):
    a = with_body("a")
    with marbles() as m:
        save = save_artifacts(memory.transact, m.effect("-#", error=OSError("full")), lambda bodies: None, batch=1)
        m.expect(m.hot("a--|", a=a).pipe(save), "-#", error=OSError)
    assert memory.rows("SELECT * FROM artifact") == []


# -- save_content


def test_new_units_get_their_rows_and_known_ones_keep_theirs(memory):
    a, b = unit("a"), unit("b", more=[DeclarativeArtifact("http://there/sig", "b.sig")])
    memory.save(a)
    through(query_existing_content(memory.transact), [a, b])
    with marbles() as m:
        m.expect(
            m.hot("-(b,a)--|", a=a, b=b).pipe(save_content(memory.after(m, "--u|"), batch=2)), "---(b,a)|", a=a, b=b
        )
    assert (a.new, b.new) == (False, True)
    assert memory.rows("SELECT relative_path, id FROM file_file ORDER BY id") == [
        ("a", a.content.id),
        ("b", b.content.id),
    ]
    assert memory.rows("SELECT type, identity FROM content WHERE id = ?", b.content.id) == [("file.file", b.identity)]
    files = "SELECT relative_path, id, artifact_id FROM content_artifact WHERE content_id = ? ORDER BY relative_path"
    assert memory.rows(files, b.content.id) == [("b", b.artifacts[0].row, None), ("b.sig", b.artifacts[1].row, None)]


def test_the_same_unit_twice_in_a_batch_is_saved_once_with_the_files_of_both(memory):
    more = DeclarativeArtifact("http://there/sig", "a.sig")
    a, again = unit("a"), unit("a", more=[more])
    through(save_content(memory.transact), [a, again])
    assert a.content.id == again.content.id
    assert memory.rows("SELECT relative_path FROM content_artifact ORDER BY 1") == [("a",), ("a.sig",)]
    assert a.artifacts[0].row == again.artifacts[0].row


def test_a_unit_that_another_run_saved_meanwhile_is_found_inside_the_transaction(memory):
    a = unit("a")
    through(query_existing_content(memory.transact), [a])
    memory.save(a)
    through(save_content(memory.transact), [a])
    assert a.new is False
    assert a.artifacts[0].stored is not None


def test_what_a_rolled_back_attempt_learnt_is_not_believed(memory):
    units = [unit("a"), unit("b"), unit("a")]
    save = save_content(memory.transact)

    def fail(tx):
        save.apply(tx, units)
        raise CatalogError("lost")

    with pytest.raises(CatalogError):
        memory.transact(fail)
    memory.save(unit("z"))  # takes the keys that the failed attempt had given
    through(save, units)
    keys = dict(memory.rows("SELECT relative_path, id FROM file_file"))
    assert [unit.content.id for unit in units] == [keys["a"], keys["b"], keys["a"]]
    rows = dict(memory.rows("SELECT relative_path, id FROM content_artifact"))
    assert [unit.artifacts[0].row for unit in units] == [rows["a"], rows["b"], rows["a"]]


def test_what_a_rolled_back_attempt_did_for_known_units_is_done_again(memory):
    come, grown = unit("come"), unit("grown", more=[DeclarativeArtifact("http://there/sig", "grown.sig")])
    memory.save(come, stored=False)
    memory.save(unit("grown"))
    through(query_existing_content(memory.transact), [come, grown])
    come.artifacts[0].stored = memory.tx.add_artifacts([({"sha256": sha256(b"come")}, 4)])[sha256(b"come")]
    save = save_content(memory.transact)

    def fail(tx):
        save.apply(tx, [come, grown])
        raise CatalogError("lost")

    with pytest.raises(CatalogError):
        memory.transact(fail)
    through(save, [come, grown])
    files = dict(memory.rows("SELECT relative_path, artifact_id FROM content_artifact"))
    assert files["come"] == come.artifacts[0].stored.artifact_id
    assert "grown.sig" in files


def test_files_saved_without_bytes_are_pointed_to_them_when_they_have_come(memory):
    a = unit("a")
    memory.save(a, stored=False)
    through(query_existing_content(memory.transact), [a])
    a.artifacts[0].stored = memory.tx.add_artifacts([({"sha256": sha256(b"a")}, 1)])[sha256(b"a")]
    through(save_content(memory.transact), [a])
    assert memory.rows("SELECT artifact_id FROM content_artifact") == [(a.artifacts[0].stored.artifact_id,)]
    assert a.new is False


def test_other_bytes_than_are_saved_are_a_conflict_and_nothing_changes(memory):
    a = unit("a")
    memory.save(a)
    other = memory.tx.add_artifacts([({"sha256": "f" * 64}, 1)])["f" * 64]
    a.artifacts[0].stored = other
    with pytest.raises(ConflictError, match=f"a: .*{a.identity.hex()}"):
        through(save_content(memory.transact), [a])
    assert memory.rows("SELECT count(*) FROM content_artifact WHERE artifact_id = ?", other.artifact_id) == [(0,)]


def test_a_key_that_nobody_has_learnt_is_an_error():
    learner = unit("a", content=Learner(name="a"))
    memory = Memory([Learner])
    with pytest.raises(DeclarationError, match="Learner.sha256"):
        through(save_content(memory.transact), [learner])
    learner.artifacts[0].stored = memory.tx.add_artifacts([({"sha256": sha256(b"a")}, 1)])[sha256(b"a")]
    through(save_content(memory.transact), [learner])
    assert memory.rows("SELECT name, sha256 FROM author_learner") == [("a", sha256(b"a"))]
    memory.database.close()


def test_a_unit_may_have_no_files(memory):
    bare = DeclarativeContent(FileContent(relative_path="a", sha256="0" * 64))
    through(save_content(memory.transact), [bare])
    assert bare.new is True
    assert memory.rows("SELECT count(*) FROM content_artifact") == [(0,)]


def test_a_file_that_a_known_unit_did_not_have_is_added_to_it(memory):
    a = unit("a", more=[DeclarativeArtifact("http://there/sig", "a.sig")])
    memory.save(unit("a"))
    through(query_existing_content(memory.transact), [a])
    through(save_content(memory.transact), [a])
    assert a.new is False
    assert memory.rows("SELECT relative_path FROM content_artifact ORDER BY 1") == [("a",), ("a.sig",)]
    assert a.artifacts[1].row != a.artifacts[0].row


# -- save_remote_artifacts


def offered(memory):
    return memory.rows(
        "SELECT position, url, size, digests FROM remote_artifact ORDER BY content_artifact_id, position"
    )


def saved(memory, made):
    through(query_existing_content(memory.transact), [made])
    through(save_content(memory.transact), [made])
    through(save_remote_artifacts(memory.transact, memory.remote), [made])
    return made


def test_every_url_is_saved_in_order_without_its_credentials(memory):
    signature = DeclarativeArtifact("http://one/sig", "a.sig")
    saved(memory, unit("a", urls=["https://me:secret@one/a", "http://two/a"], more=[signature]))
    digests = f"sha256:{sha256(b'a')}"
    assert offered(memory) == [
        (0, "https://one/a", 1, digests),
        (1, "http://two/a", 1, digests),
        (0, "http://one/sig", None, ""),
    ]


def test_urls_of_a_known_unit_follow_the_source_and_unchanged_ones_are_not_written(memory):
    saved(memory, unit("a", urls=["http://one/a", "http://two/a", "http://three/a"]))
    saved(memory, unit("a", urls=["http://one/a", "http://new/a"]))
    assert [url for _, url, _, _ in offered(memory)] == ["http://one/a", "http://new/a"]
    before = memory.database.connection().total_changes
    saved(memory, unit("a", urls=["http://one/a", "http://new/a"]))
    assert memory.database.connection().total_changes == before


def test_files_that_have_no_row_are_passed_over(memory):
    through(save_remote_artifacts(memory.transact, memory.remote), [unit("a")])
    assert offered(memory) == []


def test_remote_artifacts_pass_in_order_when_their_transaction_is_kept(memory):
    a, b = saved(memory, unit("a")), saved(memory, unit("b"))
    with marbles() as m:
        save = save_remote_artifacts(memory.after(m, "--u|"), memory.remote, batch=2)
        m.expect(m.hot("-(a,b)--|", a=a, b=b).pipe(save), "---(a,b)|", a=a, b=b)


# -- resolve_content


def test_whoever_awaits_a_unit_is_woken_with_its_content():
    a = unit("a")
    with marbles() as m:
        m.expect(m.hot("-a|", a=a).pipe(resolve_content(batch=1)), "-a|", a=a)
    assert a.resolved
    with pytest.raises(StopIteration) as done:
        a.resolution().send(None)
    assert done.value.value is a.content


def test_fused_with_what_saves_it_a_unit_is_resolved_only_once_that_is_kept(memory):
    a = unit("a")
    resolved = []
    with marbles() as m:

        def transact(work):
            answer = memory.transact(work)
            resolved.append(a.resolved)
            return m.cold("--u|", u=answer)

        fused = save_content(transact, batch=1).fused(resolve_content(batch=1))
        m.expect(m.hot("-a---|", a=a).pipe(fused), "---a-|", a=a)
    assert resolved == [False]
    assert a.resolved


# -- associate_content


def test_units_are_staged_each_once_and_what_came_before_is_repeated(memory):
    a, b, again = saved(memory, unit("a", origin="line 1")), saved(memory, unit("b")), saved(memory, unit("a"))
    with marbles() as m:
        stage = associate_content(memory.after(m, "--u|"), RUN, batch=3, linger=9)
        m.expect(m.hot("-a-b-c--------|", a=a, b=b, c=again).pipe(stage), "-------(a,b,c)|", a=a, b=b, c=again)
    assert [unit.repeated for unit in (a, b, again)] == [False, False, True]
    assert memory.rows(f"SELECT content_id, origin FROM staged_{RUN} ORDER BY 1") == [
        (a.content.id, "line 1"),
        (b.content.id, None),
    ]


def test_a_unit_that_was_brought_in_too_late_to_be_saved_is_named(memory):
    with marbles() as m:
        stage = associate_content(memory.transact, RUN, batch=1)
        m.expect(m.hot("-a-|", a=unit("late")).pipe(stage), "-#", error=FlowError)
    with pytest.raises(FlowError, match="late was never saved: the step that brought it stands behind save_content"):
        memory.transact(lambda tx: stage.apply(tx, [unit("late")]))


# -- all of them


async def test_the_same_operators_run_over_asyncio_and_sqlite(catalog):
    run_id = "1" * 32
    repository, remote = await catalog.write(
        lambda tx: (tx.begin_run(run_id, "r", "http://there/"), tx.begin_staging(run_id))[0]
    )
    kept, released = [], []

    async def keep(bodies):
        kept.extend(bodies)

    units = [with_body(f"{n}") for n in range(1100)]
    came = []
    line = from_iterable(units).pipe(
        query_existing_content(catalog.read),
        save_artifacts(catalog.write, keep, released.extend),
        save_content(catalog.write),
        save_remote_artifacts(catalog.write, remote),
        resolve_content(),
        associate_content(catalog.write, run_id),
    )
    await run(line, came.append)
    assert came == units
    assert kept == released
    assert len(kept) == 1100
    change = await catalog.write(lambda tx: tx.change(run_id, repository, mirror=True))
    assert change.added == 1100
