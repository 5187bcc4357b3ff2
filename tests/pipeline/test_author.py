"""What an author can do with the line, over the real catalog and store."""

import asyncio
import bz2
import gzip
import lzma

import pytest
from reactivex import operators as ops

import rxsync
from rxsync.errors import (
    CatalogError,
    DeclarationError,
    FlowError,
    GuardError,
    MetadataError,
    PluginError,
    RejectedError,
    RxSyncError,
    UsageError,
)
from rxsync.pipeline.options import describe, parse
from rxsync.plugin import (
    DeclarativeArtifact,
    DeclarativeContent,
    Plugin,
    closure,
    expand,
    for_new_content,
    prioritize,
    stage,
    validate,
)

from .author import Given, Learner, Link, Maker, Part, Whole, given, part, rows

# -- steps in the middle


async def test_only_units_that_are_not_saved_are_enriched_before_they_are(sync, home):
    asked = []

    async def note(unit):
        asked.append(unit.content.name)
        unit.content.note = f"note of {unit.content.name}"
        unit.add_artifact(DeclarativeArtifact(unit.artifacts[0].urls[0], f"copy/{unit.content.name}"))

    def amend(recipe, run):
        return recipe.before("download_artifacts", note=for_new_content(note))

    await sync(given(part("a", file="a"), amend=amend))
    report = await sync(given(part("a", file="a"), part("b", file="b"), amend=amend))
    assert asked == ["a", "b"]
    assert (report.new, report.known) == (1, 1)
    assert await rows(home, "SELECT name, note FROM author_part ORDER BY name") == [
        ("a", "note of a"),
        ("b", "note of b"),
    ]
    files = [path for unit in await home.repository("r").units() for path, *_ in unit.files]
    assert files == ["a", "copy/a", "b", "copy/b"]


async def test_a_step_that_changes_the_natural_key_is_told(fails):
    def rename(unit):
        unit.content.name = "other"

    said = await fails(
        given(part("a"), amend=lambda r, _: r.before("download_artifacts", rename=for_new_content(rename))),
        DeclarationError,
        "natural key",
    )
    assert said.startswith("plugin 'given', rename, at unit")


@pytest.mark.parametrize(
    ("place", "step", "told"),
    [
        ("query_existing_content", for_new_content(print), "'x' must come after 'query_existing_content'"),
        ("associate_content", for_new_content(print), "'x' must come before 'save_content'"),
        ("download_artifacts", validate(print), "'x' must come after 'download_artifacts'"),
        ("save_content", validate(print), "'x' must come before 'save_artifacts'"),
    ],
)
async def test_a_step_in_a_place_where_it_makes_no_sense_is_refused(fails, place, step, told):
    await fails(given(part("a"), amend=lambda r, _: r.before(place, x=step)), UsageError, told, code=2)


def checked(policy):
    def amend(recipe, run):
        async def no_b(unit):
            return "it is b" if await run.bytes_of(unit.artifacts[0]) == b"file b\n" else None

        return recipe.after("download_artifacts", check=validate(no_b, policy, aside=run.quarantine))

    return given(part("a", file="a"), part("b", file="b"), part("c", file="c"), amend=amend)


async def test_a_check_sees_the_bytes_before_anything_is_saved_and_leaves_units_out(sync, home):
    report = await sync(checked("skip"))
    assert (report.new, report.skipped, report.exit_code, report.version) == (2, 1, 3, 1)
    assert [(p.relative_path, p.reason, p.kind) for p in report.problems] == [("b", "it is b", "invalid")]
    assert await rows(home, "SELECT name FROM author_part ORDER BY name") == [("a",), ("c",)]
    assert await rows(home, "SELECT count(*) FROM artifact") == [(2,)]


async def test_a_check_can_fail_the_run_or_keep_the_bytes_for_a_look(sync, fails, home):
    await fails(checked("fail"), RejectedError, "b: it is b", code=4)
    report = await sync(checked("quarantine"))
    assert (home.path / "quarantine" / report.run / "0" / "0").read_text() == "file b\n"


async def test_quarantine_needs_a_place():
    with pytest.raises(UsageError, match="aside=run.quarantine"):
        validate(print, "quarantine")


async def test_any_step_may_skip_a_unit_with_a_reason_and_what_needs_it_goes_too(sync):
    def step(unit):
        if unit.name == "a":
            unit.skip("not today", step="mine")
        return [unit]

    def needy(run):
        a = part("a", file="a")(run)
        yield a
        yield DeclarativeContent(Whole(part=a.content, name="w"), needs=[a])

    async def declare(run):
        for unit in needy(run):
            yield unit

    report = await sync(Given(declare, lambda r, _: r.before("download_artifacts", mine=expand(step))))
    assert (report.declared, report.skipped, report.new) == (2, 2, 0)
    assert [p.reason for p in report.problems] == ["not today", "needs a, which was skipped: not today"]


