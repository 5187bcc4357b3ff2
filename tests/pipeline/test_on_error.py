"""What becomes of units whose bytes cannot be had."""

import json

import pytest

import rxsync
from rxsync.errors import DigestMismatchError, GuardError, HttpStatusError, SizeMismatchError, StorageError, UsageError
from rxsync.pipeline.policy import ErrorPolicy
from rxsync.plugin import DeclarativeArtifact, DeclarativeContent
from rxsync.plugins.file.folder import write_manifest
from rxsync.testing.faults import answer, fault_server

from .author import Given, Part, Whole, part


@pytest.fixture
async def server():
    async with fault_server() as server:
        yield server


@pytest.fixture
def broken(source):
    """A source of six files, of which one is not there, one has other bytes, and one is too long."""
    for name in "def":
        (source / name).write_text(f"file {name}\n")
    write_manifest(source)
    (source / "a").unlink()
    (source / "b").write_text("FILE B\n")
    (source / "c").write_text("file c, and more\n")
    return source


@pytest.fixture
def mirror(broken, home):
    async def run(**more):
        report = await rxsync.sync(str(broken), home.repository("r"), retries=0, **more)
        assert report.balances
        return report

    return run


async def test_unless_it_is_said_a_failure_is_the_syncs(mirror, home):
    with pytest.raises(rxsync.RxSyncError) as caught:
        await mirror()
    assert caught.value.exit_code in (4, 6)
    assert [version.number for version in await home.repository("r").versions()] == [0]


async def test_what_cannot_be_had_is_left_out_with_all_that_is_known_of_why(mirror, broken, home):
    report = await mirror(on_error="skip")
    assert (report.declared, report.new, report.skipped, report.exit_code, report.created) == (6, 3, 3, 3, True)
    told = {one.relative_path: one for one in report.problems}
    assert sorted(told) == ["a", "b", "c"]
    for name, kind in {"a": "DownloadError", "b": "DigestMismatchError", "c": "SizeMismatchError"}.items():
        one = told[name]
        assert (one.kind, one.stage, one.attempts) == (kind, "download_artifacts", 1)
        assert one.url == f"{broken.as_uri()}/{name}"
        assert one.reason
    (version,) = [one for one in await home.repository("r").versions() if one.number == 1]
    assert version.skipped == 3
    assert list((home.path / "tmp").iterdir()) == []
    assert not (home.path / "quarantine").exists()


async def test_the_next_sync_tries_them_again_and_adds_just_those(mirror, broken):
    await mirror(on_error="skip")
    for name in "abc":
        (broken / name).write_text(f"file {name}\n")
    report = await mirror(on_error="skip")
    assert (report.added, report.new, report.known, report.exit_code) == (3, 3, 3, 0)
    assert (await mirror(on_error="skip")).unchanged


async def test_a_failure_does_no_harm_to_what_is_there(mirror, broken, home):
    for name in "abc":
        (broken / name).write_text(f"file {name}\n")
    await mirror()
    (broken / "d").write_text("another\n")
    write_manifest(broken)
    (broken / "d").unlink()
    report = await mirror(on_error="skip")
    assert (report.skipped, report.kept, report.removed, report.created) == (1, 1, 0, False)


async def test_wrong_bytes_are_kept_for_a_look_out_of_the_store(mirror, home, broken):
    report = await mirror(on_error="quarantine")
    assert report.skipped == 3
    kept = {}
    for folder in (home.path / "quarantine" / report.run).iterdir():
        facts = json.loads((folder / "facts.json").read_text())
        kept[facts["unit"]] = (folder / "0").read_text()
        (file,) = facts["files"]
        assert file["declared"] != file["received"]
        assert file["urls"] == [f"{broken.as_uri()}/{facts['unit']}"]
    assert kept == {"b": "FILE B\n"}  # the other one is announced with a wrong length, and not even read
    assert len(list((home.path / "artifacts").glob("*/*"))) == 3


