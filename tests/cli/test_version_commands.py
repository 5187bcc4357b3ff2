"""Rolling back, pinning, labelling and deleting versions, for people and for programs."""

import re

import pytest

from rxsync.pipeline.lock import locked

from .test_reading_commands import STAMP, WHEN

KEYS = {"number", "created", "present", "added", "removed", "run", "skipped", "labels", "pinned", "current"}


@pytest.fixture
def three_versions(rxsync, folder):
    """Version 1: a, b, sub/c. Version 2: d, too. Version 3: without b."""
    rxsync("sync", folder, "--repository", "tools")
    (folder / "d.txt").write_text("d\n")
    rxsync("sync", folder, "--repository", "tools")
    (folder / "b.txt").unlink()
    rxsync("sync", folder, "--repository", "tools")


def listed(rxsync):
    """What ``version list`` says after the time, by number; and the same for programs."""
    found = {}
    for row in rxsync("version", "list", "tools").out.splitlines()[1:]:
        number, mark = re.fullmatch(rf" *(\d+) .*{WHEN} *(.*)", row).groups()
        found[int(number)] = mark
    versions = rxsync("version", "list", "tools", "--json").json["versions"]
    assert [version["number"] for version in versions] == list(found)
    assert all(set(version) == KEYS for version in versions)
    return {number: mark for number, mark in found.items() if mark}, versions


def test_a_rollback_is_current_and_stays_so_when_a_sync_makes_the_next_version(rxsync, folder, three_versions):
    done = rxsync("version", "rollback", "tools")
    assert (done.code, done.out) == (0, "tools: version 4 made, with the content of version 2; it is pinned\n")
    assert rxsync("version", "diff", "tools", "2", "4").out == "tools: version 2 to 4: 0 added, 0 removed\n"
    (folder / "e.txt").write_text("e\n")
    assert rxsync("sync", folder, "--repository", "tools").out.startswith("tools: version 5, 1 unit added, 1 removed")
    marks, versions = listed(rxsync)
    assert marks == {4: "pinned"}
    assert [version["current"] for version in versions] == [False] * 4 + [True, False]
    assert rxsync("version", "show", "tools", "--json").json["number"] == 4
    assert re.search(r"^tools +4 pinned, newest 5 +4 ", rxsync("repository", "list").out, re.MULTILINE)
    assert rxsync("repository", "show", "tools").out.startswith("tools: version 4 pinned, newest 5, 4 units\n")
    shown = rxsync("repository", "show", "tools", "--json").json
    assert (shown["version"], shown["current"], shown["pinned"], shown["skipped"]) == (5, 4, True, 0)
    assert rxsync("version", "unpin", "tools").out == "tools: version 5 is current, the newest; none is pinned\n"
    assert listed(rxsync)[0] == {}


def test_a_rollback_to_a_named_version_and_for_programs(rxsync, three_versions):
    told = rxsync("version", "rollback", "tools", "1", "--json").json
    assert set(told) == {"schema", "repository", "target", "made", *KEYS}
    assert (told["schema"], told["repository"]) == ("rxsync.version-rollback/1", "tools")
    assert (told["number"], told["target"], told["made"], told["run"], told["pinned"]) == (4, 1, True, None, True)
    again = rxsync("version", "rollback", "tools", "1")
    assert again.out == "tools: version 4 has already the content of version 1; it is pinned\n"


def test_a_rollback_into_emptiness_must_be_named(rxsync, folder):
    rxsync("sync", folder, "--repository", "tools")
    done = rxsync("version", "rollback", "tools")
    assert (done.code, done.err) == (
        2,
        "error: tools: before the current version 1 there is only the empty version 0\n"
        "hint: rxsync version rollback tools N names another\n",
    )
    assert rxsync("version", "rollback", "tools", "0", "--json").json["present"] == 0


def test_a_pinned_version_is_current_and_the_newest_may_be_pinned(rxsync, three_versions):
    assert rxsync("version", "pin", "tools", "1").out == "tools: version 1 is current; it is pinned\n"
    assert listed(rxsync)[0] == {1: "pinned"}
    told = rxsync("version", "pin", "tools", "3", "--json").json
    assert (told["schema"], told["number"], told["pinned"], told["current"]) == ("rxsync.version-pin/1", 3, True, True)
    assert re.search(r"^tools +3 pinned +3 ", rxsync("repository", "list").out, re.MULTILINE)
    told = rxsync("version", "unpin", "tools", "--json").json
    assert (told["schema"], told["number"], told["pinned"]) == ("rxsync.version-unpin/1", 3, False)


def test_a_label_stands_for_its_version_until_it_is_moved_or_removed(rxsync, three_versions):
    assert rxsync("version", "label", "tools", "1", "stable").out == "tools: version 1 is stable\n"
    assert rxsync("version", "show", "tools", "stable").out.startswith("tools: version 1, 3 units, made ")
    assert rxsync("version", "diff", "tools", "stable", "2").out.startswith("tools: version 1 to 2: 1 added")
    told = rxsync("version", "label", "tools", "2", "stable", "--json").json
    assert (told["schema"], told["label"], told["number"]) == ("rxsync.version-label/1", "stable", 2)
    assert listed(rxsync)[0] == {2: "stable"}
    assert rxsync("version", "show", "tools", "2").out.splitlines()[0].endswith(", labelled stable")
    done = rxsync("version", "label", "tools", "--remove", "stable")
    assert done.out == "tools: version 2 is no longer stable\n"
    assert rxsync("version", "show", "tools", "stable").err == (
        "error: tools: no version is labelled stable; labels are: none\n"
    )


