"""What is downloaded and not yet stored is leased: who finds no room waits, and nobody waits for ever."""

import asyncio
import threading
from types import SimpleNamespace

import pytest
from reactivex import operators as ops

from rxsync.declare import DeclarativeArtifact
from rxsync.download import Controls, Link, limited, open_downloader
from rxsync.errors import FlowError, HttpStatusError
from rxsync.flow import from_async, from_iterable, run, stage
from rxsync.operators import download_artifacts, save_artifacts
from rxsync.operators.budget import DISK, Budget
from rxsync.ports.storage import MEMORY, SMALL
from rxsync.testing import SimulatedRemote, body, marbles, unit
from rxsync.testing.builders import sha256
from rxsync.testing.faults import answer, fault_server
from rxsync.testing.scratch import MemoryScratch

NOT_FOUND = HttpStatusError("http://there/a", 404, "Not Found")


def small(memory=2, disk=1000, size=10):
    """A budget for files of a few bytes; larger than ``size`` counts as on disk."""
    return Budget(memory, disk, size)


def fetching(m, diagram="-x|", **latencies):
    """A fetch of files whose bytes are their names, and what it was asked for, and when."""
    asked = []

    def fetch(request):
        name = request.urls[0].rpartition("/")[2]
        asked.append((m.now, name))
        how = latencies.get(name, diagram)
        return m.cold(how, error=NOT_FOUND) if "#" in how else m.cold(how, x=body(name.encode()))

    return fetch, asked


def stored(unit):
    """Do what saving does: the bytes are in the store, and let go."""
    for artifact in unit.artifacts:
        if artifact.body is not None:
            artifact.body.mark_kept()
            artifact.body.let_go()
            artifact.body = None
    return unit


def saving(m, diagram):
    """A stage that stores a unit after the time that the diagram takes to ``k``."""
    return stage(lambda unit: m.cold(diagram, k=unit).pipe(ops.do_action(stored)), concurrency=10)


def at_once(batch):
    """Store a whole batch."""
    return [stored(unit) for unit in batch]


def test_a_run_may_have_256_mib_in_memory_and_4_gib_on_disk():
    budget = Budget()
    assert (budget.memory, budget.disk, budget.small) == (MEMORY, DISK, SMALL) == (256 << 20, 4 << 30, 256 << 10)


def test_units_wait_for_those_before_them_to_be_stored_first_come_first_served():
    units = {name: unit(name) for name in "abcd"}
    budget = small(memory=2)
    with marbles() as m:
        fetch, asked = fetching(m, b="--x|")
        line = m.hot("(a,b,c,d)--|", **units).pipe(download_artifacts(fetch, budget=budget), saving(m, "---(k,|)"))
        m.expect(line, "----ab--cd-|", **units)
    assert asked == [(0, "a"), (0, "b"), (4, "c"), (5, "d")]
    assert (budget.used, budget.waiting) == ((0, 0), 0)


def test_one_too_large_passes_once_it_is_alone_and_nobody_passes_it():
    large, units = unit("large"), {name: unit(name) for name in "abc"}
    budget = small(memory=2)
    with marbles() as m:
        fetch, asked = fetching(m)
        line = m.hot("ablc--|", l=large, **units).pipe(download_artifacts(fetch, budget=budget), saving(m, "-(k,|)"))
        m.expect(line, "--ab-l-(c,|)", l=large, **units)
    assert asked == [(0, "a"), (1, "b"), (3, "large"), (5, "c")]


def test_one_too_large_passes_as_soon_as_nobody_else_has_anything_whatever_else_goes_on():
    a, large = unit("a"), unit("large")
    with marbles() as m:
        fetch, asked = fetching(m)
        line = m.hot("(a,l)----|", a=a, l=large).pipe(
            download_artifacts(fetch, budget=small(memory=2)), ops.map(stored), saving(m, "---------(k,|)")
        )
        m.expect(line, "----------a(l,|)", a=a, l=large)
    assert asked == [(0, "a"), (1, "large")]


