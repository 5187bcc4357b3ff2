"""A recipe is amended by name, refuses what cannot work, fuses neighbours, and prints itself."""

import pytest
from reactivex import operators as ops

from rxsync.errors import UsageError
from rxsync.operators import CatalogStage
from rxsync.pipeline.recipe import Recipe, Step
from rxsync.testing import marbles
from tests.operators.conftest import unit


def nothing(source):
    return source


def step(name, stage=nothing, *, needs=(), uses=(), gives=(), own=True):
    return Step(name, stage, frozenset(needs), frozenset(uses), frozenset(gives), own)


def catalog_step(name, log, **more):
    def apply(tx, units):
        log.append((name, tx))
        return units

    transactions = iter(range(100))
    stage = CatalogStage(apply, lambda work: work(f"{name}{next(transactions)}"), name=name, batch=2, **more)
    return step(name, stage, own=False)


def names(recipe):
    return [step.name for step in recipe]


abc = Recipe([step("a"), step("b"), step("c")])


def test_steps_are_inserted_removed_and_replaced_by_name_and_the_original_stays():
    assert names(abc.before("b", x=nothing)) == ["a", "x", "b", "c"]
    assert names(abc.after("b", step("x"), y=nothing)) == ["a", "b", "x", "y", "c"]
    assert names(abc.without("a", "c")) == ["b"]
    replaced = abc.replace("b", ops.filter(bool))
    assert names(replaced) == names(abc) == ["a", "b", "c"]
    assert replaced.steps[1].stage is not abc.steps[1].stage


@pytest.mark.parametrize(
    "amend",
    [
        lambda r: r.before("z", x=nothing),
        lambda r: r.after("z"),
        lambda r: r.without("z"),
        lambda r: r.replace("z", nothing),
    ],
)
def test_a_step_that_is_not_there_is_named_with_those_that_are(amend):
    with pytest.raises(UsageError, match="no step 'z' in the recipe; it has a, b, c"):
        amend(abc)


def test_two_steps_of_one_name_are_refused():
    with pytest.raises(UsageError, match="two steps are called 'b'"):
        abc.after("a", b=nothing)


def test_a_step_before_the_one_it_needs_is_refused_and_both_are_named():
    save, wake = step("save", gives=["saved"]), step("wake", needs=["saved"])
    assert names(Recipe([save, wake])) == ["save", "wake"]
    with pytest.raises(UsageError, match="step 'wake' must come after 'save', which gives 'saved'"):
        Recipe([wake, save])
    with pytest.raises(UsageError, match="step 'wake' needs 'saved', and no step gives it"):
        Recipe([save, wake]).without("save")


def test_a_fact_that_is_only_used_may_be_missing_but_not_come_later():
    ask, fetch = step("ask", gives=["known"]), step("fetch", uses=["known"])
    assert names(Recipe([ask, fetch]).without("ask")) == ["fetch"]
    with pytest.raises(UsageError, match="step 'fetch' must come after 'ask'"):
        Recipe([fetch, ask])


def test_neighbouring_catalog_steps_share_a_transaction_and_an_inserted_step_splits_them_there_only():
    log = []
    recipe = Recipe([catalog_step(name, log) for name in "abc"])
    assert [[step.name for step in group.steps] for group in recipe.groups()] == [["a", "b", "c"]]
    split = recipe.after("a", mine=nothing)
    assert [[step.name for step in group.steps] for group in split.groups()] == [["a"], ["mine"], ["b", "c"]]
    u, v = unit("u"), unit("v")
    with marbles() as m:
        m.expect(m.hot("(u,v)|", u=u, v=v).pipe(recipe), "(u,v)|", u=u, v=v)
    assert log == [("a", "c0"), ("b", "c0"), ("c", "c0")]


def test_the_transaction_is_the_one_of_a_step_that_writes():
    log = []
    recipe = Recipe([catalog_step("w", log), catalog_step("r", log, writes=False)])
    (group,) = recipe.groups()
    group.stage.transact(lambda tx: group.stage.apply(tx, []))
    assert log == [("w", "w0"), ("r", "w0")]


def test_a_step_that_must_do_something_before_its_transaction_begins_a_new_one():
    log = []
    recipe = Recipe(
        [catalog_step("a", log), catalog_step("b", log, prepare=lambda units: None), catalog_step("c", log)]
    )
    assert [[step.name for step in group.steps] for group in recipe.groups()] == [["a"], ["b", "c"]]


def test_an_authors_catalog_step_is_not_fused_so_that_what_it_drops_is_known():
    log = []
    recipe = Recipe([catalog_step("a", log), catalog_step("c", log)]).after("a", b=catalog_step("b", log).stage)
    assert [[step.name for step in group.steps] for group in recipe.groups()] == [["a"], ["b"], ["c"]]


def test_what_is_fused_wakes_its_waiters_in_order_after_the_commit():
    happened = []
    stages = [
        CatalogStage(
            lambda tx, units: units,
            lambda work: (work(None), happened.append("commit"))[0],
            batch=1,
            name="a",
            after=lambda units: happened.append("a"),
        ),
        CatalogStage(None, None, writes=False, batch=1, name="b", after=lambda units: happened.append("b")),
    ]
    u = unit("u")
    with marbles() as m:
        m.expect(m.hot("-u|", u=u).pipe(stages[0].fused(stages[1])), "-u|", u=u)
    assert happened == ["commit", "a", "b"]


def test_it_prints_its_steps_and_brackets_what_runs_as_one():
    log = []
    recipe = Recipe([catalog_step("look", log), catalog_step("see", log), catalog_step("find", log)]).after(
        "see", mine=nothing
    )
    assert str(recipe) == "1  look  ┐\n2  see   ┘ one transaction\n3  mine\n4  find"
