"""A look before the leap: what a plan says is what a sync then does, and nothing is written before."""

import json
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rxsync
from rxsync.errors import GuardError, MetadataError, UsageError
from rxsync.pipeline.plan import read_plan
from rxsync.plugin import DeclarativeArtifact, DeclarativeContent, for_new_content, prefetched
from rxsync.plugins.file import FileContent
from rxsync.plugins.file.folder import write_manifest
from tests.e2e.conftest import counting_server
from tests.operators.conftest import sha256
from tests.postgresql import postgresql, postgresql_server  # noqa: F401 - fixtures

from .author import Given, Learner, Part, Whole, part
from .author import given as declares


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request, tmp_path):
    return rxsync.open(tmp_path / "home", request.getfixturevalue("postgresql") if "post" in request.param else None)


@pytest.fixture
def plan(source, home):
    async def run(plugin, **more):
        made = await rxsync.plan(str(source), home.repository("r"), plugin=plugin, **more)
        assert made.report.balances
        return made

    return run


@pytest.fixture
def both(plan, sync, home):
    """Plan, sync, and hold what was done against what was said; answers both."""

    async def run(plugin, **more):
        versions = await numbers(home)
        planned = await plan(plugin, **more)
        assert await numbers(home) == versions
        report = await sync(plugin, promise=planned.promise, full=True, **more)
        agree(planned, report)
        if report.created:
            added, removed = await home.repository("r").diff(report.base_version, report.version)
            assert named(planned.add) == named(added)
            assert named(planned.remove) == named(removed)
        return planned, report

    return run


SAME = ("declared", "new", "known", "repeated", "skipped", "dropped", "deferred", "kept", "added", "removed")


def agree(planned, report):
    for name in SAME:
        assert getattr(planned.report, name) == getattr(report, name), name
    assert planned.report.exit_code == report.exit_code
    if planned.unsized:
        assert planned.bytes_to_download < report.bytes_downloaded
    else:
        assert planned.bytes_to_download == report.bytes_downloaded


def named(units):
    return sorted((unit.type, unit.identity, unit.name) for unit in units)


async def numbers(home):
    try:
        return [version.number for version in await home.repository("r").versions()]
    except UsageError:
        return []


def snapshot(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.suffix not in (".db-shm", ".db-wal")}


async def test_a_first_plan_makes_no_home(plan, source, tmp_path):
    made = await plan("file")
    assert [unit.name for unit in made.add] == ["a", "b", "c"]
    assert (made.report.new, made.bytes_to_download, made.files_to_download) == (3, 3 * 7, 3)
    assert (made.report.version, made.report.created) == (0, False)
    assert not (tmp_path / "home").exists()
    assert made.fits


async def test_what_is_planned_is_what_is_done(both, source):
    await both("file")
    (source / "b").write_text("another b\n")
    (source / "c").unlink()
    (source / "d").write_text("file a\n")  # bytes that are here already
    planned, report = await both("file")
    assert [unit.name for unit in planned.add] == ["b", "d"]
    assert [unit.name for unit in planned.remove] == ["b", "c"]
    assert planned.bytes_to_download == 10
    planned, report = await both("file")
    assert (planned.add, planned.remove, report.created) == ([], [], False)


async def test_a_plan_writes_nothing(sync, plan, source, home):
    await sync("file")
    before = snapshot(home.path)
    (source / "d").write_text("new")
    made = await plan("file")
    assert len(made.add) == 1
    assert snapshot(home.path) == before


async def test_additive_mode_and_bytes_left_for_later(both, source):
    await both("file", policy="on_demand")
    (source / "a").unlink()
    (source / "b").write_text("another\n")
    planned, _ = await both("file", mode="additive", policy="on_demand")
    assert [unit.name for unit in planned.remove] == ["b"]
    assert planned.report.deferred == 2
    planned, _ = await both("file")
    assert planned.bytes_to_download > 0


async def test_the_guard_that_would_trip_is_told(sync, plan, source):
    for number in range(20):
        (source / f"{number}").write_text(f"{number}")
    await sync("file")
    for number in range(20):
        (source / f"{number}").unlink()
    made = await plan("file")
    assert (made.report.exit_code, made.report.version, made.report.error.kind) == (8, None, "GuardError")
    assert "20 of 23 units (87%) would be removed" in str(made)
    assert len(made.remove) == 20
    with pytest.raises(GuardError, match="20 of 23"):
        await sync("file", promise=made.promise)
    assert (await plan("file", max_delete="100%")).report.error is None


