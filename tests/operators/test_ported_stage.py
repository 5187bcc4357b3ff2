"""A class in the style of Pulp's stages runs in a line as it ran in a pipeline, with backpressure, errors and an end."""

import asyncio
import gc
import itertools

import pytest
import reactivex as rx
from reactivex import operators as ops

from rxsync.declare import DeclarativeContent
from rxsync.errors import DroppedError, FlowError
from rxsync.flow import Gauge, from_async, from_iterable, run, stage
from rxsync.operators import PortedStage, as_source, as_stage
from rxsync.operators.ported_line import INPUT
from rxsync.plugins.file import FileContent
from rxsync.testing import marbles


def unit(name):
    return DeclarativeContent(FileContent(relative_path=str(name), sha256="0" * 64))


def name_of(unit):
    return unit.content.relative_path


def units(count):
    return [unit(number) for number in range(count)]


async def slow(item):
    await asyncio.sleep(0)
    return [item]


async def resolved(batch):
    await asyncio.sleep(0)
    for each in batch:
        each.resolve(each.content)
    return batch


class Pass(PortedStage):
    async def run(self):
        async for each in self.items():
            await self.put(each)


class Batches(PortedStage):
    def __init__(self, minsize=500):
        self.minsize, self.sizes = minsize, []

    async def run(self):
        async for batch in self.batches(self.minsize):
            self.sizes.append(len(batch))
            for each in batch:
                await self.put(each)


class First(PortedStage):
    def __init__(self, units):
        self.units = units

    async def run(self):
        for each in self.units:
            await self.put(each)


# -- order, ends


async def test_units_pass_in_the_order_in_which_they_are_put(nothing_left):
    made, got = units(2000), []
    await run(from_iterable(made).pipe(as_stage(Pass), as_stage(Batches), stage(slow, ordered=True)), got.append)
    assert got == made


async def test_a_first_stage_is_a_source(nothing_left):
    made, got = units(2000), []
    await run(as_source(lambda: First(made)).pipe(as_stage(Pass)), got.append)
    assert got == made


async def test_the_stream_ends_when_run_returns_not_when_the_input_does(nothing_left):
    class Appendix(Pass):
        async def run(self):
            await super().run()
            await asyncio.sleep(0)
            await self.put(last)

    last, got = unit("last"), []
    await run(from_iterable(units(3)).pipe(as_stage(Appendix)), got.append)
    assert got[3:] == [last]


async def test_a_class_that_returns_early_leaves_the_source_which_cleans_up(nothing_left):
    class Two(PortedStage):
        async def run(self):
            async for each in self.items():
                kept.append(each)
                if len(kept) == 3:
                    return
                await self.put(each)

    async def forever():
        try:
            for number in itertools.count():
                yield unit(number)
        finally:
            await asyncio.sleep(0)
            closed.append(True)

    closed, got, kept = [], [], []
    flow = await run(from_async(forever).pipe(as_stage(Two)), got.append)
    assert ([name_of(each) for each in got], closed, flow.held) == (["0", "1"], [True], 0)
    assert flow.gauges[1] == Gauge("Two", 0, 0, "done")


async def test_what_a_task_of_its_own_offers_when_run_returns_goes_down_and_no_input_is_counted_any_more(nothing_left):
    class Hasty(PortedStage):
        async def run(self):
            items = self.items()
            self.own = [asyncio.create_task(self.put(await anext(items))) for _ in range(5)]
            await asyncio.sleep(0)

    async def forever():
        for number in itertools.count():
            yield unit(number)
            await asyncio.sleep(0)

    async def busy(each):
        for _ in range(20):
            await asyncio.sleep(0)
        return [each]

    got = []
    flow = await run(from_async(forever).pipe(as_stage(Hasty), stage(busy, prefetch=0)), got.append)
    assert [name_of(each) for each in got] == ["0", "1", "2", "3", "4"]
    assert flow.held == 0


async def test_a_class_that_has_put_the_last_unit_that_is_wanted_may_await_its_clean_up(nothing_left):
    class Cleaning(PortedStage):
        async def run(self):
            try:
                await self.put(unit("all there is"))
            finally:
                await asyncio.sleep(0)
                ended.append(True)

    ended = []
    for line in (as_source(Cleaning), from_iterable([]).pipe(as_stage(Cleaning))):
        await run(line.pipe(ops.take(1)))
    assert ended == [True, True]


