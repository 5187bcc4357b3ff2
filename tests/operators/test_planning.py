"""The two steps that stand in a plan where a sync downloads."""

import pytest
from peewee import FixedCharField, TextField

from rxsync.catalog.planning import Planning
from rxsync.declare import DeclarativeArtifact, DeclarativeContent
from rxsync.flow import from_iterable, run
from rxsync.models import Content
from rxsync.operators import learn_keys, plan_content
from rxsync.testing import Memory, body, marbles, unit
from tests.operators.conftest import RUN, sha256


class Learner(Content):
    name = TextField()
    sha256 = FixedCharField(64, null=True)

    class Meta:
        content_type = "planned.learner"
        natural_key = ("name", "sha256")
        learnt = ("sha256",)


def learner(name):
    return DeclarativeContent(Learner(name=name), [DeclarativeArtifact(f"http://there/{name}", name)])


@pytest.fixture
def memory():
    """One whose transaction plans."""
    memory = Memory([Learner])
    memory.tx.end_staging(RUN)
    memory.tx = Planning(memory.database.connection(), memory.database)
    memory.tx.begin_plan(RUN)
    yield memory
    memory.database.close()


def test_units_are_noted_batch_by_batch_and_their_repetitions_marked(memory):
    a, b, again = unit("a"), unit("b"), unit("a")
    with marbles() as m:
        note = plan_content(memory.after(m, "--u|"), RUN, batch=3, linger=5)
        source = m.hot("-a-b-c--------|", a=a, b=b, c=again)
        m.expect(source.pipe(note), "-------(a,b,c)|", a=a, b=b, c=again)
    assert [(one.new, one.repeated) for one in (a, b, again)] == [(True, False), (True, False), (True, True)]
    assert memory.rows(f'SELECT count(*) FROM "staged_{RUN}"') == [(2,)]


def test_a_batch_that_fails_lets_nothing_through(memory):
    with marbles() as m:
        note = plan_content(lambda work: m.cold("-#"), RUN, batch=1)
        m.expect(m.hot("-a-b|", a=unit("a"), b=unit("b")).pipe(note), "--#")


async def test_the_same_operator_runs_over_asyncio(memory):
    a = unit("a")
    await run(from_iterable([a]).pipe(plan_content(memory.transact, RUN)))
    assert (a.new, memory.tx.wanted(RUN)) == (True, (1, 1, 0))


def test_the_same_bytes_are_wanted_once_and_those_that_are_here_not_at_all(memory):
    a, same, unsized = unit("a", b"same"), unit("b", b"same"), unit("c", digests={}, size=None)
    here, later = unit("d", b"here", urls=(), body=body(b"here")), unit("e", deferred=True)
    plan_content(memory.transact, RUN).apply(memory.tx, [a, same, unsized, here, later])
    assert memory.tx.wanted(RUN) == (2, 4, 1)
    plan_content(memory.transact, RUN).apply(memory.tx, [unit("f", b"same"), unit("g", b"more")])
    assert memory.tx.wanted(RUN) == (3, 8, 1)


def test_where_bytes_are_left_for_later_none_are_wanted_but_those_that_say_so(memory):
    units = [unit("a"), unit("b", deferred=False)]
    plan_content(memory.transact, RUN, deferred=True).apply(memory.tx, units)
    assert memory.tx.wanted(RUN) == (1, 1, 0)


def test_a_unit_passes_once_its_key_is_learnt_and_others_pass_at_once():
    a, b, c = learner("a"), unit("b"), learner("c")
    answers = {"http://there/a": "----x|", "http://there/c": "-x|"}
    with marbles() as m:
        learn = learn_keys(lambda asked: m.cold(answers[asked.urls[0]], x=body(asked.urls[0].encode())))
        m.expect(m.hot("-a-b-c----|", a=a, b=b, c=c).pipe(learn), "---b-ac---|", a=a, b=b, c=c)
    assert [one.content.sha256 for one in (a, c)] == [sha256(b"http://there/a"), sha256(b"http://there/c")]


def test_no_more_units_are_fetched_at_once_than_may_be():
    units = {name: learner(name) for name in "abc"}
    with marbles() as m:
        learn = learn_keys(lambda asked: m.cold("--x|", x=body(b"")), max_concurrent=1)
        m.expect(m.hot("(a,b,c)|", **units).pipe(learn), "--a--b--c|", **units)


def test_a_fetch_that_fails_fails_the_plan():
    with marbles() as m:
        learn = learn_keys(lambda asked: m.cold("--#"))
        m.expect(m.hot("-a-----|", a=learner("a")).pipe(learn), "---#")


def test_a_body_that_came_along_tells_the_key_and_nothing_is_fetched():
    artifact = DeclarativeArtifact((), "a", body=body(b"here"))
    a = DeclarativeContent(Learner(name="a"), [artifact])
    with marbles() as m:
        m.expect(m.hot("-a|", a=a).pipe(learn_keys(pytest.fail)), "-a|", a=a)
    assert a.content.sha256 == sha256(b"here")
