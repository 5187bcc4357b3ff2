"""Steps over the database: which share a transaction, whose it is, and what they are called."""

import pytest
from reactivex import operators as ops

from rxsync.errors import UsageError
from rxsync.flow import from_iterable
from rxsync.operators import (
    CatalogStage,
    associate_content,
    query_existing_artifacts,
    query_existing_content,
    refuse_clashes,
    resolve_content,
    save_artifacts,
    save_content,
    save_remote_artifacts,
)
from rxsync.testing import marbles
from tests.operators.conftest import RUN, unit

MAKERS = {
    query_existing_content: lambda memory: (memory.transact, memory.remote),
    query_existing_artifacts: lambda memory: (memory.transact,),
    refuse_clashes: lambda memory: (memory.transact, RUN),
    save_artifacts: lambda memory: (memory.transact, lambda bodies: None, lambda bodies: None),
    save_content: lambda memory: (memory.transact,),
    save_remote_artifacts: lambda memory: (memory.transact, memory.remote),
    resolve_content: lambda memory: (),
    associate_content: lambda memory: (memory.transact, RUN),
}
ASKING = {query_existing_content, query_existing_artifacts, refuse_clashes, resolve_content}


@pytest.mark.parametrize("make", MAKERS)
def test_each_step_has_its_name_and_the_batch_and_linger_it_was_given(make, memory):
    step = make(*MAKERS[make](memory), batch=7, linger=None)
    assert (step.name, step.batch, step.linger, step.writes) == (make.__name__, 7, None, make not in ASKING)
    with marbles() as m:
        m.expect(m.hot("-|").pipe(step), "-|")
    assert {gauge.name for gauge in m.flow.gauges} == {make.__name__}


def passing(called, name):
    def apply(tx, units):
        called.append((tx, name))
        return units

    return apply


def test_fused_steps_run_in_the_transaction_of_the_one_that_writes():
    called, a = [], unit("a")
    ask = CatalogStage(passing(called, "ask"), lambda work: work("reading"), writes=False, batch=1, name="ask")
    save = CatalogStage(passing(called, "save"), lambda work: work("writing"), batch=1, name="save")
    wake = CatalogStage(writes=False, after=lambda units: called.append("wake"), batch=1, name="wake")
    for line, expected in [
        (ask.fused(ask), [("reading", "ask")] * 2),
        (ask.fused(save), [("writing", "ask"), ("writing", "save")]),
        (save.fused(ask), [("writing", "save"), ("writing", "ask")]),
        (save.fused(ask).fused(ask), [("writing", "save"), ("writing", "ask"), ("writing", "ask")]),
        (ask.fused(save).fused(ask), [("writing", "ask"), ("writing", "save"), ("writing", "ask")]),
        (wake.fused(ask), [("reading", "ask"), "wake"]),
        (wake.fused(save).fused(wake), [("writing", "save"), "wake", "wake"]),
        (wake.fused(wake), ["wake", "wake"]),
    ]:
        called.clear()
        with marbles() as m:
            m.expect(m.hot("-a|", a=a).pipe(line), "-a|", a=a)
        assert called == expected
    assert ask.fused(save).writes
    assert save.fused(wake).writes
    assert not ask.fused(wake).writes
    assert ask.fused(save).name == "ask + save"


def test_steps_with_other_batches_or_lingers_or_something_to_do_before_it_keep_a_transaction_of_their_own():
    step = CatalogStage(batch=5, linger=1)
    assert step.fuses_with(CatalogStage(batch=5, linger=1))
    assert not step.fuses_with(CatalogStage(batch=6, linger=1))
    assert not step.fuses_with(CatalogStage(batch=5, linger=2))
    assert not step.fuses_with(CatalogStage(batch=5, linger=1, prepare=lambda units: None))
    assert CatalogStage(batch=5, linger=1, prepare=lambda units: None).fuses_with(step)


def test_a_step_without_a_transaction_takes_no_hooks():
    with pytest.raises(UsageError, match="step 'resolve_content' has no transaction for hooks to run in"):
        resolve_content().hooked()


def test_no_more_than_a_batch_waits_while_another_is_in_its_transaction(memory):
    units = [unit(f"{number}") for number in range(20)]
    with marbles() as m:
        line = from_iterable(units).pipe(query_existing_content(memory.after(m, "---u|"), batch=3, linger=None))
        m.expect(line.pipe(ops.to_list()), "-" * 28 + "(u|)", u=units)
    assert m.flow.peak == 3 + 3