async def test_an_empty_stream_is_an_end(nothing_left):
    for cls in (Pass, Batches):
        got = []
        await run(from_iterable([]).pipe(as_stage(cls)), got.append)
        assert got == []


# -- backpressure


async def test_put_waits_while_the_line_below_wants_nothing_and_the_input_is_bounded(nothing_left):
    arrived, go, drawn, put = asyncio.Event(), asyncio.Event(), [], []

    class Noting(PortedStage):
        async def run(self):
            async for each in self.items():
                put.append(each)
                await self.put(each)

    def source():
        for number in range(1000):
            drawn.append(number)
            yield unit(number)

    async def held(item):
        arrived.set()
        await go.wait()
        return [item]

    async def check():
        await arrived.wait()
        for _ in range(50):
            await asyncio.sleep(0)
        assert len(put) == 2  # one in work below, one that waits in put
        assert len(drawn) <= INPUT + 2
        go.set()

    checker = asyncio.create_task(check())
    got = []
    await run(from_iterable(source()).pipe(as_stage(Noting), stage(held, prefetch=0)), got.append)
    await checker
    assert len(got) == 1000


async def test_more_comes_while_the_class_works_on_what_it_has(nothing_left):
    class Working(PortedStage):
        async def run(self):
            async for batch in self.batches(INPUT):
                sizes.append(len(batch))
                for _ in range(50):
                    await asyncio.sleep(0)
                ahead.append(len(drawn) - sum(sizes))

    def source():
        for number in range(4 * INPUT):
            drawn.append(number)
            yield unit(number)

    drawn, sizes, ahead = [], [], []
    await run(from_iterable(source()).pipe(as_stage(Working)))
    assert sizes == [INPUT] * 4
    assert ahead == [INPUT] * 3 + [0]


async def test_a_class_may_keep_everything_until_the_end_also_more_than_the_window(nothing_left):
    class Sorting(PortedStage):
        async def run(self):
            kept = [each async for each in self.items()]
            for each in reversed(kept):
                await self.put(each)

    made, got = units(300), []
    flow = await run(from_iterable(made).pipe(as_stage(Sorting), stage(slow, ordered=True)), got.append, window=50)
    assert got == made[::-1]
    assert flow.held == 0


# -- batches


async def test_a_batch_has_at_least_minsize_units_but_for_the_last(nothing_left):
    batches = Batches(30)
    got = []
    await run(from_iterable(units(1000)).pipe(as_stage(lambda: batches)), got.append)
    assert len(got) == sum(batches.sizes) == 1000
    assert min(batches.sizes[:-1]) >= 30
    assert max(batches.sizes) <= INPUT


async def test_a_batch_larger_than_the_input_fills_up(nothing_left):
    batches = Batches(3 * INPUT)
    await run(from_iterable(units(1000)).pipe(as_stage(lambda: batches)))
    assert batches.sizes == [300, 300, 300, 100]


async def test_a_trickle_waits_for_company(nothing_left):
    async def trickle():
        for number in range(5):
            for _ in range(20):
                await asyncio.sleep(0)
            yield unit(number)

    batches = Batches(4)
    await run(from_async(trickle).pipe(as_stage(lambda: batches)))
    assert batches.sizes == [4, 1]


@pytest.mark.parametrize("early", [False, True], ids=["while it waits", "before it comes"])
async def test_awaiting_a_unit_lets_its_batch_leave_in_every_class_of_the_line(early, nothing_left):
    class Deep(PortedStage):
        async def run(self):
            for number in range(3):
                await self.put(unit(f"other {number}"))
                index = unit(number)
                waiting = asyncio.ensure_future(index.resolution()) if early else None
                await asyncio.sleep(0)
                await self.put(index)
                for _ in range(5):
                    await asyncio.sleep(0)
                saved.append(await (waiting or index.resolution()))
            over.set()

    async def works(each):
        """Elsewhere in the line something goes on, so it never comes to rest."""
        await over.wait()
        return [each]

    saved, first, second, over = [], Batches(), Batches(), asyncio.Event()
    line = as_source(Deep).pipe(
        as_stage(lambda: first), as_stage(lambda: second), stage(resolved, batch=500, linger=None)
    )
    await run(rx.merge(line, from_iterable(units(1)).pipe(stage(works))))
    assert [content.relative_path for content in saved] == ["0", "1", "2"]
    assert first.sizes == second.sizes == [2, 2, 2]


