"""What is missing is fetched, each once, and a unit moves on when all its files are there."""

import asyncio

import pytest

from rxsync.declare import DeclarativeArtifact, StoredFile, Validators
from rxsync.errors import ConflictError, HttpStatusError
from rxsync.flow import from_async, from_iterable, run, stage
from rxsync.flow.shared import Shared
from rxsync.operators import download_artifacts
from rxsync.operators.flights import Flights
from rxsync.ports.downloader import Request
from rxsync.testing import marbles
from tests.operators.conftest import body, sha256, unit

NOT_FOUND = HttpStatusError("http://there/a", 404, "Not Found")


def fetching(m, **latencies):
    """A fetch whose answer for ``http://there/x`` comes after the diagram given for x."""
    asked = []

    def fetch(request):
        name = request.urls[0].rpartition("/")[2]
        asked.append((m.now, name))
        if "#" in latencies[name]:
            return m.cold(latencies[name], error=NOT_FOUND)
        return m.cold(latencies[name], x=body(name.encode()))

    return fetch, asked


def stored(unit):
    unit.artifacts[0].stored = StoredFile(1, unit.content.sha256, 1)
    return unit


def test_units_move_on_in_order_of_completion_and_stored_ones_at_once():
    a, b, c = unit("a"), stored(unit("b")), unit("c")
    with marbles() as m:
        fetch, _ = fetching(m, a="---x|", c="-x|")
        m.expect(m.hot("-a-b--c-|", a=a, b=b, c=c).pipe(download_artifacts(fetch)), "---ba--c|", a=a, b=b, c=c)
    assert a.artifacts[0].body.data == b"a"
    assert b.artifacts[0].body is None


def test_no_more_than_max_concurrent_units_are_in_work():
    a, b, c = unit("a"), unit("b"), unit("c")
    with marbles() as m:
        fetch, asked = fetching(m, a="----x|", b="----x|", c="----x|")
        source = m.hot("abc|", a=a, b=b, c=c)
        m.expect(source.pipe(download_artifacts(fetch, max_concurrent=2)), "----ab---c|", a=a, b=b, c=c)
    assert asked == [(0, "a"), (1, "b"), (5, "c")]


def test_no_more_than_per_host_units_wait_for_one_host_and_others_pass_them():
    a, b, c = unit("a"), unit("b"), unit("c", urls="http://elsewhere/c")
    with marbles() as m:
        fetch, asked = fetching(m, a="----x|", b="----x|", c="----x|")
        source = m.hot("abc|", a=a, b=b, c=c)
        m.expect(source.pipe(download_artifacts(fetch, max_concurrent=3, per_host=1)), "")
    assert asked == [(0, "a"), (2, "c"), (5, "b")]


def test_a_unit_stands_in_the_lane_of_the_first_place_that_its_first_wanted_file_may_be_had():
    elsewhere = DeclarativeArtifact(["http://elsewhere/b", "http://there/b"], "b.sig")
    a, b = unit("a"), stored(unit("b", more=[elsewhere]))
    c, d = unit("c", urls=["http://there/c", "http://elsewhere/c"]), unit("d", urls="http://me:secret@there/d")
    with marbles() as m:
        fetch, asked = fetching(m, a="----x|", b="----x|", c="----x|", d="----x|")
        source = m.hot("abcd|", a=a, b=b, c=c, d=d)
        m.expect(source.pipe(download_artifacts(fetch, max_concurrent=9, per_host=1)), "")
    assert asked == [(0, "a"), (1, "b"), (5, "c"), (10, "d")]


@pytest.mark.parametrize("place", ["file:///srv/", "file:/srv/here/"])
def test_files_on_no_host_are_bound_by_no_lane(place):
    a, b = unit("a", urls=f"{place}a"), unit("b", urls=f"{place}b")
    with marbles() as m:
        fetch, asked = fetching(m, a="----x|", b="----x|")
        m.expect(m.hot("ab|", a=a, b=b).pipe(download_artifacts(fetch, per_host=1)), "")
    assert asked == [(0, "a"), (1, "b")]