def test_what_waits_for_room_on_disk_does_not_keep_small_files_waiting():
    one, two, a = unit("disk one"), unit("disk two"), unit("a")
    budget = small(memory=2, disk=10, size=5)
    with marbles() as m:
        fetch, asked = fetching(m)
        line = m.hot("ota--|", o=one, t=two, a=a)
        m.expect(
            line.pipe(download_artifacts(fetch, budget=budget), saving(m, "---(k,|)")),
            "----o-a-(t,|)",
            o=one,
            t=two,
            a=a,
        )
    assert [name for _, name in asked] == ["disk%20one", "a", "disk%20two"]


def test_all_files_of_a_unit_are_leased_at_once_before_the_first_byte():
    a, b = (
        unit("a"),
        unit("b", more=[DeclarativeArtifact("http://there/bb", "bb", digests={"sha256": sha256(b"bb")}, size=2)]),
    )
    budget = small(memory=3)
    with marbles() as m:
        fetch, asked = fetching(m)
        line = m.hot("(a,b)--|", a=a, b=b).pipe(download_artifacts(fetch, budget=budget), saving(m, "-----(k,|)"))
        m.expect(line, "------a------(b,|)", a=a, b=b)
    assert asked == [(0, "a"), (6, "b"), (6, "bb")]


def test_who_waits_makes_batches_below_leave_and_those_above_do_not():
    units = {name: unit(name) for name in "abcde"}
    budget = small(memory=2)
    left = []

    def above(batch):
        left.append(len(batch))
        return batch

    with marbles() as m:
        fetch, asked = fetching(m, diagram="------x|")
        line = m.hot("abc---de-----|", **units).pipe(
            stage(above, batch=3, linger=None),
            download_artifacts(fetch, budget=budget),
            stage(at_once, batch=10, linger=None),
        )
        m.expect(line, "--------(a,b)-c------(d,e,|)", **units)
    assert asked == [(2, "a"), (2, "b"), (8, "c"), (13, "d"), (14, "e")]
    assert left == [3, 2]


def test_lists_wait_for_company_again_once_nobody_waits():
    units = {name: unit(name) for name in "abcd"}
    with marbles() as m:
        fetch, _ = fetching(m)
        line = m.hot("(a,b,c)---d-----|", **units).pipe(
            download_artifacts(fetch, budget=small(memory=2)), stage(at_once, batch=10, linger=None)
        )
        m.expect(line, "-(a,b)----------(c,d,|)", **units)


def test_a_list_that_may_not_leave_just_now_leaves_when_it_may():
    units = {name: unit(name) for name in "abcd"}
    with marbles() as m:
        fetch, asked = fetching(m)

        def save(batch):
            return m.cold("---(k,|)", k=tuple(batch)).pipe(ops.do_action(at_once), ops.flat_map(from_iterable))

        line = m.hot("(a,b,c,d)-----|", **units).pipe(
            download_artifacts(fetch, budget=small(memory=2)), stage(save, batch=10, linger=None)
        )
        m.expect(line, "----a--b", a=units["a"], b=units["b"])
    assert asked == [(0, "a"), (0, "b"), (4, "c"), (7, "d")]


def test_where_a_step_holds_units_for_more_of_them_who_waits_longest_goes_on():
    units = {name: unit(name) for name in "abcd"}
    budget = small(memory=1)
    with marbles() as m:
        fetch, asked = fetching(m)
        line = m.hot("(a,b,c,d)|", **units).pipe(
            download_artifacts(fetch, budget=budget), ops.buffer_with_count(4), ops.map(at_once)
        )
        m.expect(line, "-------x-|", x=[*units.values()])
    assert asked == [(0, "a"), (2, "b"), (4, "c"), (6, "d")]
    assert budget.used == (0, 0)


def test_who_joins_a_flight_that_waits_does_not_look_as_if_it_moved():
    a, b, c = unit("a"), unit("b", b"same"), unit("c", b"same")
    with marbles() as m:
        fetch, asked = fetching(m)
        line = m.hot("abc|", a=a, b=b, c=c).pipe(
            download_artifacts(fetch, budget=small(memory=1)), ops.buffer_with_count(3), ops.map(at_once)
        )
        m.expect(line, "---x|", x=[a, c, b])
    assert asked == [(0, "a"), (2, "b")]