async def test_each_kind_of_failure_has_a_policy_of_its_own(server, home, source):
    urls = {"gone": server.serve("/gone", answer(b"", 404)), "down": server.serve("/down", answer(b"", 500))}

    def unit(name):
        return lambda run: DeclarativeContent(Part(name=name), [DeclarativeArtifact(urls[name], name)])

    async def sync(on_error, *names):
        plugin = Given(lambda run: _each(run, [unit(name) for name in names]))
        return await rxsync.sync(str(source), home.repository("r"), plugin=plugin, retries=0, on_error=on_error)

    assert (await sync({"404": "skip"}, "gone")).skipped == 1
    with pytest.raises(HttpStatusError, match="HTTP 500"):
        await sync({"404": "skip"}, "down")
    assert (await sync({"404": "fail", "*": "skip"}, "down")).skipped == 1
    with pytest.raises(HttpStatusError, match="HTTP 404"):
        await sync({"404": "fail", "*": "skip"}, "gone")
    assert (await sync({"HttpStatusError": "skip"}, "gone", "down")).skipped == 2


async def _each(run, units):
    for unit in units:
        yield unit(run)


@pytest.mark.parametrize(
    ("limit", "passes"), [("3", True), (3, True), ("2", False), ("50%", True), ("49%", False), (0, False)]
)
async def test_more_failures_than_may_be_make_no_version(mirror, home, limit, passes):
    if passes:
        assert (await mirror(on_error="skip", max_failures=limit)).skipped == 3
        return
    with pytest.raises(GuardError, match=r"of \d units were skipped, more than --max-failures") as caught:
        await mirror(on_error="skip", max_failures=limit)
    assert caught.value.report.exit_code == 8
    assert [version.number for version in await home.repository("r").versions()] == [0]


async def test_what_needs_a_unit_that_cannot_be_had_goes_with_it(sync, source):
    def needy(run):
        gone = part("gone", file="gone")(run)
        return [gone, DeclarativeContent(Whole(part=gone.content, name="w"), needs=[gone]), part("a", file="a")(run)]

    async def declare(run):
        for unit in needy(run):
            yield unit

    report = await sync(Given(declare), on_error="skip", retries=0)
    assert (report.new, report.skipped, report.added) == (1, 2, 1)


async def test_a_full_disk_is_never_a_units_own_fault(mirror, home):
    home.storage.put = _full
    with pytest.raises(StorageError):
        await mirror(on_error="skip")


async def _full(bodies):
    raise StorageError("no space left")


async def test_bytes_that_units_share_fail_for_each_of_them(sync, source):
    def same(name):
        artifact = lambda run: DeclarativeArtifact(f"{run.remote.url}none", name, digests={"sha256": "0" * 64})  # noqa: E731
        return lambda run: DeclarativeContent(Part(name=name), [artifact(run)])

    report = await sync(
        Given(lambda run: _each(run, [same("x"), same("y"), part("a", file="a")])), on_error="skip", retries=0
    )
    assert (report.skipped, report.new) == (2, 1)
    assert sorted(problem.relative_path for problem in report.problems) == ["x", "y"]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"on_error": "shrug"}, "on_error 'shrug': expected fail, skip or quarantine"),
        ({"on_error": {"HttpStatusErro": "skip"}}, "no kind of failure: expected HttpStatusError"),
        ({"on_error": {"4044": "skip"}}, "no kind of failure"),
        ({"max_failures": "many"}, "--max-failures 'many': expected a number"),
        ({"max_failures": "101%"}, "expected at most 100%"),
    ],
)
async def test_what_cannot_be_is_refused(mirror, wrong, says):
    with pytest.raises(UsageError, match=says):
        await mirror(**wrong)


def test_the_nearest_kind_decides():
    policy = ErrorPolicy.parse({"IntegrityError": "quarantine", "SizeMismatchError": "skip", "*": "fail"})
    assert policy.action(SizeMismatchError("u", 1, 2)) == "skip"
    assert policy.action(DigestMismatchError("u", "sha256", "0", "1")) == "quarantine"
    assert policy.action(HttpStatusError("u", 404, "Not Found")) == "fail"