# -- related rows


async def test_related_rows_come_with_their_units_and_the_last_word_counts(sync, home):
    def whole(motto):
        def declare(run):
            maker = Maker(name="m", motto=motto)
            one = Part(name="p", maker=Maker(name="m"))
            whole = Whole(part=one, name="w")
            return [
                first := DeclarativeContent(one),
                DeclarativeContent(whole, needs=[first], related=[Link(whole=whole, maker=maker)]),
            ]

        async def units(run):
            for unit in declare(run):
                yield unit

        return Given(units)

    await sync(whole("first"))
    assert await rows(home, "SELECT p.name, m.motto FROM author_part p JOIN author_maker m ON m.id = p.maker_id") == [
        ("p", "first")
    ]
    report = await sync(whole("second"))
    assert (report.known, report.created) == (2, False)
    await sync(whole(None))  # says nothing of the motto
    assert await rows(home, "SELECT name, motto FROM author_maker") == [("m", "second")]
    links = "SELECT p.name, w.name, m.name FROM author_link l JOIN author_whole w ON w.id = l.whole_id JOIN author_part p ON p.id = w.part_id JOIN author_maker m ON m.id = l.maker_id"
    assert await rows(home, links) == [("p", "w", "m")]


async def test_a_unit_waits_for_what_it_needs_though_that_takes_long_to_fetch(sync, home):
    go = asyncio.Event()

    async def slowly(unit):
        if unit.name == "a":
            await go.wait()
        else:
            go.set()  # the child is here, before its parent
        return [unit]

    async def declare(run):
        a = part("a", file="a")(run)
        yield a
        for number in range(30):
            yield DeclarativeContent(Whole(part=a.content, name=f"w{number}"), needs=[a])

    def amend(recipe, _):
        return recipe.after("download_artifacts", slowly=stage(slowly, concurrency=3))

    assert (await sync(Given(declare, amend))).new == 31


async def test_what_is_needed_may_be_another_object_of_the_same_identity(sync, home):
    async def declare(run):
        yield (first := part("a")(run))
        yield DeclarativeContent(Whole(part=Part(name="a"), name="w"), needs=[first])

    assert (await sync(Given(declare))).new == 2
    assert await rows(home, "SELECT p.name FROM author_whole w JOIN author_part p ON p.id = w.part_id") == [("a",)]


async def test_needing_a_unit_that_was_never_declared_is_an_error(fails):
    async def declare(run):
        a = part("a")(run)
        yield DeclarativeContent(Whole(part=a.content, name="w"), needs=[a])

    await fails(Given(declare), FlowError, "Whole .* needs Part .*never declared")


async def test_needing_a_unit_that_a_step_dropped_is_an_error(fails):
    async def declare(run):
        yield (a := part("a")(run))
        yield DeclarativeContent(Whole(part=a.content, name="w"), needs=[a])

    def amend(recipe, _):
        return recipe.before("download_artifacts", lose=ops.filter(lambda unit: isinstance(unit.content, Whole)))

    await fails(Given(declare, amend), FlowError, "dropped")


async def test_a_reference_to_content_that_nobody_saved_is_an_error(fails):
    whole = Whole(part=Part(name="a"), name="w")
    await fails(given(DeclarativeContent(whole)), DeclarationError, r"needs=\[")


def test_a_key_needs_the_row_and_not_its_number():
    with pytest.raises(DeclarationError, match="a Part, not its number"):
        DeclarativeContent(Whole(part=7, name="w"))


# -- learnt keys


async def test_a_key_field_is_learnt_from_the_bytes_also_where_files_are_left_for_later(sync, source):
    def learner(run):
        return DeclarativeContent(Learner(name="a"), [DeclarativeArtifact(f"{run.remote.url}a", "a")])

    first = await sync(given(learner), policy="on_demand")
    again = await sync(given(learner))
    (source / "a").write_text("other\n")
    changed = await sync(given(learner))
    assert (first.new, first.deferred, again.known, changed.new) == (1, 0, 1, 1)
    assert (changed.added, changed.removed) == (1, 1)


def test_a_key_that_is_to_be_learnt_needs_a_file():
    with pytest.raises(DeclarationError, match="learnt"):
        DeclarativeContent(Learner(name="a"))


# -- hooks