def test_a_file_whose_turn_never_came_is_fetched_for_the_next_unit():
    a, b = unit("a", more=[DeclarativeArtifact("http://there/s", "s", digests={"sha256": sha256(b"s")})]), unit("s")
    budget = small()
    with marbles() as m:

        def fetch(request):
            if request.urls[0].endswith("/a"):
                raise NOT_FOUND
            return body(b"s")

        line = m.hot("ab|", a=a, b=b).pipe(download_artifacts(fetch, budget=budget, on_error=lambda *_: None))
        m.expect(line, "-b|", b=b)
    assert budget.used == (1, 0)


def test_nobody_goes_on_too_early_while_a_timer_will_free_something():
    units = {name: unit(name) for name in "ab"}
    with marbles() as m:
        fetch, asked = fetching(m)
        line = m.hot("(a,b)-|", **units).pipe(
            download_artifacts(fetch, budget=small(memory=1)), ops.delay(3), ops.map(stored)
        )
        m.expect(line, "----a---b|", **units)
    assert asked == [(0, "a"), (4, "b")]


def test_a_unit_that_is_disposed_of_while_it_waits_is_forgotten():
    units = {name: unit(name) for name in "ab"}
    budget = small(memory=1)
    with marbles() as m:
        fetch, asked = fetching(m, diagram="---------x|")
        m.expect(m.hot("(a,b)-|", **units).pipe(download_artifacts(fetch, budget=budget)), "---!")
    assert asked == [(0, "a")]
    assert (budget.used, budget.waiting, bool(m.flow.patients)) == ((0, 0), 0, False)


def test_who_joins_a_flight_or_finds_it_landed_leases_nothing_even_while_it_waits():
    a, b, c, d = unit("a"), unit("b", b"same"), unit("c", b"same"), unit("d", b"same")
    budget = small(memory=4)
    with marbles() as m:
        same = m.effect("--x|", x=body(b"same"))
        line = m.hot("abc-----d|", a=a, b=b, c=c, d=d).pipe(
            download_artifacts(lambda r: same() if r.size == 4 else m.cold("-x|", x=body(b"a")), budget=budget),
            ops.do_action(lambda unit: stored(unit) if unit is a else None),
        )
        m.expect(line, "-a-(c,b)d|", a=a, b=b, c=c, d=d)
    assert len(same.calls) == 1
    assert budget.used == (4, 0)


def test_a_unit_that_fails_has_nothing_and_lets_the_next_one_go():
    a, b, failed = unit("a"), unit("b"), []
    budget = small(memory=1)

    def skip(unit, error):
        failed.append((m.now, unit, budget.used))

    with marbles() as m:
        fetch, asked = fetching(m, a="---#")
        line = m.hot("(a,b)---|", a=a, b=b).pipe(
            download_artifacts(fetch, budget=budget, on_error=skip), saving(m, "-(k,|)")
        )
        m.expect(line, "------b-|", b=b)
    assert failed == [(3, a, (0, 0))]
    assert asked == [(0, "a"), (3, "b")]
    assert budget.used == (0, 0)


def test_an_unchanged_file_gives_back_what_was_leased_for_it():
    budget = small()
    with marbles() as m:
        m.expect(m.hot("a|", a=unit("a")).pipe(download_artifacts(lambda _: None, budget=budget)), "")
    assert budget.used == (0, 0)


def test_bytes_that_came_with_the_declaration_are_not_leased():
    budget = small()
    with marbles() as m:
        a = unit("a", urls=(), body=body(b"a"))
        m.expect(m.hot("a|", a=a).pipe(download_artifacts(m.effect("x|"), budget=budget)), "a|", a=a)
        assert budget.used == (0, 0)


def test_a_fetch_that_asks_for_nothing_is_counted_by_what_it_gives():
    budget = small(memory=4)
    a, b = unit("four", size=None, digests={}), unit("b")
    with marbles() as m:
        fetch, _ = fetching(m)
        line = m.hot("ab--|", a=a, b=b).pipe(download_artifacts(fetch, budget=budget))
        m.expect(line, "-ab-|", a=a, b=b)
    assert budget.used == (5, 0)
    del fetch, line


