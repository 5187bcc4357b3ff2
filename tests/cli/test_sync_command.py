"""``rxsync sync`` from end to end, over real files and a real server."""

import re
import time

import pytest

from rxsync.cli.errors import describe, lines
from rxsync.errors import StorageError
from rxsync.pipeline.lock import locked
from rxsync.pipeline.report import Report
from rxsync.wording import count

TO = ("--repository", "tools")


def test_a_first_sync_tells_what_it_made(rxsync, folder):
    done = rxsync("sync", folder, *TO)
    assert (done.code, done.err) == (0, "")
    assert re.fullmatch(
        r"tools: version 1, 3 units added, 0 removed\n"
        r"  declared    3 units: 3 new, 0 known\n"
        r"  downloaded  49 B in \d\.\d s, [\d.]+ k?B/s\n",
        done.out,
    )


def test_a_second_one_says_that_nothing_changed(rxsync, folder):
    rxsync("sync", folder, *TO)
    done = rxsync("sync", folder, *TO)
    assert done.code == 0
    assert done.out.splitlines()[:2] == [
        "tools: nothing changed, version 1 stays",
        "  declared    3 units: 0 new, 3 known",
    ]


def test_what_is_left_for_later_is_told(rxsync, folder):
    done = rxsync("sync", folder, *TO, "--policy", "on_demand")
    assert "  deferred    3 files left until wanted\n" in done.out
    shown = rxsync("version", "show", "tools", "1").out
    assert count(shown.count("(not here yet)"), "file") == "3 files"


def test_mirror_forgets_what_is_gone_and_additive_keeps_it(rxsync, folder):
    rxsync("sync", folder, *TO)
    (folder / "a.txt").unlink()
    assert rxsync("sync", folder, *TO, "--mode", "additive", "--json").json["version"] == 1
    report = rxsync("sync", folder, *TO, "--json").json
    assert (report["version"], report["removed"]) == (2, 1)


def test_quiet_says_nothing_and_verbose_names_the_run(rxsync, folder):
    done = rxsync("-q", "sync", folder, *TO)
    assert (done.code, done.out, done.err) == (0, "", "")
    assert re.search(r"^  run         [0-9a-f]{32}$", rxsync("sync", "-v", folder, *TO).out, re.MULTILINE)


def test_json_is_the_report_and_nothing_else(rxsync, folder):
    done = rxsync("sync", folder, *TO, "--json")
    report = done.json
    assert list(report) == list(Report(None, "tools").as_dict())
    assert (report["schema"], report["version"], report["new"], report["error"]) == ("rxsync.sync/1", 1, 3, None)
    assert (done.code, done.err) == (0, "")


def test_malformed_metadata_names_the_line_and_the_state(rxsync, folder, upstream):
    rxsync("sync", folder, *TO)
    upstream.files["PULP_MANIFEST"] = b"# tools\na," + b"0" * 64 + b",-4\n"
    done = rxsync("sync", f"{upstream.url}PULP_MANIFEST", *TO)
    assert (done.code, done.out) == (4, "")
    assert done.err == 'error: tools: PULP_MANIFEST line 2: size "-4" is negative. Version 1 stays.\n'


def test_a_first_sync_that_fails_makes_no_version(rxsync, upstream):
    done = rxsync("sync", f"{upstream.url}PULP_MANIFEST", *TO)
    assert done.code == 4
    assert done.err == f"error: tools: {upstream.url}PULP_MANIFEST: HTTP 404 Not Found. No version was made.\n"


def test_other_bytes_than_declared_end_with_6(rxsync, upstream):
    upstream.serve("a", b"right")
    upstream.files["a"] = b"wrong"
    done = rxsync("sync", f"{upstream.url}PULP_MANIFEST", *TO, "--retries", "0", "--json")
    assert done.code == done.json["exit_code"] == 6
    assert done.json["version"] is None
    assert done.json["error"]["kind"] == "DigestMismatchError"
    assert [problem["url"] for problem in done.json["problems"]] == [f"{upstream.url}a"]
    assert done.err.startswith("error: tools: ")


def test_a_guard_ends_with_8_and_the_version_stays(rxsync, folder):
    rxsync("sync", folder, *TO)
    for path in sorted(folder.rglob("*.txt")):
        path.unlink()
    done = rxsync("sync", folder, *TO)
    assert done.code == 8
    assert done.err.splitlines()[0].endswith("Version 1 stays.")
    assert rxsync("sync", folder, *TO, "--max-delete", "100%").code == 0


