"""``rxsync plan``, and ``rxsync sync --plan``."""

import asyncio
import json

import pytest

from rxsync.plugins.file import plugin
from rxsync.plugins.file.folder import write_manifest

TO = ("--repository", "tools")


@pytest.fixture
def planned(rxsync, folder, tmp_path):
    """Plan into a file; answers its path."""

    def plan(*words):
        done = rxsync("plan", *words, "--json")
        path = tmp_path / "plan.json"
        path.write_text(done.out)
        return path

    return plan


def test_a_plan_tells_what_would_come_and_go(rxsync, folder, home):
    done = rxsync("plan", folder, *TO)
    assert (done.code, done.err) == (0, "")
    first, declared, fetch, *units = done.out.splitlines()
    assert first == "tools: 3 units would be added, 0 removed; version 0 stays until a sync"
    assert declared == "  declared    3 units: 3 new, 0 known"
    assert fetch.startswith("  to fetch    49 B in 3 files, ")
    assert units == ["  +      15 B  a.txt", "  +      15 B  b.txt", "  +      19 B  sub/c.txt"]
    assert not home.exists()
    rxsync("sync", folder, *TO)
    (folder / "a.txt").unlink()
    assert (
        rxsync("plan", folder, *TO)
        .out.splitlines()[0]
        .startswith("tools: 0 units would be added, 1 removed; version 1")
    )
    assert rxsync("sync", folder, *TO, "--dry-run").out == rxsync("plan", folder, *TO).out
    assert rxsync("version", "list", "tools", "--json").json["versions"][-1]["number"] == 1


def test_nothing_would_change(rxsync, folder):
    rxsync("sync", folder, *TO)
    assert rxsync("plan", folder, *TO).out.splitlines()[0] == "tools: nothing would change, version 1 stays"


def test_more_units_than_can_be_read_are_counted(rxsync, folder):
    for number in range(30):
        (folder / f"{number:02}").write_text("x")
    lines = rxsync("plan", folder, *TO).out.splitlines()
    assert (len(lines), lines[-1]) == (3 + 20 + 1, "  + and 13 more")
    assert len(rxsync("plan", folder, *TO, "-v").out.splitlines()) == 3 + 33


def test_a_guard_that_would_trip_ends_with_its_code(rxsync, folder):
    rxsync("sync", folder, *TO)
    for path in list(folder.rglob("*.txt")):
        path.unlink()
    done = rxsync("plan", folder, *TO)
    assert done.code == 8
    assert done.out.startswith("tools: a sync would make no version: the source is empty")
    told = rxsync("plan", folder, *TO, "--json").json
    assert (told["exit_code"], told["error"]["kind"], told["version"], len(told["remove"])) == (
        8,
        "GuardError",
        None,
        3,
    )


def test_a_plan_as_json_has_the_keys_of_a_sync_and_its_own(rxsync, folder):
    told, done = rxsync("plan", folder, *TO, "--json").json, rxsync("sync", folder, *TO, "--json").json
    assert list(told)[: len(done)] == list(done)
    assert list(told)[len(done) :] == [
        "bytes_to_download", "files_to_download", "unsized", "free", "add", "remove", "parts", "arguments", "promise"
    ]  # fmt: skip
    assert told["bytes_to_download"] == done["bytes_downloaded"]
    assert [unit["name"] for unit in told["add"]] == ["a.txt", "b.txt", "sub/c.txt"]


def test_a_plan_is_done_as_it_says(rxsync, folder, planned):
    path = planned(folder, *TO, "--mode", "additive", "--policy", "on_demand")
    done = rxsync("sync", "--plan", path, "--json")
    assert (done.code, done.json["added"], done.json["deferred"]) == (0, 3, 3)
    path = planned(folder, *TO)
    (folder / "d.txt").write_text("d")
    done = rxsync("sync", "--plan", path)
    assert (done.code, done.out) == (8, "")
    assert done.err == (
        "error: tools: other units would come or go than was planned. Version 1 stays.\nhint: rxsync plan looks again\n"
    )
    rxsync("sync", folder, *TO)
    assert "the plan starts from version 1, the repository is at 2" in rxsync("sync", "--plan", path).err


def test_a_plan_is_of_one_repository(rxsync, folder, planned):
    path = planned(folder, *TO)
    done = rxsync("sync", folder, "--repository", "other", "--plan", path)
    assert (done.code, "is a plan of tools: expected no other repository, got other" in done.err) == (2, True)
    assert rxsync("sync", folder, *TO, "--plan", path, "--json").json["added"] == 3


