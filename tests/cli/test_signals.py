"""Stopping a sync that waits for a server that never ends its answer. Real processes, real signals."""

import json
import os
import pty
import signal
from pathlib import Path

import pytest


@pytest.fixture
def endless(upstream):
    """The URL of a source whose second file never ends."""
    upstream.serve("whole", b"whole")
    upstream.serve("endless", b"x" * 1_000_000)
    upstream.endless.add("endless")
    return f"{upstream.url}PULP_MANIFEST"


def leftovers(home):
    """What lies about that no version refers to."""
    return [path for path in (home / "tmp").rglob("*") if path.is_file()]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_a_sync_which_cleans_up_and_says_so(spawn, upstream, endless, home, number, code):
    process = spawn("sync", endless, "--repository", "tools", "--json")
    assert upstream.begun.wait(60)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    report = json.loads(out)
    assert process.returncode == report["exit_code"] == code
    assert (report["error"]["kind"], report["version"], report["base_version"]) == ("Cancelled", None, 0)
    assert err == (
        "error: tools: stopped on request. No version was made.\nhint: the next sync goes on where this one stopped\n"
    )
    assert leftovers(home) == []


def test_more_signals_change_nothing(spawn, upstream, endless, home):
    process = spawn("sync", endless, "--repository", "tools")
    assert upstream.begun.wait(60)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGINT, signal.SIGTERM):
        process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode in (130, 143)  # the system may hand over two that wait in either order
    assert (out, err.count("\n"), "Traceback" in err) == ("", 2, False)
    assert leftovers(home) == []


def test_a_sync_that_was_stopped_goes_on_next_time(spawn, rxsync, upstream, endless):
    process = spawn("sync", endless, "--repository", "tools")
    assert upstream.begun.wait(60)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    upstream.endless.clear()
    report = rxsync("sync", endless, "--repository", "tools", "--json").json
    assert (report["exit_code"], report["version"], report["declared"]) == (0, 1, 2)


def test_a_signal_that_was_ignored_from_the_start_stays_so(spawn, upstream, endless):
    def ignore():
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    process = spawn("sync", endless, "--repository", "tools", preexec_fn=ignore)
    assert upstream.begun.wait(60)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 143


def test_the_screen_is_gone_before_the_error_is_told(spawn, upstream, endless):
    ours, theirs = pty.openpty()
    process = spawn("sync", endless, "--repository", "tools", stderr=theirs, env={**os.environ, "TERM": "xterm"})
    os.close(theirs)
    shown = b""
    while b"download_artifacts" not in shown:  # ends with an OSError if the process does
        shown += os.read(ours, 65536)
    process.send_signal(signal.SIGINT)
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:  # how Linux says that nobody holds the other end any more
        pass
    os.close(ours)
    assert process.wait(60) == 130
    drawn, _, told = shown.decode().rpartition("\x1b[?25h")  # the cursor is back
    erased = told.lstrip("\r\n\x1b[12KAM")
    assert "\x1b[?25l" in drawn
    assert erased.startswith("error: tools: stopped on request.")


@pytest.mark.parametrize(("args", "code"), [(["--help"], 0), (["sync", ".", "--json", "--bogus"], 2)])
def test_a_reader_who_has_left_changes_no_exit_code(spawn, args, code):
    ours, theirs = os.pipe()
    os.close(ours)
    process = spawn(*args, stdout=theirs)
    os.close(theirs)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Broken" not in err
    assert "Exception" not in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_result_that_cannot_be_written_is_an_error(spawn, folder):
    with Path("/dev/full").open("w") as full:
        process = spawn("sync", folder, "--repository", "tools", stdout=full)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert err.startswith("error: unexpected: OSError: ")
    assert "Exception ignored" not in err


def test_output_is_whole_in_a_terminal_that_knows_only_ascii(spawn, rxsync, folder):
    (folder / "é.txt").touch()
    rxsync("sync", folder, "--repository", "tools")
    process = spawn("version", "show", "tools", "1", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert "\\xe9.txt\n" in out


ENDLESS = """
import asyncio
from peewee import IntegerField
from rxsync.plugin import Content, DeclarativeContent, Plugin

class Number(Content):
    number = IntegerField()
    class Meta:
        content_type = "endless.number"
        natural_key = ("number",)

class Endless(Plugin):
    name = "endless"
    content_types = (Number,)

    async def declare(self, run):
        number = 0
        while True:
            if number == 5000:
                open(run.remote.url.removeprefix("file://") + "begun", "w").close()
            yield DeclarativeContent(Number(number=number))
            number += 1
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_third_partys_source_that_never_ends_is_stopped(spawn, rxsync, tmp_path, home, number, code):
    """Nor does it ever wait: it is the line that makes it pause."""
    (tmp_path / "endless.py").write_text(ENDLESS)
    named = tmp_path / "endless-1.dist-info"
    named.mkdir()
    (named / "METADATA").write_text("Metadata-Version: 2.1\nName: endless\nVersion: 1\n")
    (named / "entry_points.txt").write_text("[rxsync.plugins]\nendless = endless:Endless\n")
    source = tmp_path / "source"
    source.mkdir()
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    command = ["sync", f"{source}/", "--repository", "numbers", "--plugin", "endless", "--json"]
    process = spawn(*command, env={**os.environ, "PYTHONPATH": path})
    while not (source / "begun").exists():
        assert process.poll() is None, process.communicate()
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    report = json.loads(out)
    assert process.returncode == report["exit_code"] == code
    assert (report["error"]["kind"], report["version"]) == ("Cancelled", None)
    assert report["declared"] >= 5000
    assert ("Traceback" in err, leftovers(home)) == (False, [])
    assert [one["present"] for one in rxsync("version", "list", "numbers", "--json").json["versions"]] == [0]
