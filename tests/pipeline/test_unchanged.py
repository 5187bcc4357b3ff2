"""The shortcut for a source that has not changed: one request, and no line."""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

import rxsync
from rxsync.errors import MetadataError
from rxsync.plugins.file.folder import write_manifest
from tests.e2e.conftest import counting_server

from .author import Given, part


class Told(Given):
    """Says what it is told to say, and notes what it was told was known."""

    looks = "1"

    def __init__(self, units):
        super().__init__(units)
        self.asked = []

    async def fingerprint(self, run, known):
        self.asked.append(known)
        return self.looks


@pytest.fixture
def plugin():
    async def declare(run):
        yield part("a")(run)

    return Told(declare)


async def test_a_source_that_looks_the_same_is_not_read(sync, plugin):
    first = await sync(plugin)
    assert (first.unchanged, first.declared) == (False, 1)
    report = await sync(plugin)
    assert (report.unchanged, report.created, report.version, report.base_version) == (True, False, 1, 1)
    assert (report.declared, report.exit_code) == (0, 0)
    assert str(report) == "r: the source is unchanged, version 1 stays"
    assert plugin.asked == [None, "1"]


async def test_full_reads_it_anyway(sync, plugin):
    await sync(plugin)
    report = await sync(plugin, full=True)
    assert (report.unchanged, report.declared) == (False, 1)
    assert (await sync(plugin)).unchanged


async def test_what_looks_different_is_read(sync, plugin):
    await sync(plugin)
    plugin.looks = "2"
    assert (await sync(plugin)).declared == 1
    assert (await sync(plugin)).unchanged
    plugin.looks = None
    assert (await sync(plugin)).declared == 1


@pytest.mark.parametrize("other", [{"mode": "additive"}, {"policy": "on_demand"}, {"amend": lambda recipe: recipe}])
async def test_other_rules_read_it_and_are_told_nothing_of_what_was_known(sync, plugin, other):
    await sync(plugin)
    assert not (await sync(plugin, **other)).unchanged
    assert plugin.asked[1:] in ([None], [])
    assert not (await sync(plugin)).unchanged or "amend" in other


async def test_rules_that_do_not_decide_what_is_in_a_version_do_not_matter(sync, plugin):
    await sync(plugin)
    assert (await sync(plugin, max_delete="1", max_concurrent=3, retries=0)).unchanged


async def test_options_of_the_plugin_matter_also_those_that_are_not_shown_and_sets_whatever_their_order(sync, plugin):
    @dataclass
    class Options:
        some: frozenset[int] = frozenset()
        hidden: str = field(default="", repr=False)

    Options.__annotations__ = {"some": frozenset[int], "hidden": str}
    plugin.options = Options
    await sync(plugin, options={"hidden": "1"})
    assert not (await sync(plugin, options={"hidden": "2"})).unchanged
    one, other = frozenset((0, 8)), frozenset((8, 0))
    assert repr(one) != repr(other)
    assert not (await sync(plugin, options={"some": one})).unchanged
    assert (await sync(plugin, options={"some": other})).unchanged


async def test_another_source_is_another_source(plugin, tmp_path, home):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        report = await rxsync.sync(str(tmp_path / name), home.repository("r"), plugin=plugin)
        assert not report.unchanged


async def test_a_source_of_which_a_unit_was_skipped_is_read_again(sync, plugin):
    skip = True

    async def declare(run):
        unit = part("b")(run)
        if skip:
            unit.skip("no")
        yield unit
        yield part("a")(run)

    plugin._units = declare
    assert (await sync(plugin)).exit_code == 3
    assert (await sync(plugin)).exit_code == 3
    skip = False
    assert (await sync(plugin)).added == 1
    assert (await sync(plugin)).unchanged


async def test_a_version_that_somebody_else_made_is_not_taken_for_the_sources(sync, plugin, home):
    await sync(plugin)

    async def other(run):
        yield part("z")(run)

    class Other(Given):
        name = "other"

    await sync(Other(other), max_delete="100%")
    assert (await sync(plugin, max_delete="100%")).added == 1


# -- parts


@pytest.fixture
def parted(plugin):
    """Declares a part, which holds what ``plugin.names`` say, and then the whole."""

    async def declare(run):
        async def inner(run):
            for name in plugin.names:
                yield part(name)(run)

        await run.subrepository("inner", inner)
        if plugin.broken:
            raise MetadataError("broken")
        yield part("a")(run)

    plugin._units, plugin.names, plugin.broken = declare, ["one"], False
    return plugin


async def inner(home):
    return [unit.identity for unit in await home.repository("r+inner").units()]