def test_the_gauge_says_that_a_stage_waits_for_room():
    a, b, seen = unit("a"), unit("b"), []
    with marbles() as m:
        fetch, _ = fetching(m)
        m.cold("---k").subscribe(lambda _: seen.extend(m.flow.gauges))
        line = m.hot("(a,b)---|", a=a, b=b).pipe(
            download_artifacts(fetch, budget=small(memory=1)), saving(m, "----(k,|)")
        )
        m.expect(line, "")
    [gauge] = [gauge for gauge in seen if gauge.name == "download_artifacts"]
    assert (gauge.held, gauge.waits_for) == (1, "room")


def test_a_budget_of_no_stage_lets_nobody_wait():
    budget = small(memory=1)
    held = [budget.lease(unit("a"), [1])]
    with pytest.raises(FlowError, match="belongs to no stage"):
        budget.lease(unit("b"), [1])
    assert held


# -- who has the bytes has the claim


def test_claims_go_with_whoever_has_them_once_and_from_any_thread():
    budget = small(memory=10)
    [claim] = budget.lease(unit("a"), [3])
    here = body(b"abc")
    claim.settle(here)
    claim.give_up()  # the fetch is over: nothing is its own any more
    assert budget.used == (3, 0)
    del claim
    assert budget.used == (3, 0)
    holder = [here]
    del here
    dropper = threading.Thread(target=holder.clear)
    dropper.start()
    dropper.join()
    assert budget.used == (0, 0)


def test_giving_back_twice_is_giving_back_once():
    budget = small(memory=10)
    [first], [_second] = budget.lease(unit("a"), [3]), budget.lease(unit("b"), [4])
    here = body(b"abc")
    first.settle(here)
    for _ in range(3):
        first.give_back()
        here.let_go()
    assert budget.used == (4, 0)


def test_a_fetch_that_was_never_begun_gives_back_what_was_leased_for_it():
    budget = small(memory=10)
    claims = budget.lease(unit("a"), [3, 4, None])
    assert budget.used == (7, 0)
    del claims
    assert budget.used == (0, 0)


def test_more_or_fewer_bytes_than_were_leased_are_counted_as_they_are():
    budget = small(memory=10)
    (one, two), bodies = budget.lease(unit("a"), [3, 3]), (body(b"1"), body(b"12345"))
    one.settle(bodies[0])
    two.settle(bodies[1])
    assert budget.used == (6, 0)
    for one in bodies:
        one.let_go()
    assert budget.used == (0, 0)


# -- over asyncio, with real fetches


async def flows(remote, units, budget, *steps, **more):
    """Run a line that downloads and stores; answers what came through, and the most that was leased on the way."""
    came, most = [], [0]

    def look(_):
        most[0] = max(most[0], sum(budget.used))

    save = save_artifacts(lambda work: work(Kept()), lambda bodies: None, remote.scratch.release, batch=50, linger=None)
    line = (from_async(units) if callable(units) else from_iterable(units)).pipe(
        download_artifacts(remote.fetch, budget=budget, **more), ops.do_action(look), *steps, save
    )
    async with asyncio.timeout(20):
        await run(line, came.append)
    assert (budget.used, budget.waiting) == ((0, 0), 0)
    assert remote.scratch.empty
    return came, most[0]


class Kept:
    """Names what is stored, as a transaction does."""

    def add_artifacts(self, rows):
        return {digests["sha256"]: None for digests, _ in rows}


async def test_units_pass_one_by_one_through_a_budget_for_one(nothing_left):
    units = [unit(f"{n:02}") for n in range(30)]
    remote = SimulatedRemote({one.name: one.name.encode() for one in units})
    came, most = await flows(remote, units, small(memory=2))
    assert (came, most) == (units, 2)


async def test_files_of_unknown_size_ask_when_the_answer_says_how_long_it_is(nothing_left):
    units = [unit(f"{n:02}", size=None, digests={}) for n in range(30)]
    remote = SimulatedRemote({one.name: one.name.encode() for one in units})
    came, most = await flows(remote, units, small(memory=4))
    assert came == units
    assert most <= 4


