"""Skips that do no harm: a mirror keeps what it has in the place of what was declared and left out."""

import pytest

from rxsync.errors import ConflictError
from rxsync.plugin import DeclarativeArtifact, DeclarativeContent, validate
from rxsync.plugins.file import FileContent

from .author import Given, Learner, Part, Whole, given, part


def file(name, word, skip=None):
    """Declare a file of some bytes; with a reason, it is left out."""

    def declare(run):
        digest = f"{abs(hash(word)):064x}"[:64]
        unit = DeclarativeContent(FileContent(relative_path=name, sha256=digest))
        if skip:
            unit.skip(skip)
        return unit

    return declare


class Files(Given):
    content_types = (FileContent, Part, Whole, Learner)


def files(*units):
    async def declare(run):
        for unit in units:
            yield unit(run)

    return Files(declare)


async def held(home):
    return sorted((unit.type, unit.identity) for unit in await home.repository("r").units())


async def test_a_skipped_unit_keeps_the_one_of_the_same_repository_key(sync, home):
    await sync(files(file("a", "old"), file("b", "old"), file("c", "old")))
    before = await held(home)
    report = await sync(files(file("a", "new", skip="no"), file("b", "old")), max_delete="100%")
    assert (report.kept, report.removed, report.skipped, report.exit_code) == (1, 1, 1, 3)
    after = await held(home)
    assert len(after) == 2
    assert set(after) < set(before)
    assert "kept        1 unit of version 1 for what was skipped" in str(report)
    (version,) = [one for one in await home.repository("r").versions() if one.number == report.version]
    assert version.skipped == 1


async def test_it_does_not_keep_what_something_else_has_taken_the_place_of(sync):
    await sync(files(file("a", "old")))
    report = await sync(files(file("a", "new", skip="no"), file("a", "other")), max_delete="100%")
    assert (report.kept, report.added, report.removed) == (0, 1, 1)


async def test_a_known_unit_that_is_skipped_stays(sync):
    await sync(files(file("a", "old"), file("b", "old")))
    report = await sync(files(file("a", "old", skip="no"), file("b", "old")))
    assert (report.kept, report.removed, report.created) == (1, 0, False)


async def test_a_unit_without_a_place_is_kept_by_itself_and_so_is_what_needs_a_skipped_one(sync):
    def whole(of, name, skip=None):
        def declare(run):
            unit = of(run) if callable(of) else of
            return DeclarativeContent(Whole(part=unit.content, name=name), needs=[unit])

        return declare

    def pair(skip):
        async def declare(run):
            parent = part("p")(run)
            if skip:
                parent.skip("no")
            yield parent
            yield DeclarativeContent(Whole(part=parent.content, name="w"), needs=[parent])
            yield part("q")(run)

        return Given(declare)

    await sync(pair(skip=False))
    report = await sync(pair(skip=True))
    assert (report.skipped, report.kept, report.removed, report.created) == (2, 2, 0, False)


async def test_a_unit_of_which_nothing_is_known_yet_keeps_the_one_in_its_place(sync, home):
    def learner(name, skip=None):
        def declare(run):
            unit = DeclarativeContent(Learner(name=name), [DeclarativeArtifact(f"{run.remote.url}{name}", name)])
            if skip:
                unit.skip(skip)
            return unit

        return declare

    await sync(given(learner("a"), learner("b")))
    report = await sync(given(learner("a", skip="no"), part("x")), max_delete="100%")
    assert (report.kept, report.removed, report.added) == (1, 1, 1)


async def test_additive_mode_removes_nothing_for_a_skip_anyway(sync):
    await sync(files(file("a", "old")))
    report = await sync(files(file("a", "new", skip="no"), file("b", "x")), mode="additive")
    assert (report.kept, report.added, report.removed) == (0, 1, 0)


async def test_a_kept_unit_cannot_stand_below_what_came(source, home, sync):
    def at(path, skip=None):
        def declare(run):
            unit = DeclarativeContent(Part(name=path), [DeclarativeArtifact(f"{run.remote.url}a", path)])
            if skip:
                unit.skip(skip)
            return unit

        return declare

    await sync(given(at("d/e")))
    with pytest.raises(ConflictError, match='"d/e" lies below "d"'):
        await sync(given(at("d/e", skip="no"), at("d")))


async def test_a_rejected_unit_keeps_the_good_one_and_is_tried_again(sync, source, home):
    def amend(recipe, run):
        def check(unit):
            return None if b"file" in unit.artifacts[0].body.data else "it is no file"

        return recipe.after("download_artifacts", check=validate(check, "skip"))

    def learner(run):
        return DeclarativeContent(Learner(name="a"), [DeclarativeArtifact(f"{run.remote.url}a", "a")])

    plugin = given(learner, part("b", file="b"), amend=amend)
    await sync(plugin)
    before = await held(home)
    (source / "a").write_text("spoilt")
    report = await sync(plugin)
    assert (report.skipped, report.kept, report.created, report.exit_code) == (1, 1, False, 3)
    assert await held(home) == before
    (source / "a").write_text("file a, mended")
    assert (await sync(plugin)).added == 1
