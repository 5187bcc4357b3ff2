"""The author's line in odd circumstances."""

import asyncio
import hashlib
import threading

import pytest
import reactivex
from peewee import TextField
from reactivex import operators as ops

import rxsync
from rxsync.errors import DeclarationError, FlowError, GuardError, UsageError
from rxsync.plugin import Content, DeclarativeArtifact, DeclarativeContent, expand, for_new_content, stage, validate

from .author import Given, Knot, Maker, Part, Sized, Whole, given, part, rows

# -- needs


async def test_needs_that_are_declared_too_late_are_an_error_and_no_hang(fails):
    b = part("b")(None)
    late = DeclarativeContent(Part(name="w"), needs=[b])

    async def declare(run):
        yield late
        yield b

    await fails(Given(declare), FlowError, "never declared before it, as this very object")


@pytest.mark.parametrize(("wrong", "told"), [([Part(name="a")], "needs <Part"), (part("a")(None), "needs <unit")])
def test_needs_and_related_are_of_their_kinds(wrong, told):
    with pytest.raises(DeclarationError, match=f"{told}.*a list of DeclarativeContent"):
        DeclarativeContent(Part(name="w"), needs=wrong)
    with pytest.raises(DeclarationError, match=r"related .*a list of Related"):
        DeclarativeContent(Part(name="w"), related=[part("a")(None)])


# -- related rows


async def test_within_a_batch_the_last_word_counts_too(sync, home):
    def unit(name, motto):
        return lambda run: DeclarativeContent(Part(name=name), related=[Maker(name="m", motto=motto)])

    await sync(given(unit("a", "first"), unit("b", "second"), unit("c", None)))
    assert await rows(home, "SELECT motto FROM author_maker") == [("second",)]


async def test_what_a_known_unit_refers_to_may_have_changed(sync, home):
    for motto in ("first", "second"):
        await sync(given(lambda run, m=motto: DeclarativeContent(Part(name="a", maker=Maker(name="m", motto=m)))))
    assert await rows(home, "SELECT motto FROM author_maker") == [("second",)]


async def test_related_rows_may_refer_to_rows_of_their_own_type(sync, home):
    async def declare(run):
        for number in range(700):
            up = Knot(name=f"root {number}", up=Knot(name="top"))
            yield DeclarativeContent(Part(name=f"{number}"), related=[Knot(name=f"leaf {number}", up=up)])

    plugin = Given(declare)
    plugin.related_types = (Knot,)
    await sync(plugin)
    assert await rows(home, "SELECT count(*) FROM author_knot WHERE up_id IS NULL") == [(1,)]
    same = "FROM author_knot k JOIN author_knot u ON u.id = k.up_id WHERE u.name = replace(k.name, 'leaf', 'root')"
    assert await rows(home, f"SELECT count(*) {same} AND k.name LIKE 'leaf%'") == [(700,)]


async def test_the_number_of_a_row_from_another_home_is_not_trusted(sync, source, tmp_path):
    shared = Part(name="shared")

    async def first(run):
        yield (a := DeclarativeContent(shared))
        yield DeclarativeContent(Whole(part=shared, name="w"), needs=[a])

    await sync(Given(first))
    other = rxsync.open(tmp_path / "other")
    plugin = given(part("other"), DeclarativeContent(Whole(part=shared, name="w")))
    with pytest.raises(DeclarationError, match=r"needs=\["):
        await rxsync.sync(str(source), other.repository("r"), plugin=plugin)


# -- keys


@pytest.mark.parametrize(
    ("name", "told"), [("author_part.x", None), ("content.artifact", "every home"), ("author.part", "that of")]
)
async def test_two_types_cannot_have_one_table(home, name, told):
    class Other(Content):
        name = TextField()

        class Meta:
            content_type = name
            natural_key = ("name",)

    async with home.writing([Part]):
        pass
    if told is None:
        async with home.writing([Part, Other]):
            pass
    else:
        with pytest.raises(DeclarationError, match=f"a name whose table is not .*{told}"):
            async with home.writing([Part, Other]):
                pass


