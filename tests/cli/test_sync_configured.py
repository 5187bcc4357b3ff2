"""``rxsync sync`` of what ``rxsync.toml`` says."""

import asyncio
import base64
import json
import os
import signal
from contextlib import closing, suppress
from sqlite3 import connect

import pytest

from rxsync.cli import run
from rxsync.cli.globals import Settings
from rxsync.pipeline.lock import locked
from rxsync.pipeline.progress import Finished
from rxsync.pipeline.report import Report

SECRET = "s3cr3t/canary"


@pytest.fixture
def twelve(settings, tmp_path, upstream):
    """Twelve repositories: ten folders, a server, and a server that is not there."""
    upstream.serve("remote", b"bytes")
    text = "[defaults]\nretries = 0\n"
    for number in range(10):
        folder = tmp_path / "sources" / str(number)
        folder.mkdir(parents=True)
        (folder / "file").write_text(f"bytes of {number}")
        text += f"[repositories.folder-{number}]\nsource = '{folder}'\n"
        if number == 4:
            text += f"[repositories.broken]\nsource = '{upstream.url}none/PULP_MANIFEST'\n"
    return settings(f"{text}[remotes.up]\nurl = '{upstream.url}PULP_MANIFEST'\n[repositories.served]\nremote = 'up'\n")


def test_twelve_are_synced_with_one_command_though_one_of_them_is_broken(rxsync, twelve, upstream):
    done = rxsync("--config", twelve, "sync")
    assert done.code == 4
    assert done.err == f"error: broken: {upstream.url}none/PULP_MANIFEST: HTTP 404 Not Found. No version was made.\n"
    heading, *rows, last = done.out.splitlines()
    assert heading.split() == ["REPOSITORY", "VERSION", "ADDED", "REMOVED", "SKIPPED", "TIME"]
    order = [f"folder-{n}" for n in range(5)] + ["broken"] + [f"folder-{n}" for n in range(5, 10)] + ["served"]
    assert [row.split()[0] for row in rows] == order
    assert rows[0].split()[1:5] == ["1", "1", "0", "0"]
    assert rows[5].endswith("failed: the upstream failed")
    assert last == "12 repositories: 1 failed (broken)"
    assert len(rxsync("repository", "list", "--json").json["repositories"]) == 12

    again = rxsync("--config", twelve, "sync")
    assert (again.out.count("unchanged"), again.out.count("nothing changed")) == (1, 10)


def test_status_and_log_tell_the_story_afterwards(rxsync, twelve):
    rxsync("--config", twelve, "sync")
    told = {one["name"]: one for one in rxsync("status", "--json").json["repositories"]}
    assert len(told) == 12
    assert (told["broken"]["version"], told["broken"]["checked"], told["broken"]["exit_code"]) == (0, None, 4)
    assert told["broken"]["outcome"].startswith("failed: ")
    assert {one["outcome"] for name, one in told.items() if name != "broken"} == {"ok"}
    assert rxsync("status", "folder-3", "served", "--max-age", "1h").code == 0
    stale = rxsync("status", "--max-age", "1h")
    assert (stale.code, stale.err) == (3, "stale: broken (never)\n")
    runs = rxsync("log", "--json").json["runs"]
    assert (len(runs), [one["repository"] for one in runs if one["exit_code"]]) == (12, ["broken"])
    (broken,) = rxsync("log", "broken", "--json").json["runs"]
    shown = rxsync("log", "--run", broken["run"][:12]).out
    assert "HTTP 404 Not Found" in shown
    assert "none/PULP_MANIFEST" in shown


def test_the_same_as_one_object(rxsync, twelve):
    done = rxsync("--config", twelve, "sync", "--json")
    told = done.json
    assert list(told) == ["schema", "repositories", "not_begun", "error", "exit_code"]
    assert (told["schema"], told["exit_code"], told["error"], told["not_begun"]) == ("rxsync.sync-all/1", 4, None, [])
    assert [list(one) for one in told["repositories"]] == [list(Report(None, "x").as_dict())] * 12
    broken = told["repositories"][5]
    assert (broken["repository"], broken["exit_code"], broken["error"]["kind"]) == ("broken", 4, "HttpStatusError")
    assert done.err.count("\n") == 1