@pytest.mark.parametrize("text", ["", "{}", "no json"])
def test_what_is_no_plan_is_refused(rxsync, tmp_path, text):
    (tmp_path / "plan.json").write_text(text)
    done = rxsync("sync", "--plan", tmp_path / "plan.json")
    assert (done.code, "is no plan: expected what rxsync plan --json printed" in done.err) == (2, True)


def test_repositories_of_the_file_are_planned_by_name_and_all_at_once(rxsync, folder, settings, planned):
    write_manifest(folder)
    path = settings(f"[repositories.a]\nsource = '{folder}'\n[repositories.b]\nsource = '{folder}/none'\n")
    done = rxsync("--config", path, "plan")
    assert done.code == 2
    assert done.out.startswith("a: 3 units would be added")
    assert done.err.startswith("error: b: ")
    told = rxsync("--config", path, "plan", "--json").json
    assert [(one["repository"], one["exit_code"]) for one in told["plans"]] == [("a", 0), ("b", 2)]
    plan = planned("--config", path, "a")
    assert rxsync("--config", path, "sync", "--plan", plan, "--json").json["added"] == 3


def test_a_bug_in_one_plan_stops_no_other(rxsync, folder, settings, monkeypatch):
    def broken(run, known):
        if run.remote.url.endswith("none/"):
            raise ValueError("a bug")
        return asyncio.sleep(0)

    (folder / "none").mkdir()
    monkeypatch.setattr(plugin, "fingerprint", broken)
    path = settings(f"[repositories.b]\nsource = '{folder}/none'\n[repositories.a]\nsource = '{folder}'\n")
    done = rxsync("--config", path, "plan")
    assert (done.code, done.out.splitlines()[0][:27]) == (1, "a: 3 units would be added, ")
    assert done.err.startswith("error: b: unexpected: ValueError: a bug")
    told = rxsync("--config", path, "plan", "--json").json
    assert [(one["repository"], one["exit_code"]) for one in told["plans"]] == [("b", 1), ("a", 0)]


def test_no_credentials_are_in_a_plan(rxsync, upstream):
    upstream.serve("a", b"a")
    url = upstream.url.replace("http://", "http://ada:lovelace@") + "PULP_MANIFEST"
    done = rxsync("plan", url, *TO, "--json")
    assert (done.code, "lovelace" in done.out + done.err) == (0, False)
    assert json.loads(done.out)["arguments"]["source"] == f"{upstream.url}PULP_MANIFEST"


def test_a_source_that_fails_is_told_as_by_a_sync(rxsync, upstream):
    done = rxsync("plan", f"{upstream.url}none/PULP_MANIFEST", *TO, "--retries", "0", "--json")
    assert (done.code, done.json["error"]["kind"], done.json["schema"]) == (4, "HttpStatusError", "rxsync.sync/1")


def test_full_reads_a_source_that_says_nothing_has_changed(rxsync, folder):
    write_manifest(folder)
    rxsync("sync", folder, *TO)
    assert rxsync("sync", folder, *TO).out == "tools: the source is unchanged, version 1 stays\n"
    assert "declared    3 units" in rxsync("sync", folder, *TO, "--full").out


@pytest.mark.parametrize(
    "edit",
    [
        {"max_concurrent": "5"},
        {"rate": "5/s"},
        {"bwlimit": "10M"},
        {"include": [5]},
        {"include": "*"},
        {"options": [1]},
        {"newest": "2"},
        {"min_age": "1d"},
        {"retain_versions": "x"},
        {"plugin": 5},
        {"polcy": "immediate"},
    ],
    ids=str,
)
def test_a_plan_that_was_edited_into_something_else_is_refused(rxsync, folder, planned, edit):
    path = planned(folder, *TO)
    plan = json.loads(path.read_text())
    plan["arguments"] |= edit
    path.write_text(json.dumps(plan))
    done = rxsync("sync", "--plan", path)
    assert (done.code, "is no plan: expected what rxsync plan --json printed" in done.err) == (2, True)


def test_brackets_without_end_are_no_plan(rxsync, tmp_path):
    (tmp_path / "plan.json").write_text("[" * 100_000)
    assert rxsync("sync", "--plan", tmp_path / "plan.json").code == 2
