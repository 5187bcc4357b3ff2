"""A sync follows its file when it gets a SIGHUP. Real processes, real signals."""

import fcntl
import os
import pty
import signal
import termios
import time

import pytest

NEVER = "rate = '1/h'"  # the manifest is read, and nothing after it


@pytest.fixture
def begun(spawn, upstream, settings):
    """Begin a sync that a rate in the file keeps from going on; gives the process once it waits for its turn."""

    def begin(*args, files=("a", "b"), rate=NEVER, **how):
        for name in files:
            upstream.serve(name, name.encode())
        path = settings(written(upstream, rate))
        process = spawn("sync", *args, "--config", path, **how)
        while not upstream.heard:
            assert process.poll() is None
            time.sleep(0.01)
        return process

    return begin


def written(upstream, rate, names=("tools",)):
    tables = (f"[repositories.{name}]\nsource = '{upstream.url}PULP_MANIFEST'\n" for name in names)
    return "".join((f"[defaults]\n{rate}\n", *tables))


def test_what_the_file_says_now_holds_at_once_and_is_told_in_a_line(begun, settings, upstream):
    process = begun("tools")
    settings(written(upstream, "rate = 'off'\nbwlimit = '50M'\nmax_concurrent = 'auto'"))
    process.send_signal(signal.SIGHUP)
    out, err = process.communicate(timeout=60)
    assert err == "tools: max_concurrent auto, rate off, bwlimit 50.0 MB/s\n"
    assert (process.returncode, out.splitlines()[0]) == (0, "tools: version 1, 2 units added, 0 removed")


def test_a_file_that_is_wrong_changes_nothing(begun, settings, upstream):
    process = begun("tools")
    path = settings(written(upstream, "rate = 20\nretrys = 3"))
    process.send_signal(signal.SIGHUP)
    told = process.stderr.readline()
    expected = 'expected a number with `/s`, `/m` or `/h`, such as "20/s", or off'
    assert told == f"{path} line 2: rate = 20: {expected}; nothing has changed\n"
    path.unlink()
    process.send_signal(signal.SIGHUP)
    assert process.stderr.readline() == f"{path}: there is no such file; nothing has changed\n"
    assert process.poll() is None
    settings(written(upstream, "rate = 'off'"))
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_what_was_said_on_the_command_line_goes_on_going_before_the_file(begun, settings, upstream):
    process = begun("tools", "--rate", "2/h")
    settings(written(upstream, "rate = 'off'\nmax_concurrent = 7"))
    process.send_signal(signal.SIGHUP)
    assert process.stderr.readline() == "tools: max_concurrent 7, rate 0.000555556/s, bwlimit off\n"
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 143


def test_a_source_that_the_file_does_not_know_follows_its_defaults(begun, settings, upstream):
    process = begun(f"{upstream.url}PULP_MANIFEST", "--repository", "new")
    settings("[limits]\nmax_concurrent = 3\n")
    process.send_signal(signal.SIGHUP)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "new: max_concurrent 3, rate off, bwlimit off\n")


def test_the_repositories_that_come_after_it_follow_the_file_too(begun, settings, upstream):
    path = settings(written(upstream, NEVER, ("tools", "isos")))
    upstream.serve("a", b"a")
    process = begun(files=(), rate=f"{NEVER}\n[repositories.isos]\nsource = '{upstream.url}PULP_MANIFEST'")
    assert path.exists()
    settings(written(upstream, "rate = 'off'", ("isos", "tools")))
    process.send_signal(signal.SIGHUP)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "isos: max_concurrent 50, rate off, bwlimit off\n")
    assert out.splitlines()[-1] == "2 repositories: all well"


def in_terminal(theirs, *, ignoring=False):
    """Make a terminal that of the process, as a login does."""

    def prepare():
        os.setsid()
        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
        if ignoring:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)

    return prepare


def test_a_terminal_that_is_gone_stops_the_sync_and_it_cleans_up(begun, home):
    ours, theirs = pty.openpty()
    process = begun("tools", preexec_fn=in_terminal(theirs))
    os.close(theirs)
    os.close(ours)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 129
    assert err.startswith("error: tools: stopped on request. No version was made.")
    assert [path for path in (home / "tmp").rglob("*") if path.is_file()] == []


def test_a_terminal_that_is_there_is_no_reason_to_stop(begun, settings, upstream):
    ours, theirs = pty.openpty()
    process = begun("tools", preexec_fn=in_terminal(theirs))
    settings(written(upstream, "rate = 'off'"))
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=60)
    os.close(theirs)
    os.close(ours)
    assert process.returncode == 0


def test_with_nohup_a_sync_outlives_its_terminal_and_follows_its_file_all_the_same(begun, settings, upstream):
    ours, theirs = pty.openpty()
    process = begun("tools", preexec_fn=in_terminal(theirs, ignoring=True))
    os.close(theirs)
    settings(written(upstream, "rate = 'off'"))
    os.close(ours)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "tools: max_concurrent 50, rate off, bwlimit off\n")


def test_a_signal_that_comes_before_the_sync_has_begun_ends_nothing_and_is_heeded_then(spawn, upstream, tmp_path):
    upstream.serve("a", b"a")
    path = tmp_path / "rxsync.toml"
    os.mkfifo(path)
    process = spawn("sync", "tools", "--config", path)
    with path.open("w") as file:  # it waits until both have opened it: the process is about to read
        path.unlink()
        path.write_text(written(upstream, "rate = 'off'"))
        process.send_signal(signal.SIGHUP)
        file.write(written(upstream, NEVER))
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "tools: max_concurrent 50, rate off, bwlimit off\n")