def test_one_that_is_named_is_told_of_as_any_other_sync(rxsync, twelve):
    done = rxsync("--config", twelve, "sync", "folder-3")
    assert done.out.startswith("folder-3: version 1, 1 unit added")
    assert rxsync("--config", twelve, "sync", "folder-3", "--json").json["schema"] == "rxsync.sync/1"
    assert [one["name"] for one in rxsync("repository", "list", "--json").json["repositories"]] == ["folder-3"]


def test_many_that_are_named_are_synced_in_that_order(rxsync, twelve):
    told = rxsync("--config", twelve, "sync", "served", "folder-1", "--json").json
    assert [one["repository"] for one in told["repositories"]] == ["served", "folder-1"]


def test_quiet_leaves_the_errors_and_verbose_says_more(rxsync, twelve):
    done = rxsync("--config", twelve, "sync", "-q", "broken", "served")
    assert (done.code, done.out, done.err.count("\n")) == (4, "", 1)
    done = rxsync("--config", twelve, "sync", "-v", "broken", "served")
    assert "Traceback" in done.err
    assert "served: the source is unchanged, version 1 stays\n  run" in done.out


@pytest.mark.parametrize(
    ("words", "says", "hint"),
    [
        (("tols",), 'no repository "tols" in {path}: did you mean "tools"?', None),
        (("tools", "x" * 9), 'no repository "xxxxxxxxx" in {path}: it has tools', None),
        (("http://ada:s3cr3t@host/",), 'no repository "http://host/" in {path}: it has tools', "--repository NAME"),
        (("source",), 'no repository "source" in {path}: it has tools', "--repository NAME"),
    ],
)
def test_a_name_that_is_not_configured_is_told_with_the_nearest(rxsync, settings, folder, words, says, hint):
    path = settings("[repositories.tools]\nsource = '/srv'")
    done = rxsync("--config", path, "sync", *words)
    error, *rest = done.err.splitlines()
    assert (done.code, error) == (2, "error: " + says.format(path=path))
    assert [hint in line for line in rest] == [True] * (hint is not None)
    assert "s3cr3t" not in done.err + rxsync("--config", path, "sync", *words, "--json").out


def test_without_any_repository_it_is_told_what_to_do(rxsync, home):
    done = rxsync("sync")
    assert done.code == 2
    assert done.err == (
        f"error: {home}/rxsync.toml does not exist: no repository is configured\n"
        "hint: [repositories.NAME] in it makes one; rxsync sync SOURCE --repository NAME mirrors a URL or a folder\n"
    )
    told = rxsync("sync", "--json").json
    assert (told["schema"], told["exit_code"], told["error"]["kind"]) == ("rxsync.sync-all/1", 2, "UsageError")
    assert not home.exists()


def test_a_bad_flag_is_told_once_and_begins_nothing(rxsync, twelve, home):
    done = rxsync("--config", twelve, "sync", "--max-delete", "half")
    assert (done.code, done.err.count("error: ")) == (2, 1)
    assert not home.exists()


def test_a_broken_file_begins_nothing_not_even_one_source(rxsync, settings, folder, home):
    path = settings("[defaults]\nmode = 'miror'")
    for words in (("sync",), ("sync", "tools"), ("sync", folder, "--repository", "tools")):
        assert rxsync("--config", path, *words).code == 2
    assert not home.exists()


