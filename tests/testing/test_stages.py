"""The laws hold for the stages that are shipped, and each broken stage breaks the law it should."""

import asyncio

import pytest
import reactivex as rx
from reactivex import operators as ops

from rxsync.errors import FlowError
from rxsync.flow import fan_out, stage, then
from rxsync.operators import (
    associate_content,
    download_artifacts,
    query_existing_artifacts,
    query_existing_content,
    refuse_clashes,
    resolve_content,
    save_artifacts,
    save_content,
    save_remote_artifacts,
)
from rxsync.testing import Memory, builders, unit
from rxsync.testing.stages import StageTests


def work(world):
    async def one(unit):
        await world(unit)
        return [unit]

    return one


# -- stages that are shipped


class TestDownloadArtifacts(StageTests):
    most_held = 150  # 50 in work, twice that waiting

    def make_stage(self, world):
        async def fetch(request):
            await world(request)
            return builders.body(b"")

        return download_artifacts(fetch)


class CatalogStageTests(StageTests):
    """Stages over a real database whose transactions are as slow as the suite wants."""

    ordered = True

    def make_stage(self, world):
        memory = Memory()

        async def transact(work):
            await world()
            return memory.transact(work)

        return self.over(memory, transact)

    def over(self, memory, transact):
        raise NotImplementedError


class TestQueryExistingContent(CatalogStageTests):
    def over(self, memory, transact):
        return query_existing_content(transact, memory.remote)


class TestQueryExistingArtifacts(CatalogStageTests):
    def over(self, memory, transact):
        return query_existing_artifacts(transact)


class TestRefuseClashes(CatalogStageTests):
    def over(self, memory, transact):
        return refuse_clashes(transact, memory.run)


class TestSaveArtifacts(CatalogStageTests):
    def make_units(self, count):
        return [unit(f"{number}", fetched=True) for number in range(count)]

    def over(self, memory, transact):
        return save_artifacts(transact, lambda bodies: None, lambda bodies: None)


class TestSaveContent(CatalogStageTests):
    def over(self, memory, transact):
        return save_content(transact)


class TestTheEndOfTheLine(CatalogStageTests):
    most_held = 3 * 1500  # three of them, one after the other

    def over(self, memory, transact):
        steps = (
            save_remote_artifacts(transact, memory.remote),
            resolve_content(),
            associate_content(transact, memory.run),
        )
        return rx.compose(save_content(transact), *steps)


class TestAStageOfStockOperators(StageTests):
    ordered, may_drop, most_held = True, True, 0

    def make_stage(self, world):
        return rx.compose(ops.filter(lambda unit: unit.name != "3"), ops.do_action(lambda unit: unit.extra_data))


class TestAStageWithItsOrder(StageTests):
    ordered, most_held = True, 12

    def make_stage(self, world):
        return stage(work(world), concurrency=4, ordered=True)


class TestAStageOfBatches(StageTests):
    most_held = 30

    def make_stage(self, world):
        return stage(lambda units: then(world(units), lambda _: units), batch=5, concurrency=2, linger=None)


class TestAStageThatDeclaresMore(StageTests):
    may_add, most_held = True, 3

    def make_stage(self, world):
        return stage(lambda one: then(world(one), lambda _: [one, unit(f"{one.name}.sig")]))


class TestAFanOut(StageTests):
    may_drop, most_held = True, 6

    def make_stage(self, world):
        even, odd = (ops.filter(lambda unit, rest=rest: int(unit.name) % 2 == rest) for rest in (0, 1))
        return fan_out(rx.compose(even, stage(work(world))), odd)


# -- stages that are broken, each in one way


def eager(world):
    def stage_(source):
        tasks.append(asyncio.ensure_future(world()))
        return source

    tasks = []
    return stage_


def twice(world):
    return ops.flat_map(lambda unit: rx.of(unit, unit))


def loses(world):
    return ops.filter(lambda unit: unit.name != "7")


def changes(world):
    return ops.map(lambda one: unit(one.name))


def disorderly(world):
    return stage(work(world), concurrency=4)


def unbounded(world):
    return stage(work(world), concurrency=4, prefetch=100)


def swallows(world):
    return rx.compose(stage(work(world), concurrency=4), ops.catch(rx.empty()))


def late(world):
    return rx.compose(stage(work(world), concurrency=4), ops.materialize(), ops.delay(0.01), ops.dematerialize())


def keeps_on_working(world):
    """Its tasks are its own, and nobody cancels them."""
    tasks = []

    def go(unit):
        tasks.append(asyncio.ensure_future(world(unit)))
        return asyncio.shield(tasks[-1])

    return stage(lambda unit: then(go(unit), lambda _: [unit]), concurrency=4)


def ends_early(world):
    """It ends with its source, whatever is in work."""

    def stage_(source):
        shared = source.pipe(ops.publish())
        end = shared.pipe(ops.ignore_elements(), ops.materialize())
        worked = shared.pipe(stage(work(world), concurrency=4), ops.take_until(end))

        def subscribe(observer, scheduler=None):
            subscription = worked.subscribe(observer, scheduler=scheduler)
            shared.connect(scheduler)
            return subscription

        return rx.Observable(subscribe)

    return stage_


