"""Which bytes are here already."""

from rxsync.declare import DeclarativeArtifact
from rxsync.flow import from_iterable, run
from rxsync.operators import query_existing_artifacts
from rxsync.testing import marbles
from tests.operators.conftest import body, sha256, unit


def test_units_wait_for_their_batch_then_for_the_answer(memory):
    a, b = unit("a"), unit("b")
    stored = memory.tx.add_artifacts([({"sha256": a.content.sha256}, 1)])[a.content.sha256]
    with marbles() as m:
        look_up = query_existing_artifacts(memory.after(m, "--u|"), batch=2, linger=5)
        m.expect(m.hot("-a-b------|", a=a, b=b).pipe(look_up), "-----(a,b)|", a=a, b=b)
    assert a.artifacts[0].stored == stored
    assert b.artifacts[0].stored is None


def test_one_question_a_kind_of_digest_by_the_first_that_is_declared():
    asked = []

    class Tx:
        def find_artifacts(self, algorithm, digests):
            asked.append((algorithm, sorted(digests)))
            return {}

    units = [
        unit("a", digests={"md5": "a" * 32}),
        unit("b", digests={"md5": "b" * 32, "sha256": "b" * 64}),
        unit("c", digests={"md5": "c" * 32}),
        unit("d", digests={}),
        unit("e", digests={"sha256": "b" * 64}),
    ]
    query_existing_artifacts(lambda work: work(Tx())).apply(Tx(), units)
    assert sorted(asked) == [("md5", ["a" * 32, "c" * 32]), ("sha256", ["b" * 64])]


def test_all_files_of_all_units_that_share_bytes_learn_of_them(memory):
    more = DeclarativeArtifact("http://there/c", "c", digests={"sha256": sha256(b"same")})
    a, b = unit("a", b"same", more=[more]), unit("b", b"same")
    memory.tx.add_artifacts([({"sha256": sha256(b"same")}, 4)])
    with marbles() as m:
        look_up = query_existing_artifacts(memory.transact, batch=2)
        m.expect(m.hot("(a,b)|", a=a, b=b).pipe(look_up), "(a,b)|", a=a, b=b)
    assert a.artifacts[0].stored == b.artifacts[0].stored == more.stored is not None


async def test_the_same_operator_runs_over_asyncio_and_sqlite(catalog):
    a = unit("a")
    await catalog.write(lambda tx: tx.add_artifacts([({"sha256": a.content.sha256}, 1)]))
    await run(from_iterable([a]).pipe(query_existing_artifacts(catalog.read)))
    assert a.artifacts[0].stored.size == 1


def test_a_body_is_let_go_only_where_its_bytes_are_stored(memory):
    a, b = unit("a", urls=(), body=body(b"a")), unit("b", urls=(), body=body(b"b"))
    memory.tx.add_artifacts([({"sha256": sha256(b"a")}, 1)])
    with marbles() as m:
        look_up = query_existing_artifacts(memory.after(m, "-u|"), batch=2)
        m.expect(m.hot("(a,b)-|", a=a, b=b).pipe(look_up), "-(a,b)|", a=a, b=b)
    assert [artifact.body is None for unit in (a, b) for artifact in unit.artifacts] == [True, False]
