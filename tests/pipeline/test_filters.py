"""Filters that the operator asked for, over the real line."""

from datetime import UTC, datetime, timedelta

import pytest
from reactivex import operators as ops

import rxsync
from rxsync.errors import ConflictError, FlowError, GuardError, UsageError
from rxsync.pipeline.filters import Filters
from rxsync.pipeline.part import Part as PartOfPlugin
from rxsync.pipeline.plugins import load
from rxsync.pipeline.recipe import Recipe, Step
from rxsync.pipeline.tally import Tally
from rxsync.plugin import DeclarativeContent, Plugin, expand
from rxsync.testing import unit

from .author import Given, Part, Whole, given, part


class Versions(Given):
    """Parts called ``name-version``, published as many days ago as the version says."""

    def newest_by(self, unit):
        name, _, version = unit.content.name.partition("-")
        return (name, int(version)) if version else None

    def published(self, unit):
        _, _, version = unit.content.name.partition("-")
        return datetime.now(UTC) - timedelta(days=int(version)) if version else None


@pytest.fixture
def filtered(source, home):
    """Sync through filters; answers the report and the files of the version."""

    async def run(filters, plugin=None, **more):
        loaded = load("file") if plugin is None else plugin

        def amend(recipe):
            return filters.applied(recipe, loaded)

        report = await rxsync.sync(str(source), home.repository("r"), plugin=loaded, amend=amend, **more)
        return report, [file[0] for one in await home.repository("r").units() for file in one.files]

    return run


async def test_what_is_filtered_out_is_in_no_version_and_is_no_problem(filtered):
    report, files = await filtered(Filters(include=("[ab]",), exclude=("b",)))
    assert files == ["a"]
    assert (report.exit_code, report.problems, report.skipped, report.dropped) == (0, [], 0, 0)


async def test_filters_stand_before_the_first_look_for_contradictions(filtered, source):
    (source / "PULP_MANIFEST").write_text(f"a,{'0' * 64},1\na,{'1' * 64},2000\n")
    with pytest.raises(ConflictError, match="have other bytes"):
        await filtered(Filters(), policy="on_demand")
    _, files = await filtered(Filters(max_size=1000), policy="on_demand")
    assert files == ["a"]


async def test_where_everything_is_filtered_out_the_guard_trips(filtered, home):
    await filtered(Filters())
    with pytest.raises(GuardError, match="none of 3 units came through the line, and all 3 units would be removed"):
        await filtered(Filters(include=("*.iso",)))
    assert [version.number for version in await home.repository("r").versions()] == [0, 1]


async def test_what_needs_a_unit_that_is_filtered_out_is_filtered_out_too(source, home):
    a = part("a")(None)
    needy = DeclarativeContent(Whole(part=a.content, name="w"), needs=[a])

    def amend(recipe, run):
        def step(one):
            if one is a:
                one.filter_out("not today")
            return [one]

        return recipe.before("refuse_clashes", mine=expand(step))

    report = await rxsync.sync(str(source), home.repository("r"), plugin=given(a, needy, amend=amend))
    assert (report.declared, report.new, report.skipped, report.dropped, report.problems) == (2, 0, 0, 0, [])
    assert needy.filtered
    assert needy.skipped.reason == f"needs {a.name}, which was skipped: filtered out: not today"


def test_the_tally_counts_what_is_filtered_out_by_itself():
    tally, units = Tally(), [unit(name) for name in "abcd"]
    units[3].filter_out("before it was declared")
    for one in units:
        tally.declare(one)
    units[0].filter_out("one")
    units[0].filter_out("two")
    units[1].skip("odd")
    tally.arrive(units[2])
    assert (tally.declared, tally.filtered, tally.skipped, tally.came_through, tally.done) == (4, 2, 1, 1, 4)
    assert [problem.relative_path for problem in tally.problems] == ["b"]


def test_what_is_saved_cannot_be_filtered_out_any_more():
    one = unit("a")
    one.resolve()
    with pytest.raises(FlowError, match="too late"):
        one.filter_out("late")