async def test_whatever_a_step_drops_makes_room(nothing_left):
    names = [f"{n:02}" for n in range(30)]
    remote = SimulatedRemote({name: name.encode() for name in names})
    came, most = await flows(remote, map(unit, names), small(memory=2), ops.filter(lambda one: False))
    assert (came, most) == ([], 2)


async def test_where_all_that_was_dropped_is_held_by_somebody_the_line_goes_on_all_the_same(nothing_left):
    units = [unit(f"{n:02}") for n in range(30)]
    remote = SimulatedRemote({one.name: one.name.encode() for one in units})
    budget, line = small(memory=2), from_iterable(units)
    async with asyncio.timeout(20):
        await run(line.pipe(download_artifacts(remote.fetch, budget=budget), ops.filter(lambda one: False)))
    assert budget.used == (60, 0)  # what is really here
    units.clear()
    del line
    assert budget.used == (0, 0)


async def test_whatever_is_skipped_makes_room_whoever_holds_the_unit_and_others_that_have_the_bytes_keep_them(
    nothing_left,
):
    units = [unit(name, data) for name, data in (("a", b"aa"), ("b", b"aa"), ("c", b"cc"))]
    remote = SimulatedRemote({one.name: b"aa" for one in units[:2]} | {"c": b"cc"})
    budget, held = small(memory=2), []

    def skip(one):
        held.append((one.name, budget.used))
        one.skip("not wanted")

    came, most = await flows(remote, units, budget, ops.do_action(skip))
    assert sorted(held) == [("a", (2, 0)), ("b", (2, 0)), ("c", (2, 0))]
    assert (came, most) == ([], 2)


async def test_what_is_skipped_while_it_is_fetched_gets_no_bytes(nothing_left):
    remote, a, go = SimulatedRemote({"a": b"a"}), unit("a"), asyncio.Event()
    remote.hold("a", go)

    async def units():
        yield a
        await remote.until_open(1)
        a.skip("no more wanted")
        go.set()

    came, _ = await flows(remote, units, small())
    assert (came, a.artifacts[0].body) == ([], None)


async def test_bytes_that_are_stored_are_remembered_though_nobody_has_the_body(nothing_left):
    remote = SimulatedRemote({"a": b"same"})
    passed = asyncio.Event()

    async def units():
        yield unit("a", b"same")
        await passed.wait()
        yield unit("b", b"same", urls=remote.url("a"))

    came = []

    def store(one):
        one.artifacts[0].body.mark_kept() if one.name == "a" else came.append(one.artifacts[0].body.kept)
        passed.set()
        return one.name != "a"

    async with asyncio.timeout(20):
        await run(from_async(units).pipe(download_artifacts(remote.fetch), ops.filter(store)))
    assert (remote.count("a"), came) == (1, [True])


async def test_a_unit_that_is_set_aside_after_a_failure_holds_nothing(nothing_left):
    remote = SimulatedRemote({"a": b"a", "b": b"b"})
    landed = asyncio.Event()
    remote.hold("a.sig", landed)
    a = unit("a", more=[DeclarativeArtifact(remote.url("a.sig"), "a.sig", size=1)])
    budget, aside = small(memory=2), []

    async def watch():
        await remote.until_open(1)
        while a.artifacts[0].body is None:  # noqa: ASYNC110 - a body sets no event
            await asyncio.sleep(0)
        landed.set()

    def set_aside(one, error):
        aside.append((one, [file.body for file in one.artifacts], budget.used, remote.scratch.empty))

    watching = asyncio.create_task(watch())
    await flows(remote, [a], budget, on_error=set_aside)
    await watching
    assert aside == [(a, [None, None], (0, 0), True)]