def test_one_that_is_locked_or_misconfigured_stops_no_other_and_the_worst_is_the_exit_code(
    rxsync, settings, folder, home
):
    path = settings(
        f"[repositories.a]\nsource = '{folder}'\n[repositories.b]\nsource = '{folder}'\nplugin = 'nope'\n"
        f"[repositories.c]\nsource = '{folder}'\n"
    )
    with locked(home / "locks", "a"):
        done = rxsync("--config", path, "sync")
    assert done.code == 2
    assert done.err == "error: a: another run holds the repository\nerror: b: no plugin 'nope'; installed: file\n"
    assert "failed: locked by another run\n" in done.out
    assert done.out.endswith("3 repositories: 2 failed (a, b)\n")


def test_a_bug_of_a_plugin_stops_no_other(rxsync, settings, folder, monkeypatch):
    def broken(_, run):
        if "broken" in run.remote.url:
            raise KeyError("http://ada:s3cr3t@host/")
        return real(_, run)

    real = __import__("rxsync.plugins.file").plugins.file.FilePlugin.declare
    monkeypatch.setattr("rxsync.plugins.file.FilePlugin.declare", broken)
    (folder / "broken").mkdir()
    path = settings(f"[repositories.a]\nsource = '{folder}/broken'\n[repositories.b]\nsource = '{folder}'\n")
    done = rxsync("--config", path, "sync", "--json")
    assert done.code == 1
    assert [one["exit_code"] for one in done.json["repositories"]] == [1, 0]
    assert done.err.startswith("error: a: unexpected: plugin 'file', declare: KeyError")
    assert "s3cr3t" not in done.out + done.err


def test_units_that_were_skipped_are_told(rxsync, settings, folder, monkeypatch):
    async def skipping(_, repository, **__):
        report = Report("0" * 32, repository.name, version=1, declared=3, new=2, skipped=1, exit_code=3)
        report.problems = [
            __import__("rxsync.pipeline.report").pipeline.report.Problem("a", None, "odd", "RejectedError", None, 0)
        ]
        return report

    monkeypatch.setattr("rxsync.config.syncing.sync", skipping)
    done = rxsync("--config", settings(f"[repositories.a]\nsource = '{folder}'"), "sync")
    assert done.code == 3
    assert "  RejectedError  a: odd\n" in done.out
    assert done.out.endswith("1 repository: 1 with units skipped (a)\n")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("json_", [False, True])
def test_a_signal_stops_them_all_and_what_was_not_begun_is_told(spawn, settings, folder, upstream, number, code, json_):
    upstream.serve("endless", b"x" * 1_000_000)
    upstream.endless.add("endless")
    path = settings(
        f"[repositories.first]\nsource = '{folder}'\n[repositories.long]\nsource = '{upstream.url}PULP_MANIFEST'\n"
        f"[repositories.last]\nsource = '{folder}'\n"
    )
    process = spawn("--config", path, "sync", *["--json"] * json_)
    assert upstream.begun.wait(60)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert err == (
        "error: long: stopped on request. No version was made.\nhint: the next sync goes on where this one stopped\n"
    )
    if json_:
        told = json.loads(out)
        assert (told["exit_code"], told["not_begun"], told["error"]["kind"]) == (code, ["last"], "Cancelled")
        assert [one["exit_code"] for one in told["repositories"]] == [0, code]
    else:
        assert out.splitlines()[-1] == "3 repositories: 1 failed (long), 1 not begun (last)"
        assert out.splitlines()[-2].split() == ["last", "not", "begun"]


def test_a_signal_that_a_sync_held_back_until_its_version_was_made_stops_the_others(settings, monkeypatch, capfd):
    async def holding(_, repository, *, events, **__):
        os.kill(os.getpid(), signal.SIGTERM)
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        report = Report("0" * 32, repository.name, version=1)
        events.on_next(Finished(report))
        return report

    monkeypatch.setattr("rxsync.config.syncing.sync", holding)
    path = settings("[repositories.a]\nsource = '/'\n[repositories.b]\nsource = '/'")
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    called = Settings()
    called.stop.listen()
    try:
        code = run(["--config", str(path), "sync", "--json"], called)
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
    told = json.loads(capfd.readouterr().out)
    assert (code, told["exit_code"], told["not_begun"]) == (143, 143, ["b"])
    assert [(one["repository"], one["version"]) for one in told["repositories"]] == [("a", 1)]