async def test_units_that_cannot_stand_together_are_told(plan, both):
    def at(path, name):
        return lambda run: DeclarativeContent(Part(name=name), [DeclarativeArtifact(f"{run.remote.url}a", path)])

    clash = declares(at("d/e", "one"), at("d", "two"), amend=lambda recipe, _: recipe.without("refuse_clashes"))
    made = await plan(clash)
    assert (made.report.exit_code, made.report.error.kind) == (4, "ConflictError")
    twice = declares(part("x"), lambda run: DeclarativeContent(Part(name="x", note="other")))
    planned, _ = await both(twice)
    assert planned.report.repeated == 1

    def file(digit):
        return lambda run: DeclarativeContent(FileContent(relative_path="same", sha256=digit * 64))

    class Files(Given):
        content_types = (FileContent,)

    async def declare(run):
        for digit in "12":
            yield file(digit)(run)

    made = await plan(Files(declare))
    assert "have the same repository key" in made.report.error.message


async def test_a_source_that_contradicts_itself_fails_as_a_sync_would(plan, source):
    (source / "PULP_MANIFEST").write_text("rubbish\n")
    with pytest.raises(MetadataError, match="line 1") as caught:
        await plan("file")
    assert caught.value.report.exit_code == 4


async def test_discovery_that_reads_bytes_fetches_those_and_no_others(both, source, home):
    """Two levels: an index that names the rest, each with one more."""

    async def declare(run):
        index = DeclarativeContent(Part(name="index"), [DeclarativeArtifact(f"{run.remote.url}index", "index")])
        yield index
        await index.resolution()
        async for name in run.lines_of(index.artifacts[0]):
            yield part(name, file=name)(run)

    (source / "index").write_text("a\nb\n")
    plugin = Given(declare)
    planned, _ = await both(plugin)
    assert [unit.name for unit in planned.add] == ["a", "b", "index"]
    assert planned.unsized == 3


async def test_only_what_is_read_is_fetched(source, home):
    async def declare(run):
        index = DeclarativeContent(Part(name="index"), [DeclarativeArtifact(f"{run.remote.url}index", "index")])
        yield index
        await index.resolution()
        async for name in run.lines_of(index.artifacts[0]):
            yield part(name, file=name)(run)

    (source / "index").write_text("a\nb\nc\n")
    with counting_server(source) as server:
        made = await rxsync.plan(server.url, home.repository("r"), plugin=Given(declare))
        assert (len(made.add), server.asked) == (4, 1)


async def test_units_that_need_units_and_keys_that_are_learnt(both, source):
    async def declare(run):
        learner = DeclarativeContent(Learner(name="a"), [DeclarativeArtifact(f"{run.remote.url}a", "l/a")])
        yield learner
        p = part("p")(run)
        yield p
        yield DeclarativeContent(Whole(part=p.content, name="w"), needs=[p])
        yield DeclarativeContent(Whole(part=p.content, name="w"), needs=[p])

    planned, _ = await both(Given(declare))
    assert (planned.report.new, planned.report.repeated) == (3, 1)
    planned, _ = await both(Given(declare))
    assert planned.add == []
    (source / "a").write_text("another")
    planned, _ = await both(Given(declare))
    assert (len(planned.add), len(planned.remove)) == (1, 1)


async def test_the_authors_steps_before_the_download_take_part(both):
    async def more(unit):
        unit.add_artifact(DeclarativeArtifact(unit.artifacts[0].urls[0].replace("/a", "/b"), "more"))

    def amend(recipe, run):
        return recipe.before("download_artifacts", more=for_new_content(more))

    planned, _ = await both(declares(part("a", file="a"), amend=amend))
    assert (planned.files_to_download, planned.unsized) == (2, 2)


async def test_files_that_are_here_already_need_not_be_fetched(both, tmp_path):
    (tmp_path / "here").write_text("here")
    body = await prefetched(tmp_path / "here")

    def here(run):
        return DeclarativeContent(Part(name="here"), [DeclarativeArtifact((), "here", body=body)])

    planned, _ = await both(declares(here))
    assert (planned.bytes_to_download, planned.report.new) == (0, 1)


