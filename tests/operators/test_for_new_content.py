"""What is new is worked on in the middle of the line; the rest passes by."""

import asyncio

import pytest

from rxsync.errors import DeclarationError
from rxsync.flow import from_iterable, run
from rxsync.operators import for_new_content
from rxsync.testing import marbles
from tests.operators.conftest import unit
from tests.pipeline.author import Learner


def test_new_units_come_in_order_of_completion_and_saved_ones_pass_by():
    a, b, c = unit("a"), unit("b", known=True), unit("c")
    with marbles() as m:
        enrich = m.effect("---x|")
        source = m.hot("-abc----|", a=a, b=b, c=c)
        m.expect(source.pipe(for_new_content(enrich, max_concurrent=2, name="enrich")), "--b-a-c-|", a=a, b=b, c=c)
    assert enrich.calls == [(1, (a,)), (3, (c,))]
    assert [gauge.name for gauge in m.flow.gauges] == ["enrich"]


def test_no_more_than_max_concurrent_are_worked_on_at_once():
    a, b, c = unit("a"), unit("b"), unit("c")
    with marbles() as m:
        enrich = m.effect("----|")
        m.expect(
            m.hot("abc------|", a=a, b=b, c=c).pipe(for_new_content(enrich, max_concurrent=2)),
            "----ab--c|",
            a=a,
            b=b,
            c=c,
        )
    assert [time for time, _ in enrich.calls] == [0, 1, 4]


def test_a_key_that_is_yet_to_be_learnt_may_change():
    a = unit("a", content=Learner(name="a"))

    def rename(each):
        each.content.name = "b"

    with marbles() as m:
        m.expect(m.hot("-a|", a=a).pipe(for_new_content(rename)), "-a|", a=a)


def rename(each):
    each.content.relative_path = "another"


async def rename_later(each):
    await asyncio.sleep(0)
    rename(each)


@pytest.mark.parametrize("fn", [rename, rename_later])
async def test_another_natural_key_is_an_error_that_names_the_unit(fn):
    with pytest.raises(DeclarationError, match="natural key"):
        await run(from_iterable([unit("a")]).pipe(for_new_content(fn)))


async def test_what_it_skips_does_not_come_out():
    async def skip(each):
        each.skip("no")

    out, units = [], [unit("a"), unit("b", known=True)]
    await run(from_iterable(units).pipe(for_new_content(skip)), out.append)
    assert out == units[1:]