async def test_a_field_beside_the_key_is_learnt_too(sync, home):
    def sized(run):
        return DeclarativeContent(Sized(name="a"), [DeclarativeArtifact(f"{run.remote.url}a", "a")])

    plugin = given(sized)
    plugin.content_types = (Sized,)
    await sync(plugin)
    assert await rows(home, "SELECT name, size FROM author_sized") == [("a", 7)]


async def test_a_natural_key_that_a_hook_changes_is_told(fails):
    def rename(batch, tx):
        for unit in batch:
            unit.content.name = "other"

    plugin = given(part("a"), amend=lambda r, _: r.hook("save_content", pre_save=rename))
    await fails(plugin, DeclarationError, "natural key")


# -- skips


def skip(unit):
    if unit.name == "a":
        unit.skip("no")
    return [unit]


def skip_all(batch, tx):
    for unit in batch:
        skip(unit)


PLACES = {
    "a step": lambda recipe: recipe.before("download_artifacts", mine=expand(skip)),
    "a tap": lambda recipe: recipe.tap("download_artifacts", skip),
    "a hook": lambda recipe: recipe.hook("save_content", pre_save=skip_all),
    "a hook after": lambda recipe: recipe.hook("save_content", post_save=skip_all),
    "before the yield": lambda recipe: recipe.before("download_artifacts", mine=expand(lambda unit: [unit])),
    "after the yield": lambda recipe: recipe,
}


@pytest.mark.parametrize("where", PLACES)
async def test_a_unit_may_be_skipped_wherever_it_is_at_work_as_long_as_it_is_not_saved(sync, where):
    async def declare(run):
        a, b = part("a", file="a")(run), part("b", file="b")(run)
        if where == "before the yield":
            skip(a)
        yield a
        if where == "after the yield":
            skip(a)
        yield b

    report = await sync(Given(declare, lambda recipe, _: PLACES[where](recipe)))
    assert (report.declared, report.new, report.skipped, report.dropped, report.added) == (2, 1, 1, 0, 1)


async def test_it_is_too_late_to_skip_what_is_saved(fails):
    def late(unit):
        unit.skip("no")
        return [unit]

    plugin = given(part("a", file="a"), amend=lambda r, _: r.after("associate_content", late=expand(late)))
    await fails(plugin, FlowError, "a is saved already: too late")


async def test_the_same_object_twice_counts_as_new_and_repeated(sync):
    async def declare(run):
        a = part("a")(run)
        yield a
        yield a

    report = await sync(Given(declare))
    assert (report.declared, report.new, report.repeated) == (2, 1, 1)


async def test_a_mirror_is_not_emptied_by_a_step_that_drops_everything(sync, home, source):
    await sync(given(part("a"), part("b")))
    lose = ops.filter(lambda unit: False)
    plugin = given(part("a"), part("b"), amend=lambda r, _: r.before("download_artifacts", lose=lose))
    with pytest.raises(GuardError, match="none of 2 units came through the line"):
        await rxsync.sync(str(source), home.repository("r"), plugin=plugin)


# -- streams as answers, shared bytes


@pytest.mark.parametrize("answer", [reactivex.empty, lambda: reactivex.of(1, 2, 3), lambda: reactivex.of(None)])
async def test_a_stream_as_an_answer_is_one_answer_however_long(sync, answer):
    def amend(recipe, run):
        return recipe.before("download_artifacts", x=for_new_content(lambda unit: answer()))

    report = await sync(given(part("a", file="a"), part("b"), amend=amend))
    assert (report.declared, report.new, report.dropped) == (2, 2, 0)


async def test_a_check_that_answers_with_an_empty_stream_lets_pass(sync):
    def amend(recipe, run):
        return recipe.after("download_artifacts", x=validate(lambda unit: reactivex.empty(), "skip"))

    assert (await sync(given(part("a", file="a"), amend=amend))).new == 1


