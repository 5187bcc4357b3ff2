"""``rxsync status`` and ``rxsync log``, for people and for monitors."""

import re
import sqlite3
from contextlib import closing

import pytest

STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
WHEN = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"


@pytest.fixture
def standing(rxsync, folder, home):
    """Repository old, whose last good run is two days ago and whose last run failed; new, of just now; never."""
    rxsync("sync", folder, "--repository", "old")
    change(home, "UPDATE sync_run SET finished = datetime('now', '-2 days')")
    (folder / "PULP_MANIFEST").write_text("rubbish\n")
    rxsync("sync", folder, "--repository", "old")
    rxsync("sync", folder, "--repository", "never")
    (folder / "PULP_MANIFEST").unlink()
    rxsync("sync", folder, "--repository", "new")


def change(home, sql):
    with closing(sqlite3.connect(home / "rxsync.db")) as database, database:
        database.execute(sql)


def rows(out):
    return [re.split(r" {2,}", line.strip()) for line in out.splitlines()]


def test_status_is_a_line_for_each_repository(rxsync, standing):
    heading, *told = rows(rxsync("status").out)
    assert heading == ["NAME", "VERSION", "UNITS", "SIZE", "CHECKED", "LAST"]
    assert [row[:4] for row in told] == [
        ["never", "0", "0", "0 B"],
        ["new", "1", "3", "49 B"],
        ["old", "1", "3", "49 B"],
    ]
    assert told[0][4] == "never"
    assert re.fullmatch(r"\d+ s ago", told[1][4])
    assert told[2][4] == "2 d ago"
    assert [row[5] for row in told][1] == "ok"
    assert told[2][5].startswith("failed: PULP_MANIFEST line 1: ")
    assert told[2][5].endswith("…")
    assert len(told[2][5]) <= 60


def test_a_pin_and_skips_are_told_with_the_version(rxsync, standing, home):
    change(home, "DROP TRIGGER immutable_facts_update")
    change(home, "UPDATE repository_version SET skipped = 1204 WHERE number = 1")
    assert rows(rxsync("status", "new").out)[1][1] == "1 with 1,204 skipped"
    change(home, "UPDATE repository SET pinned = 1")
    assert rows(rxsync("status", "new").out)[1][1] == "1 pinned with 1,204 skipped"
    change(home, "UPDATE repository SET pinned = 0")
    assert rows(rxsync("status", "new").out)[1][1:3] == ["0 pinned", "0"]


def test_what_was_not_checked_for_too_long_is_exit_code_3_and_named(rxsync, standing):
    done = rxsync("status", "--max-age", "26h")
    assert (done.code, done.err) == (3, "stale: never (never), old (2 d ago)\n")
    assert [row[4].endswith("stale") for row in rows(done.out)[1:]] == [True, False, True]
    assert rxsync("status", "--max-age", "3d", "new", "old").code == 0
    assert rxsync("status", "new", "--max-age", "1h").err == ""
    assert rxsync("status").code == 0


def test_a_limit_can_come_from_the_environment_and_must_be_one(rxsync, standing, monkeypatch):
    monkeypatch.setenv("RXSYNC_MAX_AGE", "1h")
    assert rxsync("status").code == 3
    done = rxsync("status", "--max-age", "soon")
    assert done.code == 2
    assert '"soon": expected a number' in done.err


def test_status_for_programs(rxsync, standing):
    done = rxsync("status", "new", "never", "--json", "--max-age", "1h")
    assert (done.code, done.json["schema"], done.json["exit_code"]) == (3, "rxsync.status/1", 3)
    never, new = done.json["repositories"]
    assert re.fullmatch(STAMP, new.pop("checked"))
    assert 0 <= new.pop("age") < 600
    assert re.fullmatch("[0-9a-f]{32}", new.pop("run"))
    assert new == {
        "name": "new", "version": 1, "pinned": False, "skipped": 0, "present": 3, "size": 49, "stale": False,
        "outcome": "ok", "exit_code": 0,
    }  # fmt: skip
    assert (never["checked"], never["age"], never["stale"], never["exit_code"]) == (None, None, True, 4)
    assert rxsync("status", "new", "--json").json["repositories"][0]["stale"] is None


def test_what_is_no_repository_is_named(rxsync, standing):
    done = rxsync("status", "new", "nope")
    assert (done.code, done.err) == (2, "error: no repository 'nope' here\n")
    assert rxsync("log", "nope").err == "error: no run of a repository 'nope' here\n"


def test_the_log_is_a_line_for_each_run_newest_first(rxsync, standing):
    heading, *told = rows(rxsync("log").out)
    assert heading == ["TIME", "REPOSITORY", "RUN", "VERSION", "NEW/ALL", "SECONDS", "OUTCOME"]
    assert [row[1] for row in told] == ["new", "never", "old", "old"]
    assert all(re.fullmatch(WHEN, row[0]) and re.fullmatch("[0-9a-f]{8}", row[2]) for row in told)
    assert told[0][3:5] == ["1", "0/3"]
    assert told[0][6] == "ok"
    assert told[3][3:5] == ["1", "3/3"]
    assert told[1][-1].startswith("failed: PULP_MANIFEST line 1: ")
    assert len(rows(rxsync("log", "old").out)) == 3
    assert len(rows(rxsync("log", "--limit", "2").out)) == 3