async def test_skips_keep_what_is_there_in_a_plan_too(both):
    def file(name, digit, skip=False):
        def declare(run):
            unit = DeclarativeContent(FileContent(relative_path=name, sha256=digit * 64))
            if skip:
                unit.skip("no")
            return unit

        return declare

    class Files(Given):
        content_types = (FileContent,)

    def files(*units):
        async def declare(run):
            for unit in units:
                yield unit(run)

        return Files(declare)

    await both(files(file("a", "1"), file("b", "1")))
    planned, _ = await both(files(file("a", "2", skip=True), file("c", "1")), max_delete="100%")
    assert (planned.report.kept, planned.report.exit_code) == (1, 3)


async def test_sub_repositories_are_planned_and_held_to_it(plan, sync, home):
    names = ["x"]

    async def declare(run):
        async def one(run):
            for name in names:
                yield part(name)(run)

        await run.subrepository("one", one)
        yield part("whole")(run)

    planned = await plan(Given(declare))
    (inner,) = planned.parts
    assert (inner.report.repository, len(inner.add)) == ("r+one", 1)
    names.append("y")
    with pytest.raises(GuardError, match="other units would come or go"):
        await sync(Given(declare), promise=planned.promise)
    planned = await plan(Given(declare))
    report = await sync(Given(declare), promise=planned.promise)
    assert [one.added for one in report.repositories] == [2]


async def test_a_plan_is_refused_where_the_repository_has_moved(plan, sync, source):
    await sync("file")
    (source / "d").write_text("d")
    planned = await plan("file")
    await sync("file")
    with pytest.raises(GuardError, match="starts from version 1, the repository is at 2") as caught:
        await sync("file", promise=planned.promise)
    assert (caught.value.report.exit_code, caught.value.report.bytes_downloaded) == (8, 0)


async def test_a_plan_is_refused_where_the_source_declares_something_else(plan, sync, source, home):
    planned = await plan("file")
    (source / "d").write_text("d")
    with pytest.raises(GuardError, match="other units would come or go"):
        await sync("file", promise=planned.promise)
    assert await numbers(home) == [0]


async def test_a_plan_is_refused_where_the_same_units_would_make_another_version(plan, sync, source, home):
    await sync("file")
    (source / "a").unlink()
    (source / "d").write_text("d")
    planned = await plan("file", mode="additive")
    assert (planned.report.added, planned.report.removed) == (1, 0)
    with pytest.raises(GuardError, match="other units would come or go"):
        await sync("file", promise=planned.promise, mode="mirror")
    assert (await sync("file", promise=planned.promise, mode="additive")).added == 1


async def test_a_source_that_is_seen_to_have_changed_is_refused_before_anything_is_fetched(plan, sync, source):
    write_manifest(source)
    planned = await plan("file")
    (source / "d").write_text("d")
    write_manifest(source)
    with pytest.raises(GuardError, match="the source has changed since it was planned") as caught:
        await sync("file", promise=planned.promise)
    assert (caught.value.report.declared, caught.value.report.bytes_downloaded) == (0, 0)


async def test_a_plan_goes_into_a_file_and_comes_back(plan, sync, tmp_path):
    made = await plan("file", mode="additive", max_delete="5")
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(made.as_dict()))
    promise, arguments = read_plan(path)
    assert promise == made.promise
    assert (arguments["plugin"], arguments["mode"], arguments["max_delete"]) == ("file", "additive", "5")
    assert (await sync("file", promise=promise, mode="additive")).added == 3


async def test_options_of_many_values_come_back_from_a_file(plan, sync, tmp_path):
    @dataclass
    class Options:
        names: tuple[str, ...] = ()
        least: int | None = None

    Options.__annotations__ = {"names": tuple[str, ...], "least": int | None}

    async def declare(run):
        for name in run.options.names:
            yield part(name)(run)

    plugin = Given(declare)
    plugin.options = Options
    made = await plan(plugin, options={"names": ("a, b", "c"), "least": None})
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(made.as_dict()))
    promise, arguments = read_plan(path)
    report = await sync(plugin, promise=promise, options=arguments["options"])
    assert report.added == 2