async def test_hooks_run_inside_the_transaction_of_the_batch(sync, home):
    seen = []

    def before(batch, tx):
        seen.append([unit.content.id for unit in batch])
        for unit in batch:
            unit.content.note = "from a hook"

    def after(batch, tx):
        seen.append([unit.content.id for unit in batch])
        tx.execute(Part.update(note=Part.note.concat(", and another")).where(Part.name == "b"))

    plugin = given(part("a"), part("b"), amend=lambda r, _: r.hook("save_content", pre_save=before, post_save=after))
    await sync(plugin)
    assert seen == [[None, None], [1, 2]]
    assert await rows(home, "SELECT note FROM author_part ORDER BY id") in (
        [("from a hook",), ("from a hook, and another",)],
        [("from a hook, and another",), ("from a hook",)],
    )


async def test_a_hook_that_raises_undoes_its_batch_and_not_the_database(sync, fails, home):
    def boom(batch, tx):
        tx.execute(Part.update(note="half"))
        raise KeyError("boom")

    plugin = given(part("a"), amend=lambda r, _: r.hook("save_content", post_save=boom))
    await fails(plugin, KeyError, "boom")
    assert await rows(home, "SELECT * FROM author_part") == []
    assert (await sync(given(part("a")))).new == 1


async def test_a_step_without_a_transaction_has_no_hooks(fails):
    await fails(given(amend=lambda r, _: r.hook("await_needs", pre_save=print)), UsageError, "no transaction", code=2)


async def test_a_statement_of_a_hook_that_the_database_refuses_is_the_databases_error(fails):
    def wrong(batch, tx):
        tx.execute(Whole.insert(part=404, name="x"))

    plugin = given(part("a"), amend=lambda r, _: r.hook("save_content", post_save=wrong))
    await fails(plugin, CatalogError, "FOREIGN KEY", code=7)


# -- several levels


async def test_a_source_reads_what_was_downloaded_and_declares_more(sync, source):
    (source / "index").write_text("a\nb\n")

    async def declare(run):
        index = part("index", file="index")(run)
        yield index
        await index.resolution()
        async for name in run.lines_of(index.artifacts[0]):
            yield part(name, file=name)(run)

    assert (await sync(Given(declare))).new == 3


@pytest.mark.parametrize(("coding", "pack"), [("gzip", gzip.compress), ("xz", lzma.compress), ("bz2", bz2.compress)])
async def test_a_compressed_index_is_read_and_kept_as_it_came(sync, source, home, coding, pack):
    packed = pack(b"a\nb\n")
    (source / "index").write_bytes(packed)

    async def declare(run):
        index = part("index", file="index")(run)
        yield index
        await index.resolution()
        async for name in run.lines_of(index.artifacts[0], coding=coding):
            yield part(name)(run)

    assert (await sync(Given(declare))).new == 3
    [stored] = [path for path in (home.path / "artifacts").rglob("*") if path.is_file()]
    assert stored.read_bytes() == packed


async def test_a_compressed_index_that_is_none_or_becomes_too_much_fails_by_its_name(sync, source):
    (source / "none").write_bytes(b"a\nb\n")
    (source / "bomb").write_bytes(gzip.compress(b"a\n" * (4 << 20)))

    def reading(name):
        async def declare(run):
            index = part(name, file=name)(run)
            yield index
            await index.resolution()
            async for _ in run.lines_of(index.artifacts[0], coding="gzip"):
                pass

        return Given(declare)

    with pytest.raises(MetadataError, match="^none: broken gzip after 0 bytes of text: it begins with 61 0a 62"):
        await sync(reading("none"))
    with pytest.raises(MetadataError, match="^bomb: .* more than 200 times as many"):
        await sync(reading("bomb"))


async def test_a_closure_follows_each_unit_once(sync):
    leads = {"a": "bc", "b": "ad", "c": "d", "d": "a"}
    asked = []

    def declare(run):
        async def further(unit):
            asked.append(unit.content.name)
            for name in leads[unit.content.name]:
                yield part(name)(run)

        return closure([part("a")(run), part("b")(run)], further, max_concurrent=2)

    report = await sync(Given(declare))
    assert (report.declared, report.new) == (4, 4)
    assert sorted(asked) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("where", ["roots", "further"])
async def test_an_error_in_a_closure_fails_the_run_and_leaves_no_task(fails, where):
    def declare(run):
        async def roots():
            yield part("a")(run)
            if where == "roots":
                raise KeyError("boom")

        async def further(unit):
            if where == "further":
                raise KeyError("boom")
            await asyncio.Event().wait()
            yield

        return closure(roots(), further)

    said = await fails(Given(declare), KeyError, "boom")
    assert said is None or "declare" in said