def test_a_limit_beyond_all_that_a_database_counts_is_all_there_is(rxsync, standing):
    assert (
        len(rows(rxsync("log", "--limit", "9" * 30).out))
        == len(rows(rxsync("log", "old", "--limit", "9" * 30).out)) + 2
    )


def test_the_log_for_programs(rxsync, standing):
    done = rxsync("log", "--json").json
    assert done["schema"] == "rxsync.log/1"
    good, bad = done["runs"][0], done["runs"][1]
    assert [*good] == [
        "run", "repository", "source", "started", "finished", "exit_code", "outcome",
        "version", "created", "declared", "new", "filtered", "skipped", "failed", "seconds", "error",
    ]  # fmt: skip
    assert (good["version"], good["created"], good["outcome"], good["error"]) == (1, True, "ok", None)
    assert (bad["version"], bad["exit_code"], bad["error"]["kind"]) == (None, 4, "MetadataError")


def test_a_run_is_told_as_it_was_when_it_ended_with_every_problem(rxsync, folder, upstream):
    for number in range(12):
        upstream.serve(f"{number}.txt", b"x" * number)
    summary = rxsync("sync", f"{upstream.url}PULP_MANIFEST", "--repository", "tools").out.splitlines()
    run = rxsync("log", "--json").json["runs"][0]["run"]
    told = rxsync("log", "--run", run[:6]).out.splitlines()
    assert told[: len(summary)] == summary
    assert told[len(summary)] == f"  run         {run}"
    assert re.fullmatch(f"  when        {WHEN} to {WHEN}", told[len(summary) + 1])
    assert told[-1] == f"  source      {upstream.url}PULP_MANIFEST"


def test_a_failed_run_names_the_unit_the_stage_the_url_and_the_attempts(rxsync, upstream):
    upstream.serve("a.txt", b"a")
    del upstream.files["a.txt"]
    assert rxsync("sync", f"{upstream.url}PULP_MANIFEST", "--repository", "tools").code == 4
    run = rxsync("log", "--json").json["runs"][0]["run"]
    told = rxsync("log", "tools", "--run", run).out.splitlines()
    assert told[0].startswith("tools: failed")
    assert told[-2].startswith("  HttpStatusError  a.txt: ")
    assert told[-1] == f"              download_artifacts, 1 attempt, {upstream.url}a.txt"
    shown = rxsync("log", "--run", run, "--json").json
    assert (shown["schema"], shown["exit_code"], shown["source"]) == (
        "rxsync.log-run/1",
        4,
        f"{upstream.url}PULP_MANIFEST",
    )
    assert shown["report"]["problems"][0]["relative_path"] == "a.txt"


def test_all_problems_of_a_run_are_told_however_many(rxsync, folder, home):
    rxsync("sync", folder, "--repository", "tools")
    problem = '{"relative_path": "f", "url": null, "reason": "odd", "kind": "invalid", "stage": "lint", "attempts": 0}'
    parts = f'[{{"run": null, "repository": "p", "problems": [{problem}]}}]'
    report = f'{{"problems": [{", ".join([problem] * 12)}], "repositories": {parts}}}'
    change(home, f"UPDATE sync_run SET report = '{report}'")
    told = rxsync("log", "--run", "").out.splitlines()
    assert told.count("  invalid     f: odd") == 13
    assert told.count("              lint") == 13


def test_a_run_without_an_end_is_shown_as_far_as_it_is_known(rxsync, folder, home):
    rxsync("sync", folder, "--repository", "tools")
    change(home, "UPDATE sync_run SET finished = NULL, exit_code = NULL, report = NULL")
    run = rxsync("log", "--json").json["runs"][0]["run"]
    told = rxsync("log", "--run", run).out.splitlines()
    assert told[0] == "tools: died"
    assert rows(rxsync("log").out)[1][-1] == "died"
    assert rxsync("log", "--run", run, "--json").json["report"] is None


def test_a_run_of_another_repository_or_none_is_refused(rxsync, folder):
    rxsync("sync", folder, "--repository", "tools")
    run = rxsync("log", "--json").json["runs"][0]["run"]
    done = rxsync("log", "other", "--run", run)
    assert (done.code, done.err) == (2, f"error: run {run} is of tools, not of other\n")
    assert rxsync("log", "--run", "zz").err == "error: no run begins with 'zz'\n"


def test_runs_of_a_repository_that_was_deleted_say_nothing_of_another_of_that_name(rxsync, folder):
    rxsync("sync", folder, "--repository", "tools")
    rxsync("repository", "delete", "tools")
    (folder / "PULP_MANIFEST").write_text("rubbish\n")
    assert rxsync("sync", folder, "--repository", "tools").code == 4
    (told,) = rxsync("status", "--json").json["repositories"]
    assert (told["checked"], told["exit_code"]) == (None, 4)
    assert rxsync("status", "--max-age", "1h").code == 3
    assert len(rxsync("log", "tools", "--json").json["runs"]) == 2
