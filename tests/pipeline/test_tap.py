"""A tap looks into a live stream and disturbs nothing."""

import pytest
from reactivex import operators as ops
from reactivex.observer import Observer

import rxsync
from rxsync.errors import UsageError
from rxsync.pipeline.recipe import Recipe
from rxsync.pipeline.tap import tapped
from rxsync.testing import marbles
from tests.operators.conftest import unit
from tests.pipeline.test_recipe import abc, catalog_step


def test_whoever_looks_is_told_of_each_unit_as_it_goes_by():
    seen = []
    with marbles() as m:
        m.expect(m.hot("-a-b-c--|").pipe(tapped("x", lambda unit: seen.append((m.now, unit)))), "-a-b-c--|")
    assert seen == [(1, "a"), (3, "b"), (5, "c")]


def test_an_observer_is_told_of_the_end_and_of_an_error_too():
    told = []
    observer = Observer(told.append, lambda error: told.append(str(error)), lambda: told.append("end"))
    with marbles() as m:
        m.expect(m.hot("a-|").pipe(tapped("x", observer)), "a-|")
    other = Observer(told.append, lambda error: told.append(str(error)))
    with marbles() as m:
        m.expect(m.hot("b#", error=RuntimeError("ouch")).pipe(tapped("x", other)), "b#", error=RuntimeError)
    assert told == ["a", "end", "b", "ouch"]


def test_who_fails_at_looking_is_told_no_more_and_the_stream_goes_on(caplog):
    seen = []

    def look(unit):
        seen.append(unit)
        if unit == "b":
            raise ValueError("dizzy")

    with marbles() as m:
        m.expect(m.hot("-a-b-c--|").pipe(tapped("save_content", look)), "-a-b-c--|")
    assert seen == ["a", "b"]
    (record,) = caplog.records
    assert record.getMessage() == "who looks at step 'save_content' failed and is told no more"
    assert "dizzy" in str(record.exc_info[1])


def test_a_tap_sees_what_leaves_its_step_and_nothing_else():
    recipe = abc.replace("b", ops.filter(lambda unit: unit != "y"))
    before, after = [], []
    looked_at = recipe.tap("a", before.append).tap("b", after.append)
    with marbles() as m:
        m.expect(m.hot("xyz|").pipe(looked_at), "x-z|")
    assert (before, after) == (["x", "y", "z"], ["x", "z"])


def test_a_tap_splits_no_transaction_and_is_told_after_it():
    log, seen = [], []
    recipe = Recipe([catalog_step(name, log) for name in "abc"])
    looked_at = recipe.tap("a", lambda unit: seen.append(len(log)))
    assert [[step.name for step in group.steps] for group in looked_at.groups()] == [["a", "b", "c"]]
    u, v = unit("u"), unit("v")
    with marbles() as m:
        m.expect(m.hot("(u,v)|", u=u, v=v).pipe(looked_at), "(u,v)|", u=u, v=v)
    assert seen == [3, 3]
    assert str(looked_at).splitlines()[-1] == "3  c  ┘ one transaction  tapped"


def test_the_recipe_that_was_tapped_stays_as_it_was():
    seen = []
    abc.tap("b", seen.append)
    with marbles() as m:
        m.expect(m.hot("x|").pipe(abc), "x|")
    assert seen == []


def test_a_tap_stays_on_a_step_that_is_replaced():
    seen = []
    recipe = abc.tap("b", seen.append).replace("b", ops.map(str.upper))
    with marbles() as m:
        m.expect(m.hot("x|").pipe(recipe), "X|")
    assert seen == ["X"]


def test_a_step_that_is_not_there_is_named():
    with pytest.raises(UsageError, match="no step 'z' in the recipe"):
        abc.tap("z", print)


async def test_a_whole_sync_can_be_tapped_at_any_step(tmp_path):
    (tmp_path / "files").mkdir()
    for name in ("a", "b"):
        (tmp_path / "files" / name).write_text(name)
    seen = {}

    def amend(recipe):
        for step in recipe:
            recipe = recipe.tap(step.name, seen.setdefault(step.name, []).append)
        return recipe

    home = rxsync.open(tmp_path / "home")
    report = await rxsync.sync(str(tmp_path / "files"), home.repository("r"), amend=amend)
    assert report.created
    assert len(seen) == 10
    assert all(sorted(unit.name for unit in units) == ["a", "b"] for units in seen.values())
