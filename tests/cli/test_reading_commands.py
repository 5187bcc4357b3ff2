"""What repositories and versions there are, for people and for programs."""

import re

import pytest

WHEN = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


@pytest.fixture
def two_versions(rxsync, folder):
    """Version 1: a, b, sub/c. Version 2: a with other bytes, b, d."""
    rxsync("sync", folder, "--repository", "tools")
    (folder / "a.txt").write_text("other\n")
    (folder / "sub" / "c.txt").unlink()
    (folder / "d.txt").write_text("d\n")
    rxsync("sync", folder, "--repository", "tools")


def test_repositories_are_listed_with_their_newest_version(rxsync, folder, two_versions):
    rxsync("sync", folder, "--repository", "another")
    heading, *rows = rxsync("repository", "list").out.splitlines()
    assert heading.split() == ["NAME", "VERSION", "UNITS", "UPDATED"]
    assert [re.sub(WHEN, "WHEN", row).split() for row in rows] == [
        ["another", "1", "3", "WHEN"],
        ["tools", "2", "3", "WHEN"],
    ]


def test_a_repository_is_shown_alike_in_the_list_and_alone(rxsync, two_versions):
    listed = rxsync("repository", "list", "--json").json
    shown = rxsync("repository", "show", "tools", "--json").json
    assert (listed["schema"], shown.pop("schema")) == ("rxsync.repository-list/1", "rxsync.repository-show/1")
    assert listed["repositories"] == [shown]
    assert re.fullmatch(STAMP, shown.pop("created"))
    assert shown == {
        "name": "tools",
        "version": 2,
        "versions": 3,
        "present": 3,
        "current": 2,
        "pinned": False,
        "skipped": 0,
    }
    assert rxsync("repository", "show", "tools").out.startswith("tools: version 2, 3 units\n")


def test_a_deleted_repository_is_gone_and_the_others_stay(rxsync, folder, two_versions):
    rxsync("sync", folder, "--repository", "another")
    assert rxsync("repository", "delete", "tools").out == "tools: deleted, with 3 versions\n"
    assert [one["name"] for one in rxsync("repository", "list", "--json").json["repositories"]] == ["another"]
    again = rxsync("repository", "delete", "tools", "--json")
    assert (again.code, again.json["schema"]) == (2, "rxsync.error/1")
    assert again.json["error"]["kind"] == "NotFoundError"


def test_versions_are_listed_oldest_first(rxsync, two_versions):
    versions = rxsync("version", "list", "tools", "--json").json["versions"]
    facts = [(v["number"], v["present"], v["added"], v["removed"]) for v in versions]
    assert facts == [(0, 0, 0, 0), (1, 3, 3, 0), (2, 3, 2, 2)]
    heading, *rows = rxsync("version", "list", "tools").out.splitlines()
    assert heading.split() == ["VERSION", "UNITS", "ADDED", "REMOVED", "MADE"]
    assert [tuple(map(int, row.split()[:4])) for row in rows] == facts


def test_a_version_is_shown_with_every_file(rxsync, two_versions):
    heading, *rows = rxsync("version", "show", "tools", "1").out.splitlines()
    assert re.fullmatch(rf"tools: version 1, 3 units, made {WHEN}", heading)
    assert rows == ["       15 B  a.txt", "       15 B  b.txt", "       19 B  sub/c.txt"]
    shown = rxsync("version", "show", "tools", "1", "--json").json
    assert (shown["schema"], shown["number"], shown["present"]) == ("rxsync.version-show/1", 1, 3)
    assert [unit["files"][0]["relative_path"] for unit in shown["units"]] == ["a.txt", "b.txt", "sub/c.txt"]
    assert {*shown["units"][0], *shown["units"][0]["files"][0]} == {
        "name", "type", "identity", "files", "relative_path", "sha256", "size",
    }  # fmt: skip


def test_a_diff_is_by_default_the_newest_against_the_one_before(rxsync, two_versions):
    told = rxsync("version", "diff", "tools").out.splitlines()
    assert told == [
        "tools: version 1 to 2: 2 added, 2 removed",
        "-      15 B  a.txt",
        "+       6 B  a.txt",
        "+       2 B  d.txt",
        "-      19 B  sub/c.txt",
    ]
    assert rxsync("version", "diff", "tools", "1", "2").out.splitlines() == told


def test_a_diff_goes_both_ways(rxsync, two_versions):
    there = rxsync("version", "diff", "tools", "0", "2", "--json").json
    back = rxsync("version", "diff", "tools", "2", "0", "--json").json
    assert (there["schema"], there["from"], there["to"]) == ("rxsync.version-diff/1", 0, 2)
    assert len(there["added"]) == 3
    assert (there["added"], there["removed"]) == (back["removed"], back["added"])


def test_one_version_alone_cannot_be_compared(rxsync, folder, upstream):
    rxsync("sync", f"{upstream.url}PULP_MANIFEST", "--repository", "tools")
    done = rxsync("version", "diff", "tools")
    assert (done.code, done.err) == (2, "error: tools: only version 0 so far, nothing to compare it with\n")


def test_a_long_path_is_whole_in_a_pipe(rxsync, folder, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    path = "/".join(["folder" * 10] * 4)
    (folder / path).mkdir(parents=True)
    (folder / path / "x").touch()
    rxsync("sync", folder, "--repository", "t" * 100)
    assert f"{path}/x\n" in rxsync("version", "show", "t" * 100, "1").out
    assert re.search(rf"^{'t' * 100}  +1  +4  {WHEN}$", rxsync("repository", "list").out, re.MULTILINE)


def test_a_manifest_makes_a_folder_a_source(rxsync, folder):
    assert rxsync("manifest", folder).out == f"{folder / 'PULP_MANIFEST'} lists 3 files\n"
    assert rxsync("manifest", folder, "--json").json == {
        "schema": "rxsync.manifest/1",
        "path": str(folder / "PULP_MANIFEST"),
        "files": 3,
    }
    assert rxsync("sync", folder, "--repository", "tools", "--json").json["added"] == 3