async def test_at_most_so_many_are_followed_at_once(sync):
    busy, most = 0, 0

    def declare(run):
        async def further(unit):
            nonlocal busy, most
            busy += 1
            most = max(most, busy)
            for _ in range(5):  # let whoever else may begin begin
                await asyncio.sleep(0)
            busy -= 1
            return ()

        return closure([part(f"{n}")(run) for n in range(20)], further, max_concurrent=3)

    assert (await sync(Given(declare))).new == 20
    assert most == 3


async def test_of_several_sources_the_first_word_counts(sync, home):
    def declare(run):
        async def one():
            yield part("a", note="one")(run)
            yield part("b", file="b", note="one")(run)

        async def other():
            yield part("a", note="other")(run)
            yield part("c", file="b", note="other")(run)
            yield part("d", note="other")(run)

        return prioritize(one(), other())

    assert (await sync(Given(declare))).declared == 3
    assert await rows(home, "SELECT name, note FROM author_part ORDER BY name") == [
        ("a", "one"),
        ("b", "one"),
        ("d", "other"),
    ]


def parted(on_error, *, broken=False):
    async def addon(run):
        run.context.append("addon")
        yield part("a", file="a")(run)
        if broken:
            raise KeyError("no addon")

    async def declare(run):
        report = await run.subrepository("addon", addon, on_error=on_error)
        run.context.append(report.version)
        yield part("whole", file="b")(run)

    class Parted(Given):
        context = list

        async def after_run(self, run, report):
            self.told = run.context

    return Parted(declare)


async def test_a_sub_repository_has_a_line_and_versions_of_its_own_and_comes_first(sync, home):
    plugin = parted("fail")
    report = await sync(plugin)
    assert (report.new, [(one.repository, one.new, one.version) for one in report.repositories]) == (
        1,
        [("r+addon", 1, 1)],
    )
    assert plugin.told == ["addon", 1]
    assert "  part        r+addon: version 1, 1 unit added, 0 removed" in str(report)
    assert [unit.name for unit in await home.repository("r+addon").units()] == ["a"]
    assert [unit.name for unit in await home.repository("r").units()] == ["b"]


async def test_a_sub_repository_may_fail_alone_or_with_the_whole(sync, fails):
    await fails(parted("fail", broken=True), KeyError, "no addon")
    report = await sync(parted("skip", broken=True))
    assert (report.exit_code, report.version) == (3, 1)
    assert [(p.relative_path, p.kind) for p in report.problems] == [("r+addon", "KeyError")]
    assert report.repositories[0].error.message == "plugin 'given', declare: KeyError: 'no addon'"


# -- out of the line


async def test_hooks_before_and_after_share_a_context_with_the_line(sync):
    told = []

    class Telling(Given):
        context = list

        async def before_run(self, run):
            run.context.append("before")

        async def after_run(self, run, report):
            told.extend([*run.context, report.version])

    def amend(recipe, run):
        return recipe.before("download_artifacts", see=ops.do_action(lambda unit: run.context.append(unit.name)))

    async def declare(run):
        yield part("a", file="a")(run)

    plugin = Telling(declare, amend)
    await sync(plugin)
    await sync(plugin)
    assert told == ["before", "a", 1] * 2


async def test_a_plugin_may_refuse_the_whole_version(fails, home):
    class Refusing(Given):
        def finalize_version(self, run, draft):
            names = [unit.name for unit in draft.units()]
            draft.refuse(f"it holds {', '.join(names)}")

    async def declare(run):
        yield part("a", file="a")(run)

    await fails(Refusing(declare), GuardError, "it holds a", code=8)


# -- a plugin's bugs


async def broken(run):
    yield part("a")(run)
    raise KeyError("mine")


def no_generator(run):
    return 7


async def coroutine(run):
    return []


async def nonsense(run):
    yield "a"


@pytest.mark.parametrize(
    ("declare", "error", "told"),
    [
        (broken, KeyError, "plugin 'given', declare: KeyError: 'mine'"),
        (no_generator, FlowError, "plugin 'given', declare: declare() answers with 7"),
        (coroutine, FlowError, "plugin 'given', declare: declare() answers with <coroutine"),
        (nonsense, FlowError, "plugin 'given', declare: it declares 'a'"),
    ],
)
async def test_a_bug_in_declare_is_told_with_the_plugin(home, source, declare, error, told):
    events = []

    class Watch:
        def on_next(self, event):
            events.append(event)

    with pytest.raises(error):
        await rxsync.sync(str(source), home.repository("r"), plugin=Given(declare), events=Watch())
    report = events[-1].report
    assert (report.exit_code, report.version) == (1, None)
    assert report.error.message.startswith(told)