async def test_a_plan_says_nothing_of_the_way_to_its_source(plan, tmp_path):
    made = await plan(
        "file", username="ada", password="s3cr3t", headers={"X-Key": "s3cr3t"}, proxy="http://ada:s3cr3t@proxy.example",
        verify_tls=False, connect_timeout=5, idle_timeout=5, min_rate=0, max_concurrent=7,
    )  # fmt: skip
    assert made.arguments.keys() == {"source", "repository", "plugin", "max_concurrent"}
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(made.as_dict()))
    assert "s3cr3t" not in path.read_text() + repr(made)
    assert read_plan(path)[1]["max_concurrent"] == 7


PROMISE = {"base_version": 0, "digest": "", "fingerprint": None, "parts": {}}
ASKED = {"source": "s", "repository": "r"}


@pytest.mark.parametrize(
    "said",
    ["", "{}", "[]", '{"promise": {}}', "\xff"]
    + [
        json.dumps(said)
        for said in (
            {"promise": PROMISE | {"parts": []}, "arguments": ASKED},
            {"promise": PROMISE, "arguments": []},
            {"promise": PROMISE, "arguments": {"source": "s"}},
            {"promise": PROMISE, "arguments": ASKED | {"options": 3}},
        )
    ],
)
def test_what_is_no_plan_is_refused(tmp_path, said):
    path = tmp_path / "plan.json"
    path.write_bytes(said.encode("latin-1"))
    with pytest.raises(UsageError, match=r"plan.json is no plan"):
        read_plan(path)
    with pytest.raises(UsageError, match="No such file"):
        read_plan(tmp_path / "none")


async def test_a_step_that_would_write_is_told_so(plan):
    async def declare(run):
        await run.catalog.write(lambda tx: None)
        yield part("a")(run)

    with pytest.raises(UsageError, match="a plan writes nothing"):
        await plan(Given(declare))


FILES = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["1", "2", "3"]), max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=12)
@given(history=st.lists(st.tuples(FILES, st.sampled_from(["mirror", "additive"]), FILES), min_size=1, max_size=4))
async def test_any_history_is_foreseen(tmp_path_factory, history):
    folder = tmp_path_factory.mktemp("history")
    home = rxsync.open(folder / "home")

    class Files(Given):
        content_types = (FileContent,)

    for content, mode, skipped in history:

        async def declare(run, content=content, skipped=skipped):
            for name, word in content.items():
                path = folder / "source" / word
                path.parent.mkdir(exist_ok=True)
                path.write_text(word)
                artifact = DeclarativeArtifact(
                    f"{run.remote.url}{word}", name, digests={"sha256": sha256(word.encode())}
                )
                unit = DeclarativeContent(FileContent(relative_path=name, sha256=sha256(word.encode())), [artifact])
                if skipped.get(name) == word:
                    unit.skip("no")
                yield unit

        (folder / "source").mkdir(exist_ok=True)
        how = {"plugin": Files(declare), "mode": mode, "max_delete": "100%"}
        planned = await rxsync.plan(f"{folder}/source", home.repository("r"), **how)
        report = await rxsync.sync(f"{folder}/source", home.repository("r"), promise=planned.promise, full=True, **how)
        assert report.balances
        for name in SAME:
            assert getattr(planned.report, name) == getattr(report, name), name
        if report.created:
            added, removed = await home.repository("r").diff(report.base_version, report.version)
            assert named(planned.add) == named(added)
            assert named(planned.remove) == named(removed)
        else:
            assert planned.add == planned.remove == []


async def parted(run, *names, on_error="fail", also=()):
    async def one(run):
        yield part("x")(run)
        for name in also:
            yield part(name)(run)

    for name in names:
        await run.subrepository(name, one, on_error=on_error)
    yield part("whole")(run)


async def test_a_part_that_was_planned_and_is_none_now_is_a_broken_promise(plan, sync, home):
    planned = await plan(Given(lambda run: parted(run, "one", "two")))
    with pytest.raises(GuardError, match=r"r\+two was planned, and the source has no such part now"):
        await sync(Given(lambda run: parted(run, "one")), promise=planned.promise)
    assert await numbers(home) == [0]


async def test_a_part_that_may_be_skipped_is_held_to_its_promise_all_the_same(plan, sync, home):
    planned = await plan(Given(lambda run: parted(run, "one", on_error="skip")))
    with pytest.raises(GuardError, match="other units would come or go"):
        await sync(Given(lambda run: parted(run, "one", on_error="skip", also=["y"])), promise=planned.promise)
    assert await numbers(home) == [0]
