"""A check sees the bytes of what is new, once they are here, and says what must not come in."""

import pytest

from rxsync.declare import DeclarativeArtifact
from rxsync.errors import FlowError
from rxsync.flow import from_iterable, run
from rxsync.operators import validate
from rxsync.testing import marbles
from tests.operators.conftest import unit


def fetched(*names):
    return [unit(name, fetched=True) for name in names]


def test_units_pass_in_order_of_completion_without_those_that_are_left_out():
    a, b, c = fetched("a", "b", "c")
    with marbles() as m:
        said = {a: m.cold("---x|", x=None), b: m.cold("-x|", x="no good"), c: m.cold("x|", x=None)}
        m.expect(m.hot("-abc----|", a=a, b=b, c=c).pipe(validate(said.get, "skip", name="lint")), "---ca---|", a=a, c=c)
    assert (b.skipped.reason, b.skipped.kind, b.skipped.step) == ("no good", "invalid", "lint")
    assert a.skipped is c.skipped is None


def test_no_more_than_max_concurrent_units_are_checked_at_once():
    a, b, c = fetched("a", "b", "c")
    with marbles() as m:
        check = m.effect("---x|", x=None)
        source = m.hot("abc----|", a=a, b=b, c=c)
        m.expect(source.pipe(validate(check, max_concurrent=2)), "---ab-c|", a=a, b=b, c=c)
    assert [time for time, _ in check.calls] == [0, 1, 3]


def test_what_is_saved_or_not_here_passes_unseen():
    known, left = unit("known", known=True), unit("left", deferred=True)
    half = unit("half", fetched=True, more=[DeclarativeArtifact("http://there/sig", "half.sig")])
    shared, bare = unit("shared", stored=True), unit("bare", fetched=True)
    saved = unit("saved", fetched=True)
    saved.new = False
    seen = []
    with marbles() as m:
        source = m.hot("-abcdef|", a=known, b=left, c=half, d=shared, e=bare, f=saved)
        m.expect(source.pipe(validate(seen.append)), "-abcdef|", a=known, b=left, c=half, d=shared, e=bare, f=saved)
    assert seen == [shared, bare]


@pytest.mark.parametrize("reason", ["", 0, False, b"no"])
@pytest.mark.parametrize("policy", ["fail", "skip"])
def test_an_answer_that_is_no_reason_is_an_error(reason, policy):
    [a] = fetched("a")
    with marbles() as m:
        m.expect(m.hot("-a|", a=a).pipe(validate(lambda _: reason, policy)), "-#", error=FlowError)


async def raising(unit):
    raise KeyError("mine")


async def refusing(unit):
    return "no good"


def plainly_raising(unit):
    raise KeyError("mine")


@pytest.mark.parametrize("check", [raising, plainly_raising])
@pytest.mark.parametrize("policy", ["fail", "quarantine"])
async def test_an_error_of_the_check_says_which_unit_it_was_at(check, policy):
    async def aside(unit, reason):
        raise AssertionError

    with pytest.raises(KeyError, match="mine") as caught:
        await run(from_iterable(fetched("a")).pipe(validate(check, policy, aside=aside)))
    assert caught.value.__notes__ == ["at unit a"]


@pytest.mark.parametrize("check", [refusing, lambda unit: "no good"])
async def test_what_is_refused_is_kept_aside_before_it_is_skipped(check):
    kept, [a] = [], fetched("a")

    async def aside(unit, reason):
        kept.append((unit, reason, unit.skipped))

    await run(from_iterable([a]).pipe(validate(check, "quarantine", aside=aside, name="look")))
    assert kept == [(a, "no good", None)]
    assert (a.skipped.reason, a.skipped.kind, a.skipped.step) == ("no good", "quarantined", "look")


async def test_nothing_is_kept_aside_where_units_are_only_skipped():
    async def aside(unit, reason):
        raise AssertionError

    [a] = fetched("a")
    await run(from_iterable([a]).pipe(validate(refusing, "skip", aside=aside)))
    assert (a.skipped.kind, a.skipped.step) == ("invalid", "refusing")