def test_a_fetch_may_answer_at_once_and_is_remembered_like_any_other():
    a, b, c = unit("a", b"same"), unit("b", b"same"), known_without_digest()
    same, asked = body(b"same"), []

    def fetch(request):
        asked.append(request.urls[0].rpartition("/")[2])
        return same if request.digests else None

    with marbles() as m:
        m.expect(m.hot("-abc|", a=a, b=b, c=c).pipe(download_artifacts(fetch)), "-abc|", a=a, b=b, c=c)
    assert asked == ["a", "a"]
    assert a.artifacts[0].body is b.artifacts[0].body is same
    assert c.artifacts[0].body is None


def test_all_files_of_a_unit_are_fetched_at_once_and_awaited():
    signature = DeclarativeArtifact("http://there/sig", "a.sig", digests={"sha256": sha256(b"sig")})
    a = unit("a", more=[signature])
    with marbles() as m:
        fetch, asked = fetching(m, a="-x|", sig="---x|")
        m.expect(m.hot("-a-------|", a=a).pipe(download_artifacts(fetch)), "-----a---|", a=a)
    assert asked == [(1, "a"), (1, "sig")]
    assert [artifact.body.data for artifact in a.artifacts] == [b"a", b"sig"]


def test_a_failing_file_cancels_its_siblings_and_the_other_units_at_the_same_moment():
    sig = DeclarativeArtifact("http://there/sig", "a.sig", digests={"sha256": sha256(b"sig")})
    a, b = unit("a", more=[sig]), unit("b")
    with marbles() as m:
        answers = {
            name: m.cold(diagram, error=NOT_FOUND)
            for name, diagram in {"a": "--#", "sig": "---------x|", "b": "---------x|"}.items()
        }
        source = m.hot("-ab------|", a=a, b=b)
        m.expect(
            source.pipe(download_artifacts(lambda request: answers[request.urls[0].rpartition("/")[2]])),
            "---#",
            error=NOT_FOUND,
        )
    assert [[interval.unsubscribe for interval in answers[name].subscriptions] for name in ("sig", "b")] == [[3], [3]]


def test_files_with_the_same_digest_are_fetched_once():
    a, b, c = unit("a", b"same"), unit("b", b"same"), unit("c", b"same")
    with marbles() as m:
        fetch = m.effect("---x|", x=body(b"same"))
        source = m.hot("ab-------c|", a=a, b=b, c=c)
        m.expect(source.pipe(download_artifacts(fetch)), "---(b,a)-c|", a=a, b=b, c=c)
    assert [time for time, _ in fetch.calls] == [0]
    assert a.artifacts[0].body is b.artifacts[0].body is c.artifacts[0].body


def test_whoever_joined_a_flight_fails_with_it():
    a, b = unit("a", b"same"), unit("b", b"same")
    failed = []

    def skip(unit, error):
        failed.append((unit, error))

    with marbles() as m:
        fetch, asked = fetching(m, a="---#")
        flights = Flights()
        board = stage(
            lambda unit: flights.board(
                unit.artifacts[0].digests, lambda: fetch(Request(unit.artifacts[0].urls)), lambda body: [unit]
            ),
            concurrency=2,
            on_error=skip,
        )
        m.expect(m.hot("ab-|", a=a, b=b).pipe(board), "---|")
    assert failed == [(b, NOT_FOUND), (a, NOT_FOUND)]
    assert [name for _, name in asked] == ["a"]


def test_files_without_digest_are_never_taken_for_each_other():
    a, b = unit("a", digests={}), unit("b", digests={})
    with marbles() as m:
        fetch, asked = fetching(m, a="-x|", b="-x|")
        m.expect(m.hot("(a,b)--|", a=a, b=b).pipe(download_artifacts(fetch)), "-(a,b)-|", a=a, b=b)
    assert [name for _, name in asked] == ["a", "b"]


@pytest.mark.parametrize(
    ("policy", "own", "fetched"),
    [(False, None, True), (True, None, False), (False, True, False), (True, False, True), (True, True, False)],
)
def test_a_file_is_deferred_as_it_says_itself_else_as_the_policy_says(policy, own, fetched):
    a = unit("a", deferred=own)
    with marbles() as m:
        fetch, asked = fetching(m, a="x|")
        m.expect(m.hot("-a|", a=a).pipe(download_artifacts(fetch, deferred=policy)), "-a|", a=a)
    assert bool(asked) == fetched