async def test_the_newest_of_those_that_are_old_enough(filtered, home):
    names = ["p-1", "p-5", "p-9", "q", "p-7"]
    plugin = Versions(given(*map(part, names))._units)
    await filtered(Filters(min_age=6 * 24 * 60 * 60, newest=1), plugin)
    units = await home.repository("r").units()
    assert len(units) == 2
    found = await home.read(lambda tx: tx.connection.execute("SELECT name FROM author_part ORDER BY 1").fetchall())
    assert [name for (name,) in found] == ["p-9", "q"]


# -- where they stand


def steps(*names, own=()):
    return Recipe([Step(name, ops.map(lambda unit: unit), own=name in own) for name in names])


def test_they_stand_after_what_a_plugin_puts_in_front_and_the_newest_is_the_last():
    every = Filters(("a",), ("b",), newest=1, min_age=1, max_size=1)
    recipe = every.applied(steps("split", "refuse_clashes", "mine", own=("split", "mine")), Versions(None))
    assert [step.name for step in recipe] == [
        "split", "filter_include", "filter_exclude", "filter_max_size", "filter_min_age", "filter_newest",
        "refuse_clashes", "mine",
    ]  # fmt: skip
    assert [step.name for step in Filters(("a",)).applied(steps("x", own=("x",)), Plugin())] == ["x", "filter_include"]


def test_where_none_are_asked_for_the_recipe_stays_as_it_is():
    recipe = steps("a")
    assert Filters().applied(recipe, Plugin()) is recipe
    assert not Filters()
    assert Filters(min_age=0)


def test_they_stand_before_the_bytes_come():
    standard = Recipe([Step("download", ops.map(lambda unit: unit), gives=frozenset({"bytes"}), own=True)])
    with pytest.raises(UsageError, match="'filter_include' must come before 'download', which gives 'bytes'"):
        Filters(("a",)).applied(standard, Plugin())


@pytest.mark.parametrize(
    ("filters", "told"),
    [
        (Filters(newest=2), "--newest: plugin 'file' does not say which units are versions of the same"),
        (Filters(min_age=2), "--min-age: plugin 'file' does not say when a unit was published"),
    ],
)
def test_what_a_plugin_does_not_say_cannot_be_asked_for(filters, told):
    for plugin in (load("file"), PartOfPlugin(load("file"), None, None)):
        with pytest.raises(UsageError, match=told):
            filters.check(plugin)
    filters.check(PartOfPlugin(Versions(None), None, None))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"include": ("a[",)}, r"pattern 'a\['"),
        ({"exclude": ("re:(",)}, r"pattern 're:\('"),
        ({"newest": 0}, "newest 0: expected at least 1"),
        ({"min_age": -1}, "minimum age -1 s"),
        ({"max_size": 0}, "max_size 0: expected at least 1 byte"),
    ],
)
def test_what_cannot_be_is_refused_when_it_is_said(wrong, told):
    with pytest.raises(UsageError, match=told):
        Filters(**wrong)


# -- as text


def test_as_text_they_are_the_options_that_were_given():
    every = Filters(("b c", "a"), ("e", "d"), newest=1, min_age=93600, max_size=5000)
    text = "--include a --include 'b c' --exclude d --exclude e --newest 1 --min-age 93600s --max-size 5000"
    assert str(every) == text
    assert str(Filters(("a", "b c", "a"), ("d", "e", "d"), newest=1, min_age=93600.0, max_size=5000)) == text
    assert len({str(Filters(**{name: 1})) for name in ("newest", "min_age", "max_size")}) == 3


def test_only_an_age_changes_with_time():
    assert Filters(min_age=1).change_with_time
    assert not Filters(("a",), ("b",), newest=1, max_size=1).change_with_time


def test_a_part_says_what_the_whole_says():
    one, plugin = DeclarativeContent(Part(name="p-3")), Versions(None)
    whole = PartOfPlugin(plugin, None, None)
    assert whole.newest_by(one) == ("p", 3)
    assert whole.published(one).tzinfo is UTC