async def test_units_that_wait_for_company_that_cannot_come_leave(nothing_left):
    """The source awaits a unit that a step has merged into its twin."""
    first, twin = unit("first"), unit("twin")

    async def source():
        yield first
        yield twin
        assert await twin.resolution() == "saved"

    async def save(batch):
        for each in (*batch, twin):
            each.resolve("saved")
        return batch

    batches = Batches()
    line = from_async(source).pipe(ops.filter(lambda each: each is not twin), as_stage(lambda: batches))
    await run(line.pipe(stage(save, batch=10, linger=None)))
    assert batches.sizes == [1]


# -- units that are awaited


async def test_a_unit_that_the_class_drops_fails_who_awaits_it(nothing_left):
    class Dropping(PortedStage):
        async def run(self):
            async for each in self.items():
                for _ in range(5):
                    await asyncio.sleep(0)
                if name_of(each) != "lost":
                    await self.put(each)

    class Awaiting(PortedStage):
        async def run(self):
            await self.put(unit("kept"))
            await self.put(lost)
            await lost.resolution()

    async def awaiting():
        yield unit("kept")
        yield lost
        await lost.resolution()

    for make in (lambda: from_async(awaiting), lambda: as_source(Awaiting)):
        lost = unit("lost")
        with pytest.raises(DroppedError, match=lost.identity.hex()):
            await run(make().pipe(as_stage(Pass), as_stage(Dropping), stage(resolved, batch=10)))


@pytest.mark.parametrize("place", ["in hand", "in the input", "in put"])
async def test_only_what_was_dropped_fails_not_what_the_class_holds_meanwhile(place, nothing_left):
    class Needy(PortedStage):
        async def run(self):
            async for each in self.items():
                if each is needy and place != "in put":
                    await needs(each)
                await self.put(each)

    async def needs(each):
        if each is needy:
            with pytest.raises(DroppedError) as caught:
                await lost.resolution()
            blamed.append(caught.value.item)
        each.resolve(each.content)
        return [each]

    async def source():
        yield lost
        yield needy
        if awaited is not needy:
            yield awaited
        assert await awaited.resolution() is awaited.content

    lost, needy, blamed = unit("lost"), unit("needy"), []
    awaited = needy if place == "in hand" else unit("awaited")
    below = stage(needs if place == "in put" else lambda each: resolved([each]), prefetch=0)
    line = from_async(source).pipe(ops.filter(lambda each: each is not lost), as_stage(Needy), below)
    await run(rx.merge(line, from_async(never)).pipe(ops.take(1 if awaited is needy else 2)))
    assert blamed == [lost]


async def test_lists_elsewhere_leave_for_want_of_room_also_while_the_class_keeps_a_unit(nothing_left):
    class Keeping(PortedStage):
        async def run(self):
            kept = [each async for each in self.items()]
            for each in kept:
                await self.put(each)

    async def source():
        for number in range(20):
            yield unit(number)

    async def save(batch):
        return batch

    got = []
    gathered = from_async(source).pipe(stage(save, batch=50, linger=None))
    await run(rx.merge(from_async(source).pipe(as_stage(Keeping)), gathered), got.append, window=5)
    assert len(got) == 40


async def test_a_unit_that_the_class_resolves_and_does_not_put_lets_its_waiter_go_on(nothing_left):
    class Resolving(PortedStage):
        async def run(self):
            async for each in self.items():
                each.resolve(None)

    async def source():
        nothing = unit("nothing")
        yield nothing
        told.append(await nothing.resolution())

    told = []
    await run(from_async(source).pipe(as_stage(Resolving)))
    assert told == [None]