@pytest.mark.parametrize(
    "words",
    [["1"], [], ["1", "x", "--remove", "y"], ["1", "--remove", "y"], ["1", "7"], ["1", "a b"], ["1", "--", "-x"]],
)
def test_a_label_needs_a_version_and_a_name_that_is_neither_number_nor_time(rxsync, three_versions, words):
    assert rxsync("version", "label", "tools", *words).code == 2
    assert listed(rxsync)[0] == {}


def test_a_deleted_version_leaves_the_others_as_they_are(rxsync, three_versions):
    shown = rxsync("version", "show", "tools", "3", "--json").json["units"]
    assert rxsync("version", "delete", "tools", "2").out == "tools: version 2 deleted\n"
    assert rxsync("version", "show", "tools", "3", "--json").json["units"] == shown
    versions = listed(rxsync)[1]
    assert [(v["number"], v["added"], v["removed"]) for v in versions] == [(0, 0, 0), (1, 3, 0), (3, 1, 1)]
    told = rxsync("version", "delete", "tools", "1", "--json").json
    assert (told["schema"], told["number"]) == ("rxsync.version-delete/1", 1)
    assert rxsync("version", "show", "tools", "2").err == "error: tools: version 2 was deleted\n"


def test_what_must_stay_is_not_deleted_and_the_next_command_is_named(rxsync, three_versions):
    rxsync("version", "label", "tools", "1", "stable")
    rxsync("version", "pin", "tools", "2")
    said = {
        "1": "1 is labelled stable\nhint: rxsync version label tools --remove stable lets it go\n",
        "2": "2 is pinned\nhint: rxsync version unpin tools lets it go\n",
        "3": "3 is the newest, which the next one is made from\n",
    }
    for number, rest in said.items():
        done = rxsync("version", "delete", "tools", number)
        assert (done.code, done.err) == (2, f"error: tools: version {rest}")
    assert len(listed(rxsync)[1]) == 4


def test_a_version_is_found_by_a_time(rxsync, three_versions):
    for at in ("9999-01-01", "2999-12-31T23:59", "2999-12-31 23:59:59Z", "2999-12-31T23:59:59.5+02:00"):
        assert rxsync("version", "show", "tools", at, "--json").json["number"] == 3, at
    done = rxsync("version", "show", "tools", "2020-02-29")
    assert done.code == 2
    assert re.fullmatch(
        rf"error: tools: no version was made by 2020-02-29 23:59:59 UTC; the first is 0, made {WHEN}\n", done.err
    )


@pytest.mark.parametrize(
    "words",
    ["2020-02-30", "2020-2-3", "0x1", "-1", "1.5", "20:15", "0001-01-01T00:00+14:00", "", "٣", "9" * 5000, "a b"],
)
def test_what_names_no_version_is_a_usage_error(rxsync, three_versions, words):
    done = rxsync("version", "show", "tools", "--", words)
    assert (done.code, done.out) == (2, "")
    assert re.match(r"error: '.*' (names no version|is no time)", done.err)


def test_where_a_run_is_at_work_versions_are_pinned_and_labelled_but_not_made_or_deleted(rxsync, home, three_versions):
    with locked(home / "locks", "tools"):
        for words in (["rollback", "tools"], ["delete", "tools", "1"]):
            done = rxsync("version", *words)
            assert (done.code, done.err) == (5, "error: tools: another run holds the repository\n")
        for words in (["pin", "tools", "2"], ["label", "tools", "1", "x"], ["label", "tools", "--remove", "x"]):
            assert rxsync("version", *words).code == 0
        assert rxsync("version", "unpin", "tools").code == 0
    assert len(listed(rxsync)[1]) == 4


@pytest.mark.parametrize(
    "words", [["rollback", "x"], ["pin", "x"], ["unpin", "x"], ["label", "x", "1", "y"], ["delete", "x", "1"]]
)
def test_no_home_and_no_repository_is_made_where_there_is_none(rxsync, home, folder, words):
    done = rxsync("version", *words)
    assert (done.code, done.err.splitlines()[0]) == (2, f"error: {home} is no home yet")
    assert not home.exists()
    rxsync("sync", folder, "--repository", "tools")
    done = rxsync("version", *words)
    assert (done.code, done.err) == (2, "error: no repository 'x' here\n")
    assert [path.name for path in (home / "locks").iterdir()] == ["tools.lock"]


@pytest.mark.parametrize(
    "words",
    [
        ["rollback", "tools"],
        ["pin", "tools", "1"],
        ["unpin", "tools"],
        ["label", "tools", "1", "y"],
        ["delete", "tools", "1"],
    ],
)
def test_who_wants_quiet_is_told_nothing(rxsync, three_versions, words):
    done = rxsync("version", *words, "-q")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_a_version_with_skips_says_so_wherever_it_is_shown(rxsync, folder, home):
    import sqlite3

    rxsync("sync", folder, "--repository", "tools")
    with sqlite3.connect(home / "rxsync.db") as database:  # a run that skips is for another test to make
        database.execute("UPDATE repository SET last_version = 2")
        database.execute(
            "INSERT INTO repository_version (repository_id, number, created, present, added, removed, skipped)"
            " SELECT repository_id, 2, created, 3, 0, 0, 1 FROM repository_version WHERE number = 1"
        )
    database.close()
    assert listed(rxsync)[0] == {2: "with 1 skipped"}
    assert rxsync("version", "show", "tools").out.startswith("tools: version 2, 3 units, 1 unit skipped, made ")
    assert rxsync("repository", "list").out.splitlines()[1].endswith(" UTC  with 1 skipped")
    assert rxsync("repository", "show", "tools").out.startswith("tools: version 2, 3 units, with 1 skipped\n")
    assert rxsync("repository", "list", "--json").json["repositories"][0]["skipped"] == 1
    assert re.fullmatch(STAMP, rxsync("version", "show", "tools", "--json").json["created"])