def never_ends(world):
    return lambda source: rx.concat(source, rx.never())


def keeps_batches(world):
    return rx.compose(ops.buffer_with_count(4), ops.flat_map(lambda units: rx.from_iterable(units)))


def remembers(world):
    """What it has seen is seen for all runs."""
    seen = set()

    def is_new(unit):
        return not (unit.name in seen or seen.add(unit.name))

    return ops.filter(is_new)


def loses_the_scheduler(world):
    return lambda source: rx.create(lambda observer, _: source.subscribe(observer))


LAWS = [name for name in dir(StageTests) if name.startswith("test_")]

# What each of them is caught at, by the law's name without "test_"; it keeps all others.
BROKEN = {
    eager: {
        "nothing_happens_before_it_is_subscribed": "its work began before anybody subscribed",
        "an_error_of_its_work_is_handed_on_and_cancels_the_rest": "the error was swallowed",
    },
    twice: {
        "each_unit_comes_out_once": "more than once: <unit 0>, <unit 1>, <unit 2>, <unit 3>, <unit 4> and 95 more",
        "it_takes_no_more_than_it_can_hold": "expected at most 22",
    },
    loses: {
        "each_unit_comes_out_once": "went in and did not come out: <unit 7>",
        "it_can_be_run_again": "the first run lost <unit 7>",
        "it_completes_once_after_its_last_unit": "after 29 of 30 units",
    },
    changes: {
        "each_unit_comes_out_once": "came out without having gone in",
        "awaiting_a_unit_flushes_the_batch_that_holds_it": "kept back although they were awaited",
        "it_can_be_run_again": "the first run lost",
    },
    disorderly: {"units_keep_their_order_if_it_says_so": "<unit 2> came out before <unit 1>, which went in before it"},
    unbounded: {"it_takes_no_more_than_it_can_hold": "105 units were in it at once"},
    swallows: {
        "an_error_from_above_is_handed_on_at_once_and_cancels_its_work": "not handed on at the same moment",
        "an_error_of_its_work_is_handed_on_and_cancels_the_rest": "the error was swallowed",
    },
    late: {
        "an_error_from_above_is_handed_on_at_once_and_cancels_its_work": "not handed on at the same moment",
        "it_takes_no_more_than_it_can_hold": "expected at most 22",
    },
    keeps_on_working: {
        "an_error_from_above_is_handed_on_at_once_and_cancels_its_work": "4 calls went on after an error from above",
        "cancelling_leaves_no_task_and_no_work": "4 calls went on after it was cancelled",
    },
    ends_early: {
        "each_unit_comes_out_once": "went in and did not come out",
        "it_can_be_run_again": "the first run lost",
        "it_completes_once_after_its_last_unit": "it completed after 0 of 1 units",
        "cancelling_leaves_no_task_and_no_work": "it did not leave its source",
    },
    keeps_batches: {
        "awaiting_a_unit_flushes_the_batch_that_holds_it": "kept back although they were awaited",
        "it_takes_no_more_than_it_can_hold": "expected at most 22",
    },
    remembers: {"it_can_be_run_again": "the second run lost"},
}


def suite(make, **promises):
    """The suite of a stage that would hold little, and where what hangs would hang for ever."""
    return type("Suite", (StageTests,), {"most_held": 20, "make_stage": lambda self, world: make(world), **promises})()


async def broken_laws(suite):
    """What the laws say that do not hold."""
    broken = {}
    for law in LAWS:
        before = asyncio.all_tasks()
        try:
            await getattr(suite, law)()
        except AssertionError as error:
            broken[law.removeprefix("test_")] = str(error)
        except pytest.skip.Exception:
            pass
        for task in asyncio.all_tasks() - before:
            task.cancel()
            await asyncio.wait([task])
    return broken


@pytest.mark.parametrize("make", BROKEN, ids=lambda make: make.__name__)
async def test_a_broken_stage_breaks_its_laws_and_no_others(make):
    said = await broken_laws(suite(make, ordered=make is disorderly))
    assert said.keys() == BROKEN[make].keys()
    for law, words in BROKEN[make].items():
        assert words in said[law]


async def test_a_stage_that_never_ends_is_not_waited_for_for_ever():
    with pytest.raises(AssertionError, match="not done after 0.05 s: it waits for what never comes"):
        await suite(never_ends, patience=0.05).test_it_completes_once_after_its_last_unit()


@pytest.mark.parametrize("law", ["each_unit_comes_out_once", "cancelling_leaves_no_task_and_no_work"])
async def test_a_stage_that_does_not_hand_its_scheduler_on_is_told_so(law):
    with pytest.raises(FlowError, match="let every operator hand its scheduler on"):
        await getattr(suite(loses_the_scheduler), f"test_{law}")()


async def test_a_suite_without_a_stage_says_so():
    with pytest.raises(NotImplementedError):
        await StageTests().test_each_unit_comes_out_once()