async def test_a_unit_that_the_class_works_on_in_tasks_of_its_own_is_not_lost(nothing_left):
    class Downloader(PortedStage):
        """Several units at once, as ``GenericDownloader`` does: it asks for more while they are under way."""

        async def run(self):
            tasks = set()
            async for each in self.items():
                tasks.add(asyncio.create_task(self.handle(each)))
            await asyncio.gather(*tasks)

        async def handle(self, each):
            for _ in range(50):
                await asyncio.sleep(0)
            await self.put(each)

    async def source():
        for number in range(3):
            each = unit(number)
            yield each
            await each.resolution()

    got = []
    await run(from_async(source).pipe(as_stage(Downloader), stage(resolved, batch=10, linger=None)), got.append)
    assert len(got) == 3


async def test_a_unit_that_the_class_keeps_until_more_have_come_is_not_lost(nothing_left):
    class Pairs(PortedStage):
        async def run(self):
            kept = []
            async for each in self.items():
                kept.append(each)
                if len(kept) == 2:
                    for one in kept:
                        await self.put(one)
                    kept.clear()

    first = unit("first")

    async def source():
        yield first
        for _ in range(50):
            await asyncio.sleep(0)
        yield unit("second")

    async def other():
        yield unit("other")
        assert await first.resolution() is first.content

    got = []
    line = rx.merge(from_async(source).pipe(as_stage(Pairs)), from_async(other))
    await run(line.pipe(stage(resolved, batch=10, linger=None)), got.append)
    assert len(got) == 3


async def test_units_that_have_gone_through_are_not_kept_alive(nothing_left):
    class Counting(DeclarativeContent):
        alive = 0

        def __init__(self, *arguments):
            super().__init__(*arguments)
            Counting.alive += 1

        def __del__(self):
            Counting.alive -= 1

    most = []

    def source():
        for number in range(2000):
            yield Counting(FileContent(relative_path=str(number), sha256="0" * 64))

    line = from_iterable(source()).pipe(as_stage(Pass), as_stage(lambda: Batches(10)))
    await run(line, lambda _: most.append(Counting.alive))
    gc.collect()
    assert max(most) <= 3 * INPUT + 10
    assert Counting.alive == 0


# -- errors and cancellation


@pytest.mark.parametrize("place", ["first", "middle"])
async def test_an_error_of_run_fails_the_line(place, nothing_left):
    class Failing(PortedStage):
        async def run(self):
            await self.put(unit("one"))
            raise KeyError("run")

    got = []
    line = as_source(Failing) if place == "first" else from_iterable(units(5)).pipe(as_stage(Failing))
    with pytest.raises(KeyError, match="run"):
        await run(line, got.append)
    assert [name_of(each) for each in got] == ["one"]


async def never():
    """A source that has something to say some day."""
    await asyncio.Event().wait()
    yield


async def two_then(end):
    """A source that waits, or fails, after two units."""
    yield unit("one")
    for _ in range(10):
        await asyncio.sleep(0)
    yield unit("two")
    await end()


async def for_ever(*_):
    await asyncio.Event().wait()


async def failing():
    raise KeyError


def fails_at_two(each):
    if name_of(each) == "two":
        raise KeyError
    return each


@pytest.mark.parametrize(("end", "below"), [(failing, name_of), (for_ever, fails_at_two)], ids=["above", "below"])
async def test_an_error_elsewhere_cancels_run_which_may_clean_up(end, below, nothing_left):
    class Cleaning(Pass):
        async def run(self):
            try:
                await super().run()
            except Exception as error:
                told.append(error)
            finally:
                await asyncio.sleep(0)
                told.append("cleaned up")

    told = []
    with pytest.raises(KeyError):
        await run(from_async(lambda: two_then(end)).pipe(as_stage(Cleaning), ops.map(below)))
    assert told == ["cleaned up"]


class Waiting(PortedStage):
    """Waits for ever in a way of one's choice, beside a task of its own that puts."""

    def __init__(self, wait):
        self.wait, self.started, self.ended = wait, asyncio.Event(), []

    async def run(self):
        self.own = asyncio.create_task(self.noting("own", put_for_ever))
        self.started.set()
        await self.noting("run", self.wait)

    async def noting(self, name, wait):
        try:
            await wait(self)
        finally:
            await asyncio.sleep(0)
            self.ended.append(name)


