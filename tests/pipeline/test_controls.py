"""How much, how often and how fast a sync downloads can be set while it runs; its parts share what the whole has."""

import asyncio

import pytest
from reactivex import Observer

import rxsync
from rxsync.errors import RxSyncError, UsageError
from rxsync.pipeline.progress import Advanced
from rxsync.plugin import DeclarativeArtifact, DeclarativeContent
from rxsync.testing.faults import Script, answer, fault_server

from .author import Given, Part

BODY = b"body" * 1000


@pytest.fixture
async def server():
    async with fault_server() as running:
        yield running


def units(server, names, script):
    """Units whose files are on the server."""
    for name in names:
        url = server.serve(f"/{name}", script)
        yield DeclarativeContent(Part(name=name), [DeclarativeArtifact(url, name)])


@pytest.fixture
def begin(home, server):
    """Begin a sync of units, that of a part first where there is one; gives its task."""

    def begin(names, script, part=(), **more):
        async def addon(run):
            for unit in units(server, part, script):
                yield unit

        async def declare(run):
            addons = asyncio.ensure_future(run.subrepository("addon", addon)) if part else None
            for unit in units(server, names, script):
                yield unit
            if addons is not None:
                await addons

        return asyncio.ensure_future(
            rxsync.sync(server.origin, home.repository("r"), plugin=Given(declare), retries=0, **more)
        )

    return begin


def held(hold):
    wire = answer(BODY).wire
    return Script(wire[:-50], hold=hold, rest=wire[-50:])


async def test_turned_up_the_line_downloads_more_at_once_also_where_bytes_are_on_one_host(begin, server):
    hold, controls = asyncio.Event(), rxsync.Controls(2)
    task = begin([f"{number}" for number in range(40)], held(hold), controls=controls)
    await server.until_open(2)
    controls.max_concurrent = 6
    await server.until_open(6)
    controls.max_concurrent = 30
    await server.until_open(10)  # a host
    hold.set()
    report = await task
    assert (report.new, server.most_open) == (40, 10)
    controls.max_concurrent = 3  # nobody listens any more
    assert controls._listeners == []


async def test_a_part_and_the_whole_share_one_limit(begin, server):
    hold, controls = asyncio.Event(), rxsync.Controls(3)
    task = begin([f"{number}" for number in range(20)], held(hold), ["a", "b", "c", "d"], controls=controls)
    await server.until_open(3)
    await asyncio.wait([task], timeout=0.3)
    assert server.open == 3
    hold.set()
    report = await task
    assert (report.new, report.repositories[0].new, server.most_open) == (20, 4, 3)


@pytest.mark.parametrize("name", ["rate", "bwlimit"])
async def test_lifted_a_sync_that_would_never_end_does(begin, server, name):
    controls = rxsync.Controls(**{name: 1e-6})
    task = begin(["a", "b", "c"], answer(BODY), controls=controls)
    done, _ = await asyncio.wait([task], timeout=0.3)
    assert done == set()
    setattr(controls, name, None)
    assert (await task).new == 3


async def test_it_can_be_set_from_another_thread(begin, server):
    controls, loop = rxsync.Controls(rate=1e-6), asyncio.get_running_loop()
    task = begin(["a", "b"], answer(BODY), controls=controls)
    await asyncio.to_thread(loop.call_soon_threadsafe, setattr, controls, "rate", None)
    assert (await task).new == 2


async def test_a_plugin_finds_the_controls(home, server):
    async def declare(run):
        assert run.controls.rate == 1e-6
        run.controls.rate = None
        for unit in units(server, "abc", answer(BODY)):
            yield unit

    report = await rxsync.sync(server.origin, home.repository("r"), plugin=Given(declare), rate=1e-6)
    assert report.new == 3


async def test_no_more_units_are_at_work_on_a_host_than_it_takes(begin, server):
    hold, stages = asyncio.Event(), []
    events = Observer(lambda event: stages.append(event.stages) if isinstance(event, Advanced) else None)
    silent = Script(b"", hold=hold, rest=answer(BODY).wire)
    task = begin([f"{number}" for number in range(30)], silent, max_concurrent="auto", events=events)
    await server.until_open(4)
    while not stages:  # noqa: ASYNC110 - a timer of the run
        await asyncio.sleep(0.01)
    assert [gauge.working for gauge in stages[0] if gauge.name == "download_artifacts"] == [4]
    hold.set()
    await task


async def test_what_is_found_out_of_hosts_is_in_the_progress(begin, server):
    host, seen = server.origin.partition("//")[2], []
    events = Observer(lambda event: seen.append(event.at_once) if isinstance(event, Advanced) else None)
    await begin([f"{number}" for number in range(40)], answer(BODY), max_concurrent="auto", events=events)
    assert seen[-1].keys() == {host}
    assert seen[-1][host] > 4
    await begin(["other"], answer(BODY), max_concurrent=7, mode="additive", events=events)
    assert seen[-1] == {}


async def test_what_limits_a_sync_is_said_once(home, source):
    for more in ({"rate": 5}, {"max_concurrent": 3, "bwlimit": None}):
        with pytest.raises(UsageError, match=f"{' and '.join(more)}: expected in controls, or as an option"):
            await rxsync.sync(str(source), home.repository("r"), controls=rxsync.Controls(), **more)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_concurrent", 0), ("max_concurrent", True), ("max_concurrent", 2.5), ("max_concurrent", "many"),
        ("rate", 0), ("rate", -1), ("rate", float("nan")), ("rate", "20/s"), ("bwlimit", 0), ("bwlimit", float("inf")),
        ("bwlimit", True),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_changes_nothing(home, source, name, value):
    controls = rxsync.Controls(7, 8, 9)
    heard = []
    controls.on_change(lambda: heard.append(controls))
    with pytest.raises(UsageError, match=f"{name} .*: expected"):
        setattr(controls, name, value)
    assert (repr(controls), heard) == ("Controls(max_concurrent=7, rate=8, bwlimit=9)", [])
    with pytest.raises(RxSyncError, match=f"{name} .*: expected"):
        asyncio.run(rxsync.sync(str(source), home.repository("r"), **{name: value}))
    assert not home.path.exists()