async def test_a_bug_in_a_step_is_told_with_plugin_step_and_unit(home, source):
    reports = []

    class Watch:
        def on_next(self, event):
            reports.append(getattr(event, "report", None))

    def boom(unit):
        raise KeyError("mine")

    def amend(recipe, _):
        return recipe.before("download_artifacts", first=ops.map(lambda u: u), enrich=for_new_content(boom))

    with pytest.raises(KeyError):
        await rxsync.sync(
            str(source), home.repository("r"), plugin=given(part("a", file="a"), amend=amend), events=Watch()
        )
    assert reports[-1].error.message == "plugin 'given', enrich, at unit a: KeyError: 'mine'"


async def test_a_unit_held_for_ever_is_told_of_once_nothing_moves(fails):
    async def declare(run):
        a = part("a", file="a")(run)
        yield a
        await a.resolution()

    def amend(recipe, _):
        return recipe.before("download_artifacts", hold=ops.filter(lambda unit: False))

    await fails(Given(declare, amend), RxSyncError, "awaited")


def test_a_plugin_that_is_none_and_one_that_does_not_load_are_named(monkeypatch):
    from importlib.metadata import EntryPoint

    from rxsync.pipeline import plugins

    points = [EntryPoint("seven", "rxsync.version:__version__", "g"), EntryPoint("gone", "rxsync.nowhere:x", "g")]
    monkeypatch.setattr(plugins, "entry_points", lambda group: points)
    with pytest.raises(PluginError, match=r"plugin 'seven' \(rxsync\.version:__version__\) is .*expected"):
        plugins.load("seven")
    with pytest.raises(PluginError, match="plugin 'gone' .* does not load: ModuleNotFoundError"):
        plugins.load("gone")


async def test_what_an_author_forgets_is_told(fails):
    async def late(*_):
        raise KeyError("never seen")

    a = part("a", file="a")
    await fails(given(a, amend=lambda *_: None), FlowError, r"recipe\(\) answers with None")
    await fails(given(a, amend=lambda r, _: r.hook("save_content", post_save=late)), FlowError, "'late' is an async")
    step = validate(lambda unit: True, "skip")
    await fails(given(a, amend=lambda r, _: r.after("download_artifacts", x=step)), FlowError, "answers with True")
    await fails(given(DeclarativeContent(Part(name="n", maker=7))), DeclarationError, "a Maker, not its number")

    class Late(Given):
        async def finalize_version(self, run, draft):
            draft.refuse("never seen")

    async def declare(run):
        yield a(run)

    await fails(Late(declare), FlowError, "finalize_version of plugin 'given' is an async")


# -- options


def test_options_are_read_by_the_types_of_their_fields():
    from dataclasses import dataclass, field
    from typing import Literal

    @dataclass
    class Options:
        kind: Literal["x", "y"] = "x"
        few: int = 3
        loud: bool = False
        names: tuple[str, ...] = ()
        most: float | None = field(default=None, metadata={"help": "how much"})

    said = {"kind": "y", "few": "4", "loud": "yes", "names": "a, b", "most": "1.5"}
    Options.__annotations__ = {
        "kind": Literal["x", "y"],
        "few": int,
        "loud": bool,
        "names": tuple[str, ...],
        "most": float | None,
    }
    assert parse(Options, said, "p") == Options("y", 4, True, ("a", "b"), 1.5)
    assert parse(Options, {"most": ""}, "p").most is None
    for wrong, told in {"kind=z": "x or y", "few=many": "whole number", "loud=7": "true or false"}.items():
        key, _, value = wrong.partition("=")
        with pytest.raises(UsageError, match=f"option {wrong}: expected {told}"):
            parse(Options, {key: value}, "p")
    with pytest.raises(UsageError, match="no option 'fow'; did you mean few"):
        parse(Options, {"fow": "1"}, "p")

    @dataclass
    class Many:
        words: list[str] = field(default_factory=lambda: ["x", "y"])
        either: int | str = 1

    Many.__annotations__ = {"words": list[str], "either": int | str}
    assert parse(Many, {"words": "a,b", "either": "x"}, "p") == Many(["a", "b"], "x")
    assert parse(Many, {"either": "7"}, "p").either == 7
    assert describe(Many)[0] == ("words", "texts with commas between", "x,y", "")
    assert describe(Options)[-1] == ("most", "number or nothing", "", "how much")


async def test_a_plugin_without_declare_says_so(fails):
    class Empty(Plugin):
        name = "empty"

    await fails(Empty(), NotImplementedError, "no declare")