async def take_items(stage):
    async for _ in stage.items():
        raise AssertionError


async def take_batches(stage):
    async for _ in stage.batches():
        raise AssertionError


async def put_for_ever(stage):
    for number in itertools.count():
        await stage.put(unit(number))


@pytest.mark.parametrize("wait", [take_items, take_batches, put_for_ever, for_ever])
async def test_a_cancelled_line_cancels_run_wherever_it_waits_and_tasks_of_its_own(wait, nothing_left):
    waiting = Waiting(wait)
    line = from_async(never).pipe(as_stage(lambda: waiting), stage(for_ever, prefetch=0))
    running = asyncio.create_task(run(line))
    await waiting.started.wait()
    for _ in range(5):
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await asyncio.wait([waiting.own])
    assert sorted(waiting.ended) == ["own", "run"]


async def test_a_task_of_its_own_that_puts_after_the_end_is_cancelled(nothing_left):
    class Late(PortedStage):
        async def run(self):
            own.append(asyncio.create_task(self.later()))
            try:
                await self.put(unit("first"))
            finally:
                over.set()
                await stop.wait()

        async def later(self):
            await over.wait()
            try:
                await self.put(unit("late"))
            finally:
                stop.set()

    own, over, stop = [], asyncio.Event(), asyncio.Event()
    await run(from_async(never).pipe(as_stage(Late), ops.take(1)))
    await asyncio.wait(own)
    assert own[0].cancelled()


async def test_a_class_whose_task_is_cancelled_from_outside_is_an_error(nothing_left):
    class Suicide(PortedStage):
        async def run(self):
            asyncio.current_task().cancel()
            await asyncio.sleep(0)

    for line in (as_source(Suicide), from_iterable(units(3)).pipe(as_stage(Suicide))):
        with pytest.raises(FlowError, match="Suicide was cancelled from outside"):
            await run(line)


async def test_what_is_put_after_run_has_returned_is_told(nothing_left):
    class Careless(PortedStage):
        async def run(self):
            late.append(asyncio.create_task(self.later()))

        async def later(self):
            for _ in range(5):
                await asyncio.sleep(0)
            await self.put(unit("late"))

    late = []
    for line in (as_source(Careless), from_iterable(units(3)).pipe(as_stage(Careless))):
        await run(line)
        with pytest.raises(FlowError, match=r"returned"):
            await late.pop()


# -- mistakes


async def test_mistakes_are_said_in_a_line(nothing_left):
    class Asking(PortedStage):
        async def run(self):
            async for _ in self.items():
                pass

    class PutNone(PortedStage):
        async def run(self):
            await self.put(None)

    class Twice(PortedStage):
        async def run(self):
            await asyncio.gather(*[anext(self.items()) for _ in range(2)])

    again = Pass()
    for line, error, message in [
        (as_source(Asking), FlowError, "Asking is a first stage and has no input"),
        (as_source(PutNone), ValueError, "PutNone put None"),
        (as_source(PortedStage), NotImplementedError, r"PortedStage .* has no run\(\)"),
        (from_async(never).pipe(as_stage(Twice)), FlowError, "two tasks of Twice"),
        (from_async(never).pipe(as_stage(lambda: again), as_stage(lambda: again)), FlowError, "Pass stands in a line"),
    ]:
        with pytest.raises(error, match=message):
            await run(line)
    with pytest.raises(FlowError, match="Pass stands in no line"):
        await Pass().put(unit("a"))


def test_a_ported_stage_needs_an_event_loop():
    with marbles() as m:
        m.expect(from_iterable([]).pipe(as_stage(Pass)), "#", error=FlowError)


async def test_gauges_call_it_by_its_class_and_say_what_it_holds(nothing_left):
    class Keeping(PortedStage):
        async def run(self):
            kept = [each async for each in self.items()]
            readings.append(flows[0].gauges[1])
            for each in kept:
                await self.put(each)
                readings.append(flows[0].gauges[1])

    readings, flows, made = [], [], units(3)
    await run(from_iterable(made).pipe(as_stage(Keeping)), watch=flows.append)
    assert readings == [Gauge("Keeping", held, held, "work") for held in (3, 2, 1, 0)]
    assert {each.holders for each in made} == {()}
