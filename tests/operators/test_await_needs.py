"""A unit is held until what it needs is saved, and no longer."""

import pytest

from rxsync.declare import DeclarativeArtifact, DeclarativeContent
from rxsync.errors import FlowError
from rxsync.flow import from_async, from_iterable, run, stage
from rxsync.operators import await_needs
from rxsync.plugins.file import FileContent
from rxsync.testing import marbles


def unit(name, *needs):
    file = DeclarativeArtifact(f"http://there/{name}", name)
    return DeclarativeContent(FileContent(relative_path=name, sha256="0" * 64), [file], needs=needs)


def known(name):
    made = unit(name)
    made.new = False
    return made


def saved(name):
    made = unit(name)
    made.new = True
    made.resolve(made.content)
    return made


def found(name):
    made = known(name)
    made.resolve(made.content)
    return made


def test_units_whose_needs_are_saved_or_known_to_be_pass_at_once():
    a, b, c, d = unit("a"), unit("b", known("k")), unit("c", saved("s")), unit("d", found("f"), known("k"))
    with marbles() as m:  # virtual time, where nothing can be awaited
        m.expect(m.hot("-abcd|", a=a, b=b, c=c, d=d).pipe(await_needs()), "-abcd|", a=a, b=b, c=c, d=d)


def test_an_error_and_the_end_pass():
    with marbles() as m:
        m.expect(m.hot("--|").pipe(await_needs()), "--|")
        m.expect(m.hot("--#").pipe(await_needs()), "--#")


async def test_a_unit_waits_for_the_last_of_its_needs_and_others_pass_it():
    a, b = unit("a"), unit("b")
    c, d = unit("c", known("k"), a, b), unit("d")
    out = []

    async def declare():
        for each in (a, b, c, d):
            yield each

    def note(each):
        out.append(each)
        if each is d:  # all have come by
            assert out == [a, b, d]
            a.resolve()
            b.resolve()

    await run(from_async(declare).pipe(await_needs()), note)
    assert out == [a, b, d, c]


@pytest.mark.parametrize("order", [1, -1])
async def test_a_unit_that_needs_what_was_skipped_is_skipped_too_whichever_it_is(order):
    fine, skipped = unit("fine"), unit("skipped")
    skipped.skip("no good")
    c, out = unit("c", *[fine, skipped][::order]), []

    async def save(batch):
        for each in batch:
            each.resolve()
        return batch

    line = from_iterable([fine, c]).pipe(await_needs(), stage(save, batch=5, linger=None))
    await run(line, out.append)
    assert out == [fine]
    assert (c.skipped.reason, c.skipped.step) == ("needs skipped, which was skipped: no good", "await_needs")


async def test_a_need_that_is_nowhere_is_named():
    with pytest.raises(FlowError, match="b needs lost, and nothing in the line holds it"):
        await run(from_iterable([unit("b", unit("lost"))]).pipe(await_needs()))