def test_a_file_of_a_new_unit_that_is_stored_is_not_fetched_though_it_has_no_digest():
    a = unit("a", digests={}, stored=True)
    with marbles() as m:
        fetch = m.effect("x|")
        m.expect(m.hot("-a|", a=a).pipe(download_artifacts(fetch)), "-a|", a=a)
    assert fetch.calls == []


def test_a_file_that_was_brought_along_is_not_fetched():
    a = unit("a")
    a.artifacts[0].body = brought = body(b"a")
    with marbles() as m:
        m.expect(m.hot("-a|", a=a).pipe(download_artifacts(m.effect("x|"))), "-a|", a=a)
    assert a.artifacts[0].body is brought


def known_without_digest():
    a = stored(unit("a", digests={}))
    a.new, a.artifacts[0].validators = False, Validators('"e"')
    return a


def test_a_known_file_without_digest_is_asked_for_conditionally_and_stays_where_it_is_unchanged():
    a = known_without_digest()
    with marbles() as m:
        fetch = m.effect("-n|", n=None)
        m.expect(m.hot("-a-|", a=a).pipe(download_artifacts(fetch)), "--a|", a=a)
    assert fetch.calls[0][1][0].validators == Validators('"e"')
    assert a.artifacts[0].body is None


def test_a_known_file_with_other_bytes_now_is_a_conflict():
    a = known_without_digest()
    with marbles() as m:
        fetch = m.effect("-x|", x=body(b"other", url="http://there/a"))
        m.expect(m.hot("-a-|", a=a).pipe(download_artifacts(fetch)), "--#", error=ConflictError)


async def test_the_same_operator_runs_over_asyncio_and_cancels_what_is_in_flight():
    flying, landed = set(), []

    async def fetch(request):
        name = request.urls[0].rpartition("/")[2]
        flying.add(name)
        try:
            if name == "9":
                raise NOT_FOUND
            await asyncio.sleep(0 if int(name) < 5 else 3600)
        finally:
            flying.discard(name)
        return body(name.encode())

    units = [unit(f"{n}") for n in range(40)]
    with pytest.raises(HttpStatusError):
        await run(from_iterable(units).pipe(download_artifacts(fetch, max_concurrent=10)), landed.append)
    assert not flying
    assert {unit.name for unit in landed} <= {"0", "1", "2", "3", "4"}


async def test_over_asyncio_units_that_share_bytes_share_the_flight_and_its_failure():
    calls = []

    async def fetch(request):
        calls.append(request)
        await asyncio.sleep(0)
        return body(b"same")

    units = [unit(f"{n}", b"same") for n in range(100)]
    landed = []
    await run(from_iterable(units).pipe(download_artifacts(fetch, max_concurrent=7)), landed.append)
    assert len(calls) == 1
    assert sorted(landed, key=units.index) == units
    assert len({id(unit.artifacts[0].body) for unit in units}) == 1


async def test_a_flight_that_failed_is_not_joined_again_and_one_long_past_is_forgotten(monkeypatch):
    monkeypatch.setattr("rxsync.operators.flights.REMEMBERED", 2)
    flights, calls = Flights(), []

    async def fetch(name, error=None):
        calls.append(name)
        await asyncio.sleep(0)
        if error is not None:
            raise error
        return body(name.encode())

    def board(name, error=None):
        return flights.board({"sha256": name * 64}, lambda: fetch(name, error), lambda body: [body])

    assert await asyncio.gather(board("a", NOT_FOUND), board("a"), return_exceptions=True) == [NOT_FOUND, NOT_FOUND]
    assert [one.data for one in await board("a")] == [b"a"]
    await board("b")
    await board("c")
    await board("a")
    assert calls == ["a", "a", "b", "c", "a"]


def test_a_flight_that_others_have_joined_is_not_forgotten_however_many_land_meanwhile(monkeypatch):
    monkeypatch.setattr("rxsync.operators.flights.REMEMBERED", 2)
    big, twin = unit("big", b"big"), unit("twin", b"big")
    small = {name: unit(name) for name in "pqrs"}
    with marbles() as m:
        fetch, _ = fetching(m, big="------------x----|", **dict.fromkeys(small, "x|"))
        source = m.hot("btpqrs-----|", b=big, t=twin, **small)
        m.expect(source.pipe(download_artifacts(fetch)), "--pqrs------(t,b)|", t=twin, b=big, **small)
    assert twin.artifacts[0].body.data == b"big"