async def test_who_joined_a_flight_that_is_given_up_takes_off_and_leases(nothing_left):
    remote = SimulatedRemote({"same": b"same"})
    joined, go = asyncio.Event(), asyncio.Event()
    remote.hold("missing", joined)
    remote.hold("same", go)
    same = {"digests": {"sha256": sha256(b"same")}, "size": 4}
    a = unit("missing", size=1, more=[DeclarativeArtifact(remote.url("same"), "sig", **same)])
    b, c = (unit(name, b"same", urls=remote.url("same")) for name in "bc")
    budget, failed, asked = small(memory=100), [], []

    async def units():
        yield a
        yield b
        yield c
        await remote.until_open(2)
        for _ in range(10):
            await asyncio.sleep(0)
        joined.set()
        while remote.count("same") < 2:  # noqa: ASYNC110 - a count sets no event
            await asyncio.sleep(0)
        asked.append((remote.open, budget.used))
        go.set()

    came, _ = await flows(remote, units, budget, on_error=lambda one, error: failed.append(one))
    assert failed == [a]
    assert asked == [(1, (4, 0))]
    assert sorted(one.name for one in came) == ["b", "c"]


async def test_a_unit_that_somebody_awaits_goes_on_although_there_is_no_room(nothing_left):
    remote = SimulatedRemote({name: name.encode() for name in ("a", "b", "need")})
    here = asyncio.Event()
    remote.hold("b", here)
    budget, seen = small(memory=2), []
    need = unit("need")
    a = unit("a")

    async def hold(one):
        if one is a:  # it has what there is, and waits for one that comes later
            await need.resolution()
        return (one,)

    def resolve(one):
        if one is need:
            seen.append(budget.used)
            here.set()
            one.resolve()

    steps = stage(hold, concurrency=10), ops.do_action(resolve)
    came, _ = await flows(remote, [a, unit("b"), need], budget, *steps)
    assert len(came) == 3
    assert seen == [(6, 0)]


async def test_wrong_bytes_that_are_kept_over_attempts_are_leased_too(nothing_left):
    remote = SimulatedRemote({"a": b"right"})
    remote.corrupt("a", b"wrong", times=1)
    budget, a, asked = small(memory=100), unit("a", b"right"), []

    async def fetch(request):
        body = await remote.fetch(request._replace(keep_wrong=True, received=lambda n: asked.append(budget.used)))
        asked.append(budget.used)
        return body

    came = []
    await run(from_iterable([a]).pipe(download_artifacts(fetch, budget=budget)), came.append)
    assert asked[0] == (5, 0)
    assert asked[-2:] == [(10, 0), (5, 0)]
    assert came == [a]


async def test_who_waits_for_room_while_bytes_come_holds_no_place_that_those_before_it_need(nothing_left):
    """Of two places, ``x`` and its second file took both when ``y`` was refused, and waited for the room of ``y``."""
    scratch = MemoryScratch()
    async with fault_server() as server:
        large, some = bytes(100), [bytes([n]) * 50 for n in range(2)]
        files = [server.serve(f"/x{n}", answer(data)) for n, data in enumerate(some)]
        units = [
            unit("y", large, urls=server.serve("/y", answer(status=503), answer(large))),
            unit("x", some[0], urls=files[0], size=None, more=[DeclarativeArtifact(files[1], "x1")]),
        ]
        with limited(Controls(2)) as limits:
            async with open_downloader(server.origin, scratch, Link(), limits, backoff=0.001) as downloads:
                remote = SimpleNamespace(fetch=downloads.fetch, scratch=scratch)
                came, _ = await flows(remote, units, small(memory=100, size=200), max_concurrent=limits.total)
            assert limits.places.busy == 0
    assert came == units


async def test_bytes_that_another_thread_lets_go_wake_who_waits(nothing_left):
    remote = SimulatedRemote({"a": b"a", "b": b"b", "c": b"c"})
    held, passed = [], []

    def hold(one):
        passed.append(one.name)
        if one.name == "a":
            held.append(one)
        return one.name != "a"

    async def let_go():
        while not held:  # noqa: ASYNC110 - a list sets no event
            await asyncio.sleep(0)
        await asyncio.to_thread(held.clear)

    budget = small(memory=1)

    async def busy(one):
        await asyncio.to_thread(lambda: None)
        return (one,)

    letting = asyncio.create_task(let_go())
    _, most = await flows(remote, (unit(name) for name in "abc"), budget, ops.filter(hold), stage(busy))
    await letting
    assert (passed, most) == (["a", "b", "c"], 1)
