"""Versions as a program works with them, and beside syncs."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

import rxsync
from rxsync.errors import HomeError, LockedError, NotFoundError, UsageError
from rxsync.pipeline.lock import locked
from rxsync.pipeline.retention import retain
from rxsync.ports.which import check_label, parse_which


@pytest.fixture
def repository(home):
    return home.repository("r")


@pytest.fixture
def synced(source, repository):
    """Let the source have just these files, sync it, and answer the report."""

    async def run(*names):
        for old in source.iterdir():
            old.unlink()
        for name in names:
            (source / name).write_text(f"file {name}\n")
        report = await rxsync.sync(str(source), repository, max_delete="100%")
        assert report.balances
        return report

    return run


async def held(repository, which=None):
    return [unit.name for unit in await repository.units(which)]


async def test_tonights_sync_does_not_undo_a_rollback(repository, synced):
    await synced("a", "b")
    await synced("a")
    done = await repository.roll_back()
    assert (done.version.number, done.target.number, done.made) == (3, 1, True)
    report = await synced("a", "c")
    assert (report.version, report.added, report.removed) == (4, 1, 1)
    assert await held(repository) == ["a", "b"]
    assert await held(repository, 4) == ["a", "c"]
    assert (await repository.version()).number == 3
    assert (await repository.unpin()).number == 4
    assert await held(repository) == ["a", "c"]


async def test_none_stands_for_the_current_version_everywhere(repository, synced):
    await synced("a")
    await synced("a", "b")
    await repository.pin(1)
    came, went = await repository.diff(None, 2)
    assert ([unit.name for unit in came], went) == (["b"], [])
    assert (await repository.label(None, "old")).number == 1
    assert (await repository.diff("old", "2"))[0] == came
    assert (await repository.unlabel("old")).labels == ()
    assert (await repository.summary()).current == await repository.version()


async def test_a_time_stands_for_the_newest_version_by_then_in_any_zone(repository, synced):
    await synced("a")
    made = (await repository.version(1)).created
    for at in (made, made.replace(tzinfo=UTC), made.replace(tzinfo=UTC).astimezone(timezone(timedelta(hours=5)))):
        assert (await repository.version(at)).number == 1
    with pytest.raises(NotFoundError, match="no version was made by"):
        await repository.version((made - timedelta(days=1)).isoformat())


async def test_so_many_versions_are_retained_beside_what_is_pinned_or_labelled(repository, synced):
    for names in ("a", "ab", "abc", "abcd"):
        await synced(*names)
    await repository.label(1, "first")
    await repository.pin(2)
    assert await repository.retain(2) == [0]
    assert [version.number for version in await repository.versions()] == [1, 2, 3, 4]
    await repository.unpin()
    assert await repository.retain(1) == [2, 3]
    assert await held(repository, "first") == ["a"]
    assert (await synced("a", "e")).version == 5
    assert await repository.retain(99) == []


async def test_a_run_can_retain_what_it_holds_itself(repository, synced):
    await synced("a")
    await synced("b")
    async with repository.holding(()) as catalog:
        assert await retain(catalog, "r", 1) == [0, 1]


async def test_versions_are_made_and_deleted_by_one_at_a_time(home, repository, synced):
    await synced("a")
    await synced("b")
    with locked(home.locks, "r"):
        for work in (repository.roll_back(1), repository.delete_version(1), repository.retain(1)):
            with pytest.raises(LockedError):
                await work
        assert (await repository.pin(1)).pinned
        assert (await repository.label(1, "x")).labels == ("x",)
        assert (await repository.unlabel("x")).labels == ()
        assert (await repository.unpin()).number == 2
    assert [version.number for version in await repository.versions()] == [0, 1, 2]


async def test_what_cannot_be_is_refused_before_anything_is_opened(home, repository):
    for work in (
        repository.retain(0),
        repository.label(1, "1"),
        repository.unlabel("2026-07-26"),
        repository.version("2026-02-30"),
        repository.delete_version("~"),
    ):
        with pytest.raises(UsageError) as caught:
            await work
        assert type(caught.value) is UsageError
    for work in (repository.pin(), repository.roll_back(), repository.retain(1), repository.summary()):
        with pytest.raises(HomeError):
            await work
    assert not home.path.exists()


@pytest.mark.parametrize(
    ("text", "which"),
    [
        ("0", 0),
        ("041", 41),
        ("v1.2+rc_3", "v1.2+rc_3"),
        ("T2026-07-26", "T2026-07-26"),
        ("2026-07-26", datetime(2026, 7, 26, 23, 59, 59, 999999)),
        ("9999-12-31", datetime(9999, 12, 31, 23, 59, 59, 999999)),
        ("2026-07-26T14:03", datetime(2026, 7, 26, 14, 3, 59, 999999)),
        ("2026-07-26 14:03:12", datetime(2026, 7, 26, 14, 3, 12)),
        ("2026-07-26T14:03:12Z", datetime(2026, 7, 26, 14, 3, 12)),
        ("2026-07-26T14:03:12.25-0130", datetime(2026, 7, 26, 15, 33, 12, 250000)),
        (datetime(2026, 7, 26, 14, tzinfo=timezone(timedelta(hours=2))), datetime(2026, 7, 26, 12)),
        (7, 7),
        (None, None),
    ],
)
def test_numbers_labels_and_times_are_told_apart(text, which):
    assert parse_which(text) == which
    assert type(parse_which(text)) is type(which)


@pytest.mark.parametrize(
    "label", ["", "1", "1a", "-a", "a b", "a/b", "é", "a" * 129, "a\n", "2026-07-26", "latest", "Now"]
)
def test_a_label_can_be_no_number_no_time_no_path_and_nothing_that_moves(label):
    with pytest.raises(UsageError, match="cannot be a label"):
        check_label(label)
    check_label("a" * 128)