def everything(path):
    """Every value in a database, and every byte of its file and of its log."""
    with closing(connect(path)) as database:
        dump = "\n".join(database.iterdump())
    return dump.encode() + b"".join(one.read_bytes() for one in path.parent.glob(f"{path.name}*"))


def test_a_user_and_a_password_from_a_file_sign_in_and_are_in_no_output(rxsync, settings, upstream, home, tmp_path):
    upstream.serve("a", b"a")
    path = settings(
        f"[remotes.up]\nurl = '{upstream.url}PULP_MANIFEST'\nusername = 'ada'\npassword_file = 'pw'\nretries = 0\n"
        f"[remotes.gone]\nurl = '{upstream.url}gone'\nusername = 'ada'\npassword_file = 'pw'\nretries = 0\n"
        "[repositories.a]\nremote = 'up'\n[repositories.b]\nremote = 'gone'\n[repositories.c]\nremote = 'up'\nplugin = 'nope'\n"
    )
    (path.parent / "pw").write_text(f"{SECRET}\n")
    calls = [
        rxsync("--config", path, "sync", *words)
        for words in ((), ("-v",), ("--json",), ("a", "-v"), ("a", "--json"), ("b", "-v"), ("b", "--json"), ("c", "-v"))
    ]
    calls.append(rxsync("--config", path, "config"))
    basic = f"Basic {base64.b64encode(f'ada:{SECRET}'.encode()).decode()}"
    assert upstream.heard[:3] == [("PULP_MANIFEST", basic), ("PULP_MANIFEST", basic), ("a", basic)]  # a look first
    assert [done.code for done in calls] == [2, 2, 2, 0, 0, 4, 4, 2, 2]
    told = "".join(done.out + done.err for done in calls).encode() + everything(home / "rxsync.db")
    for hidden in (SECRET, "s3cr3t", "s3cr3t%2Fcanary", basic.removeprefix("Basic ")):
        assert hidden.encode() not in told


def test_a_bearer_token_signs_in_at_its_remote_and_is_in_no_output(rxsync, settings, upstream, home, monkeypatch):
    upstream.serve("a", b"a")
    monkeypatch.setenv("RXSYNC_REMOTE_UP_TOKEN", SECRET)
    path = settings(
        f"[remotes.up]\nurl = '{upstream.url}PULP_MANIFEST'\n[repositories.a]\nremote = 'up'\n"
        f"[repositories.b]\nsource = '{upstream.url}gone'\n[defaults]\nretries = 0"
    )
    calls = [rxsync("--config", path, "sync", *words) for words in ((), ("-v",), ("--json",), ("a", "--json"))]
    assert set(upstream.heard) == {("PULP_MANIFEST", f"Bearer {SECRET}"), ("a", f"Bearer {SECRET}"), ("gone", None)}
    assert [done.code for done in calls] == [4, 4, 4, 0]
    assert SECRET.encode() not in "".join(done.out + done.err for done in calls).encode() + everything(
        home / "rxsync.db"
    )


def test_a_secret_that_is_missing_fails_its_repository_alone(rxsync, settings, folder, upstream):
    path = settings(
        f"[remotes.up]\nurl = '{upstream.url}'\nusername = 'ada'\npassword_file = 'none'\n"
        f"[repositories.a]\nremote = 'up'\n[repositories.b]\nsource = '{folder}'\n"
    )
    done = rxsync("--config", path, "sync")
    assert done.code == 2
    assert done.err == f"error: a: {path.parent}/none: no such file or directory; expected a file with a secret\n"
    assert upstream.heard == []
    assert done.out.endswith("2 repositories: 1 failed (a)\n")