async def test_a_part_that_is_deleted_is_made_again(sync, parted, home):
    await sync(parted)
    await home.repository("r+inner").delete()
    assert not (await sync(parted)).unchanged
    assert len(await inner(home)) == 1
    assert (await sync(parted)).unchanged


async def test_a_part_that_is_rolled_back_is_looked_at_again(sync, parted, home):
    await sync(parted)
    parted.names, parted.looks = ["two"], "2"
    await sync(parted, max_delete="100%")
    two = await inner(home)
    await home.repository("r+inner").roll_back(1)
    await sync(parted, max_delete="100%")
    await home.repository("r+inner").unpin()
    assert await inner(home) == two


async def test_a_source_that_is_again_what_it_was_is_read_where_a_part_has_moved(sync, source, parted, home):
    await sync(parted)
    one = await inner(home)
    parted.names, parted.looks, parted.broken = ["two"], "2", True
    with pytest.raises(MetadataError):
        await rxsync.sync(str(source), home.repository("r"), plugin=parted, max_delete="100%")
    assert await inner(home) != one
    parted.names, parted.looks, parted.broken = ["one"], "1", False
    await sync(parted, max_delete="100%")
    assert await inner(home) == one


async def test_what_is_called_alike_is_no_part(sync, parted, home, source):
    await sync(parted)
    for name in ("ra", "rr+inner"):
        await rxsync.sync(str(source), home.repository(name))
    assert (await sync(parted)).unchanged


# -- a manifest


@pytest.fixture
def upstream(source):
    write_manifest(source)
    age(source / "PULP_MANIFEST")
    with counting_server(source) as server:
        yield server


def age(path, days=1):
    at = datetime.now(UTC).timestamp() - days * 86400
    os.utime(path, (at, at))


async def test_the_file_plugin_asks_once_and_no_more(upstream, source, home):
    async def run(**more):
        before = upstream.asked
        report = await rxsync.sync(upstream.url, home.repository("files"), **more)
        return report, upstream.asked - before

    report, _ = await run()
    assert report.added == 3
    report, requests = await run()
    assert (report.unchanged, requests) == (True, 1)
    age(source / "PULP_MANIFEST", days=2)
    assert not (await run())[0].unchanged
    assert (await run())[0].unchanged
    (source / "a").write_text("another\n")
    write_manifest(source)
    report, _ = await run()
    assert (report.added, report.removed) == (1, 1)


async def test_a_manifest_that_was_written_just_now_is_known_by_its_bytes(upstream, source, home):
    """Its date has seconds, and it may be written again within this one."""
    write_manifest(source)
    await rxsync.sync(upstream.url, home.repository("files"))
    assert (await rxsync.sync(upstream.url, home.repository("files"))).unchanged
    stat = (source / "PULP_MANIFEST").stat()
    (source / "a").write_text("file A\n")
    write_manifest(source)
    os.utime(source / "PULP_MANIFEST", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert (await rxsync.sync(upstream.url, home.repository("files"))).added == 1


async def test_a_manifest_in_whose_place_an_older_one_is_put_has_changed(upstream, source, home):
    await rxsync.sync(upstream.url, home.repository("files"))
    (source / "a").write_text("restored\n")
    write_manifest(source)
    age(source / "PULP_MANIFEST", days=2)
    assert (await rxsync.sync(upstream.url, home.repository("files"))).added == 1


async def test_a_manifest_that_is_known_by_its_bytes_is_still_so_when_its_date_is_old(upstream, source, home):
    repository = home.repository("files")
    write_manifest(source)
    await rxsync.sync(upstream.url, repository)
    age(source / "PULP_MANIFEST")
    assert (await rxsync.sync(upstream.url, repository)).unchanged
    (source / "a").write_text("another\n")
    write_manifest(source)
    age(source / "PULP_MANIFEST")
    assert (await rxsync.sync(upstream.url, repository)).added == 1
    before = upstream.asked
    assert (await rxsync.sync(upstream.url, repository)).unchanged
    assert upstream.asked == before + 1


async def test_a_plan_of_a_manifest_that_was_written_just_now_is_good_for_longer(upstream, source, home):
    write_manifest(source)
    planned = await rxsync.plan(upstream.url, home.repository("files"))
    age(source / "PULP_MANIFEST")
    report = await rxsync.sync(upstream.url, home.repository("files"), promise=planned.promise)
    assert report.added == 3


async def test_a_folder_on_disk_is_known_by_the_bytes_of_its_manifest_and_without_one_is_walked(source, home):
    repository = home.repository("files")
    assert (await rxsync.sync(str(source), repository)).added == 3
    assert (await rxsync.sync(str(source), repository)).declared == 3
    write_manifest(source)
    await rxsync.sync(str(source), repository)
    assert (await rxsync.sync(str(source), repository)).unchanged
