"""A file that does not come is asked for once more when the others are here, before it is given up."""

import functools
import hashlib

import pytest

import rxsync
from rxsync.errors import GuardError, HttpStatusError
from rxsync.flow import run as run_flow
from rxsync.plugin import DeclarativeArtifact, DeclarativeContent
from rxsync.testing.faults import answer, fault_server

from .author import Given, Part, Whole

BUSY = answer(b"", 503, Retry_After="0")  # so that nobody waits between attempts
FIVE = [BUSY] * 5


@pytest.fixture
async def server():
    async with fault_server() as server:
        yield server


@pytest.fixture
def files(server, home):
    """Sync files of a server, by name and what is played for each of them."""

    async def sync(scripts, **more):
        lines = []
        for name, played in scripts.items():
            server.serve(f"/{name}", *played)
            lines.append(f"{name},{hashlib.sha256(data(name)).hexdigest()},{len(data(name))}\n")
        manifest = server.serve("/PULP_MANIFEST", answer("".join(lines).encode()))
        report = await rxsync.sync(manifest, home.repository("r"), **more)
        assert report.balances
        return report

    return sync


def data(name):
    return f"file {name}\n".encode()


def asked(server, name):
    return sum(seen.path == f"/{name}" for seen in server.seen)


def good(*names):
    return {name: [answer(data(name))] for name in names}


async def test_a_file_that_fails_five_times_comes_in_the_second_pass(files, server):
    report = await files({"a": [*FIVE, answer(data("a"))], **good("b", "c")})
    assert (report.new, report.skipped, report.exit_code, report.problems) == (3, 0, 0, [])
    assert asked(server, "a") == 6
    assert [seen.path for seen in server.seen][-1] == "/a"


async def test_the_attempts_of_both_passes_are_told_and_only_what_is_final_counts(files, server, home):
    scripts = {"a": [*FIVE, answer(data("a"))], "b": [BUSY], **good("c")}
    report = await files(scripts, on_error="skip", max_failures="1")
    assert (report.new, report.skipped, report.exit_code) == (2, 1, 3)
    (problem,) = report.problems
    assert (problem.relative_path, problem.kind, problem.attempts) == ("b", "HttpStatusError", 10)
    assert asked(server, "b") == 10


async def test_more_failures_than_may_be_are_found_in_the_second_pass(files, server):
    with pytest.raises(GuardError, match="--max-failures"):
        await files({"a": [BUSY], **good("b")}, on_error="skip", max_failures="0")
    assert asked(server, "a") == 10


async def test_the_sync_fails_for_it_only_then(files, server):
    with pytest.raises(HttpStatusError) as caught:
        await files({"a": [BUSY], **good("b")}, retries=1)
    assert caught.value.attempts == 4
    assert asked(server, "a") == 4


async def test_no_retries_means_no_second_pass(files, server):
    report = await files({"a": [BUSY], **good("b")}, retries=0, on_error="skip")
    assert (report.skipped, report.problems[0].attempts) == (1, 1)
    assert asked(server, "a") == 1


async def test_what_is_not_there_has_no_second_pass(files, server):
    report = await files({"a": [answer(b"", 404)], **good("b")}, on_error="skip")
    assert (report.skipped, report.problems[0].attempts) == (1, 1)
    assert asked(server, "a") == 1


@pytest.mark.parametrize("recovers", [True, False])
async def test_wrong_bytes_are_kept_once_and_not_at_all_where_the_right_ones_come(files, home, recovers):
    wrong = [answer(b"FILE a\n")] * 2
    last = [answer(data("a") if recovers else b"File A\n")]
    report = await files({"a": [*wrong, *last], **good("b")}, on_error="quarantine", retries=1)
    kept = home.path / "quarantine" / report.run
    if recovers:
        assert (report.new, report.skipped) == (2, 0)
        assert not kept.exists()
    else:
        assert (report.new, report.skipped, report.problems[0].attempts) == (1, 1, 4)
        assert {file.name: file.read_bytes() for file in kept.glob("*/0")} == {"0": b"File A\n"}
        assert len([*kept.iterdir()]) == 1


@pytest.fixture
def declared(server, source, home):
    """Sync what is declared, by an async generator of a run; ``unit`` makes one with a file of the server."""

    async def sync(declare, **more):
        report = await rxsync.sync(str(source), home.repository("r"), plugin=Given(declare), **more)
        assert report.balances
        return report

    return sync


def unit(server, name, *scripts, content=None, needs=()):
    url = server.serve(f"/{name}", *scripts)
    return DeclarativeContent(content or Part(name=name), [DeclarativeArtifact(url, name)], needs=needs)


async def test_a_unit_that_declare_awaits_comes_at_once(declared, server):
    async def declare(run):
        index = unit(server, "index", *FIVE, answer(b"x\ny\n"))
        yield index
        await index.resolution()
        async for name in run.lines_of(index.artifacts[0]):
            yield unit(server, name, answer(name.encode()))

    report = await declared(declare)
    assert (report.new, report.problems) == (3, [])
    assert asked(server, "index") == 6


async def test_a_unit_that_another_needs_comes_at_once(declared, server):
    whole = []

    async def declare(run):
        part = unit(server, "p", *FIVE, answer(b"p"))
        yield part
        needy = unit(server, "w", answer(b"w"), content=Whole(part=part.content, name="w"), needs=[part])
        whole.append(needy)
        yield needy
        await needy.resolution()  # the source goes on only then
        yield unit(server, "last", answer(b"last"))

    report = await declared(declare)
    assert (report.new, report.problems) == (3, [])
    assert [seen.path for seen in server.seen][-1] == "/last"
    assert asked(server, "p") == 6


async def test_a_unit_that_is_needed_and_does_not_come_takes_the_other_with_it(declared, server):
    async def declare(run):
        part = unit(server, "p", BUSY)
        yield part
        yield unit(server, "w", answer(b"w"), content=Whole(part=part.content, name="w"), needs=[part])
        yield unit(server, "last", answer(b"last"))

    report = await declared(declare, on_error="skip", retries=1)
    assert (report.new, report.skipped) == (1, 2)
    assert asked(server, "p") == 4


async def test_a_window_that_is_full_of_units_that_were_set_aside_does_not_stop_the_run(declared, server, monkeypatch):
    monkeypatch.setattr("rxsync.pipeline.declarative_version.run_flow", functools.partial(run_flow, window=3))

    async def declare(run):
        for number in range(12):
            yield unit(server, f"{number}", BUSY, BUSY, answer(b"%d" % number))

    report = await declared(declare, retries=1)
    assert (report.new, report.problems) == (12, [])


async def test_files_that_units_share_are_asked_for_once_in_each_pass(declared, server):
    digests = {"sha256": hashlib.sha256(b"same").hexdigest()}
    url = server.serve("/same", *FIVE, answer(b"same"))

    async def declare(run):
        for name in "abc":
            yield DeclarativeContent(Part(name=name), [DeclarativeArtifact(url, name, digests=digests)])

    report = await declared(declare)
    assert (report.new, report.problems) == (3, [])
    assert asked(server, "same") == 6
