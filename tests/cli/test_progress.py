"""Who watches a sync."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from rxsync.cli.progress import Log
from rxsync.cli.screen import Screen
from rxsync.pipeline.progress import Advanced, Finished, Started
from rxsync.pipeline.report import Report

from .test_frame import KNOWN, STAGES

STARTED = Started("0" * 32, "tools", "https://host/")


def test_a_log_has_a_line_once_in_so_many_seconds_of_the_run():
    lines = []
    log = Log(lines.append, every=30)
    log.on_next(STARTED)
    for second in range(0, 100, 7):
        log.on_next(Advanced(float(second), 1000, True, second, 10 * second, STAGES))
    log.on_next(Finished(Report("0" * 32, "tools")))
    assert lines == [
        "tools: 35 of 1,000 units, 350 B, 10 B/s, 0:35, about 16:06 left",
        "tools: 70 of 1,000 units, 700 B, 10 B/s, 1:10, about 15:31 left",
    ]


def terminal(**how):
    how = {"width": 80, "height": 24, "force_terminal": True, "legacy_windows": False, **how}
    return Console(file=io.TextIOWrapper(io.BytesIO(), how.pop("encoding", "utf-8"), newline=""), **how)


def written(console):
    console.file.flush()
    return console.file.buffer.getvalue().decode(console.file.encoding)


def test_a_screen_draws_and_leaves_nothing():
    console = terminal()
    with Screen(console) as screen:
        screen.on_next(STARTED)
        screen.on_next(KNOWN)
        screen.on_next(Finished(Report("0" * 32, "tools")))
        shown = written(console)
    assert "300 of 3,000 units" in shown
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h") == 1
    lines = 4 + len(STAGES)
    assert shown.endswith("\r\x1b[1A\x1b[2K" + "\x1b[1A\x1b[2K" * (lines - 1))
    assert written(console) == shown


def test_the_next_sync_is_drawn_again_with_rates_of_its_own():
    console = terminal()
    with Screen(console) as screen:
        screen.on_next(STARTED)
        screen.on_next(replace(KNOWN, seconds=5.0, done=50, bytes_downloaded=900))
        screen.on_next(Finished(Report("0" * 32, "tools")))
        before = written(console)
        screen.on_next(replace(STARTED, repository="isos"))
        screen.on_next(replace(KNOWN, seconds=10.0, done=100, bytes_downloaded=1000))
        screen.on_next(Finished(Report("0" * 32, "isos")))
        shown = written(console).removeprefix(before)
    assert "isos" in shown
    assert "100 of 3,000 units" in shown
    assert "100 B/s" in shown


def test_a_log_of_many_syncs_begins_anew_with_each():
    lines = []
    log = Log(lines.append, every=30)
    for name in ("tools", "isos"):
        log.on_next(replace(STARTED, repository=name))
        log.on_next(Advanced(35.0, 1000, True, 35, 350, STAGES))
    assert [line.partition(" of ")[0] for line in lines] == ["tools: 35", "isos: 35"]


def test_a_sync_that_is_over_at_once_shows_nothing():
    console = terminal()
    with Screen(console) as screen:
        screen.on_next(STARTED)
        screen.on_next(replace(KNOWN, seconds=0.1))
        screen.on_next(Finished(Report("0" * 32, "tools")))
    assert written(console) == ""


def test_a_low_terminal_gets_the_first_lines_only():
    console = terminal(height=4)
    with Screen(console) as screen:
        screen.on_next(STARTED)
        screen.on_next(KNOWN)
    shown = written(console)
    assert "300 of 3,000 units" in shown
    assert "download_artifacts" not in shown


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_a_terminal_without_unicode_gets_ascii(encoding):
    console = terminal(encoding=encoding)
    with Screen(console) as screen:
        screen.on_next(STARTED)
        screen.on_next(KNOWN)
    shown = written(console)
    assert ("save_artifacts ~ associate_content" in shown) == (encoding == "ascii")
    assert ("save_artifacts … associate_content" in shown) == (encoding == "utf-8")
    assert shown.isascii() == (encoding == "ascii")