def test_a_locked_repository_ends_with_5_and_is_named_once(rxsync, folder, home):
    with locked(home / "locks", "tools"):
        done = rxsync("sync", folder, *TO, "--json")
    assert (done.code, done.json["run"], done.json["error"]["transient"]) == (5, None, True)
    assert done.err == "error: tools: another run holds the repository\n"


def test_credentials_are_in_no_output(rxsync, upstream):
    upstream.serve("a", b"a")
    source = f"{upstream.url}PULP_MANIFEST".replace("http://", "http://grace:lovelace@")
    calls = [
        rxsync("sync", source, *TO, "--json"),
        rxsync("sync", source, *TO, "-v"),
        rxsync("sync", source + "x", *TO, "-v"),
        rxsync("sync", source + "x", *TO, "--json"),
        rxsync("sync", source, source, *TO, "-v"),
        rxsync("sync", "grace:lovelace@host/x", *TO, "-v"),
        rxsync("sync", "ftp://grace:love/lovelace@host/", *TO, "-v", "--json"),
        rxsync("manifest", "http://grace:lovelace@host/", "-v"),
    ]
    assert [done.code for done in calls] == [0, 0, 4, 4, 2, 2, 2, 2]
    assert [word for done in calls for word in ("lovelace", "grace") if word in done.out + done.err] == []


def test_no_name_can_command_the_terminal(rxsync, folder):
    done = rxsync("sync", "no\x1b[2J\nsuch", *TO)
    assert done.err == "error: no\\x1b[2J\\nsuch: no such folder, and no URL\n"
    (folder / "evil\u202egpj.exe").touch()
    assert rxsync("sync", folder, *TO).code == 0
    assert "evil\\u202egpj.exe\n" in rxsync("version", "show", "tools", "1").out


def test_credentials_that_only_an_error_speaks_of_are_in_no_output(rxsync, folder, monkeypatch):
    def broken(*_):
        error = RuntimeError("http://grace:lovelace@host/ is gone")
        error.add_note("so is https://grace:lovelace@other/")
        raise error

    monkeypatch.setattr("rxsync.plugins.file.FilePlugin.declare", broken)
    done = rxsync("sync", folder, *TO, "--json", "-v")
    assert "lovelace" not in done.out + done.err
    assert done.json["error"]["message"] == "plugin 'file', declare: RuntimeError: http://host/ is gone"
    assert done.err.splitlines()[-3:-1] == [
        "error: unexpected: plugin 'file', declare: RuntimeError: http://host/ is gone. No version was made.",
        "  so is https://other/",
    ]


def test_a_sync_ends_with_what_its_report_says(rxsync, folder, monkeypatch):
    async def skipping(*_, **__):  # nothing can be skipped yet
        return Report("0" * 32, "tools", version=1, declared=3, new=2, skipped=1, exit_code=3)

    monkeypatch.setattr("rxsync.config.syncing.sync", skipping)
    done = rxsync("sync", folder, *TO)
    assert done.code == 3
    assert "3 units: 2 new, 0 known, 1 skipped\n" in done.out


@pytest.mark.parametrize("flag", ["", "--json"])
def test_a_plugin_that_breaks_is_told_as_a_bug(rxsync, folder, monkeypatch, flag):
    def broken(*_):
        raise KeyError("no such thing")

    monkeypatch.setattr("rxsync.plugins.file.FilePlugin.declare", broken)
    done = rxsync("sync", folder, *TO, *filter(None, [flag]))
    assert done.code == 1
    assert done.err == (
        "error: unexpected: plugin 'file', declare: KeyError: 'no such thing'. No version was made.\nhint: -v shows where it happened\n"
    )
    assert not flag or done.json["error"]["kind"] == "KeyError"
    assert "Traceback" in rxsync("sync", folder, *TO, "-v").err


def test_the_time_told_is_that_of_the_run(rxsync, folder):
    began = time.monotonic()
    told = rxsync("sync", folder, *TO, "--json").json["seconds"]
    assert 0 < told <= time.monotonic() - began


@pytest.mark.parametrize(
    ("report", "state"),
    [
        (Report("0" * 32, "tools", base_version=0), "No version was made."),
        (Report("0" * 32, "tools", base_version=3), "Version 3 stays."),
        (Report("0" * 32, "tools", 4, 3, created=True), "Version 4 was made before that."),
    ],
)
def test_an_error_says_which_version_there_is_now(report, state):
    trouble = describe(StorageError("cannot remove tmp"))
    assert list(lines(trouble, report)) == [f"error: tools: cannot remove tmp. {state}"]