async def test_the_same_stage_can_be_run_again_after_a_cancelled_run():
    never, asked = asyncio.Event(), asyncio.Event()

    async def fetch(request):
        if not asked.is_set():
            asked.set()
            await never.wait()
        return body(b"a")

    download = download_artifacts(fetch)
    task = asyncio.create_task(run(from_iterable([unit("a")]).pipe(download)))
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    came = []
    await run(from_iterable([unit("a")]).pipe(download), came.append)
    assert len(came) == 1


@pytest.mark.parametrize("deferred", [False, True])
def test_a_file_whose_bytes_came_with_the_declaration_passes_untouched(deferred):
    here = body(b"a")
    a = unit("a", urls=(), body=here)
    with marbles() as m:
        fetch = m.effect("---|")
        m.expect(m.hot("-a|", a=a).pipe(download_artifacts(fetch, deferred=deferred)), "-a|", a=a)
    assert fetch.calls == []
    assert a.artifacts[0].body is here


def test_who_joined_a_flight_that_is_called_off_takes_off_instead():
    """The other file of the unit that flew it failed."""
    sig = DeclarativeArtifact("http://there/sig", "a.sig", digests={"sha256": sha256(b"sig")})
    a, b, c = unit("a", more=[sig]), unit("b", b"sig"), unit("c", b"sig")
    with marbles() as m:
        fetch, asked = fetching(m, a="---#", sig="-----x|", b="-(x,|)")
        source = m.hot("abc------|", a=a, b=b, c=c)
        skipped = []
        line = download_artifacts(fetch, on_error=lambda unit, error: skipped.append(unit))
        m.expect(source.pipe(line), "----(c,b)|", b=b, c=c)
    assert skipped == [a]
    assert asked == [(0, "a"), (0, "sig"), (3, "b")]


def test_nobody_takes_off_instead_when_all_is_cancelled():
    sig = DeclarativeArtifact("http://there/sig", "a.sig", digests={"sha256": sha256(b"sig")})
    a, b = unit("a", more=[sig]), unit("b", b"sig")
    with marbles() as m:
        fetch, asked = fetching(m, a="---#", sig="-----x|", b="-x|")
        m.expect(m.hot("ab-------|", a=a, b=b).pipe(download_artifacts(fetch)), "---#", error=HttpStatusError)
    assert asked == [(0, "a"), (0, "sig")]


@pytest.mark.parametrize("kind", ["coroutine function", "function of an awaitable"])
async def test_over_asyncio_who_joined_takes_off_instead_too(kind, nothing_left):
    sig = DeclarativeArtifact("http://there/sig", "a.sig", digests={"sha256": sha256(b"sig")})
    a, more = unit("a", more=[sig]), [unit(name, b"sig") for name in "bcd"]
    asked, skipped, landed, flying, joined = [], [], [], asyncio.Event(), asyncio.Event()

    async def fetch(request):
        name = request.urls[0].rpartition("/")[2]
        asked.append(name)
        if name == "sig":
            flying.set()
            await asyncio.Event().wait()
        if name == "a":
            await joined.wait()
            raise NOT_FOUND
        return body(b"sig")

    async def source():
        yield a
        await flying.wait()
        for one in more:
            yield one
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        joined.set()

    line = download_artifacts(
        fetch if kind == "coroutine function" else lambda request: fetch(request),
        on_error=lambda unit, error: skipped.append(unit),
    )
    await run(from_async(source).pipe(line), landed.append)
    assert skipped == [a]
    assert sorted(unit.name for unit in landed) == ["b", "c", "d"]
    assert asked == ["a", "sig", "b"]


def test_who_waits_for_a_flight_and_leaves_does_not_disturb_it():
    shared, told, left = Shared(), [], []
    second = shared.stream().subscribe(left.append)
    shared.stream().subscribe(lambda outcome: (told.append(outcome), third.dispose()))
    third = shared.stream().subscribe(left.append)  # leaves in the very turn in which the flight lands
    second.dispose()
    shared.tell("landed")
    shared.tell("again")
    assert (told, left) == (["landed"], [])