async def test_many_units_are_kept_aside_at_once_and_bytes_that_are_stored_already_are_read(sync, home):
    data = b"file a\n"
    digests = {"sha256": hashlib.sha256(data).hexdigest()}

    def same(name, run):
        file = DeclarativeArtifact(f"{run.remote.url}a", name, digests=digests, size=len(data))
        return DeclarativeContent(Part(name=name), [file])

    async def declare(run):
        yield (first := same("first", run))
        for number in range(40):
            yield same(f"{number}", run)
        await first.resolution()

    def amend(recipe, run):
        loop, saved = asyncio.get_running_loop(), asyncio.Event()

        async def hold(unit):
            if unit.name != "first":
                await saved.wait()
            return [unit]

        async def check(unit):
            assert await run.bytes_of(unit.artifacts[0]) == data
            return None if unit.name == "first" else "not the first"

        checked = validate(check, "quarantine", aside=run.quarantine, max_concurrent=40)
        recipe = recipe.after("download_artifacts", hold=stage(hold, concurrency=60)).after("hold", check=checked)
        return recipe.hook("save_content", post_save=lambda batch, tx: loop.call_soon_threadsafe(saved.set) and None)

    report = await sync(Given(declare, amend))
    assert (report.new, report.skipped) == (1, 40)
    kept = [(folder / "0").read_bytes() for folder in (home.path / "quarantine" / report.run).iterdir()]
    assert kept == [data] * 40


# -- parts


def parted(more):
    async def addon(run):
        yield part("a", file="a")(run)

    async def declare(run):
        await run.subrepository("addon", addon)
        async for unit in more(run, addon):
            yield unit

    return Given(declare)


async def test_a_part_is_asked_for_its_whole_version_too(source, home):
    async def more(run, addon):
        yield part("b", file="b")(run)

    plugin, looked = parted(more), []
    plugin.finalize_version = lambda run, draft: looked.append((draft.repository, len(list(draft.units()))))
    await rxsync.sync(str(source), home.repository("r"), plugin=plugin)
    assert looked == [("r+addon", 1), ("r", 1)]


async def test_a_cancellation_while_a_part_makes_its_version_stops_the_whole(source, home):
    made, go, went_on = threading.Event(), threading.Event(), []

    async def more(run, addon):
        went_on.append(True)
        yield part("b")(run)

    def finalize(run, draft):
        made.set()
        go.wait(10)

    plugin = parted(more)
    plugin.finalize_version = finalize
    task = asyncio.create_task(rxsync.sync(str(source), home.repository("r"), plugin=plugin))
    await asyncio.to_thread(made.wait, 10)
    task.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert went_on == []
    assert [version.number for version in await home.repository("r+addon").versions()] == [0, 1]


@pytest.mark.parametrize(
    ("name", "on_error", "told"), [("addon", "fail", "twice in one run"), ("x", "raise", "expected fail or skip")]
)
async def test_a_part_comes_once_and_fails_in_one_of_two_ways(fails, name, on_error, told):
    async def more(run, addon):
        await run.subrepository(name, addon, on_error=on_error)
        yield part("b")(run)

    await fails(parted(more), UsageError, told, code=2)


async def test_what_a_plugin_says_of_a_url_is_told_and_stored_without_its_credentials(source, home):
    async def declare(run):
        a = part("a", file="a")(run)
        a.skip("not at https://ada:lovelace@host/a")
        yield a
        raise ValueError("GET https://ada:lovelace@host/b failed")

    with pytest.raises(ValueError, match="lovelace") as caught:
        await rxsync.sync(str(source), home.repository("r"), plugin=Given(declare))
    assert caught.value is not None
    ((told,),) = await rows(home, "SELECT report FROM sync_run")
    assert ("lovelace" in told, told.count("https://host/")) == (False, 2)
