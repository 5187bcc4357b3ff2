"""How progress looks, as text."""

from dataclasses import replace

import pytest

from rxsync.cli.frame import frame
from rxsync.cli.pace import Pace, line
from rxsync.flow import Gauge
from rxsync.pipeline.progress import Advanced

STAGES = [
    Gauge("from_async", 0, 0, "room"),
    Gauge("query_existing_content + query_existing_artifacts", 1500, 0, "room"),
    Gauge("download_artifacts", 484, 50, "work"),
    Gauge("my own step", 3, 0, "input"),
    Gauge("save_artifacts + save_content + resolve_content + associate_content", 9, 0, "company"),
]
READING = Advanced(10.0, 1200, False, 300, 45_200_000, STAGES)
KNOWN = replace(READING, declared=3000, total_known=True)
VAST = Advanced(
    1e6, 10**12, True, 10**11, 10**18, [Gauge("source", 0, 0, "room"), Gauge("x" * 90, 10**9, 10**9, "work")]
)
TITLE = "tools  https://host/files/PULP_MANIFEST"


def drawn(event, width=80, **how):
    return [text.plain for text in frame(event, width, title=TITLE, **how)]


def test_while_the_source_is_read_the_total_is_open():
    assert drawn(READING) == [
        "tools  https://host/files/PULP_MANIFEST",
        "────────────────────────────────────────────────── reading the source",
        "300 of 1,200+ units   45.2 MB   4.5 MB/s   0:10",
        "",
        "  source                                            waits: the line is full",
        "  query_existing_content +1           holds  1,500  waits for the next step",
        "  download_artifacts                  holds    484  50 at work",
        "  my own step                         holds      3  waits for units",
        "  save_artifacts … associate_content  holds      9  fills a batch",
    ]


def test_with_the_total_come_a_share_and_the_time_that_is_left():
    assert drawn(KNOWN)[1:3] == [
        "━━━━━─────────────────────────────────────────────  10%",
        "300 of 3,000 units   45.2 MB   4.5 MB/s   0:10   about 1:31 left",
    ]


@pytest.mark.parametrize(
    ("at_once", "told"), [({"a": 12}, "   12 at once"), ({"a": 12, "b": 3, "c": 4}, "   3-12 at once"), ({}, "")]
)
def test_how_many_a_host_takes_is_told_where_it_is_being_found_out(at_once, told):
    event = replace(KNOWN, at_once=at_once)
    assert drawn(event)[2] == f"300 of 3,000 units   45.2 MB   4.5 MB/s   0:10{told}   about 1:31 left"
    assert line(event) == drawn(event)[2].replace("   ", ", ")


def test_at_60_columns_the_facts_that_matter_least_are_left_out():
    assert drawn(KNOWN, 60) == [
        "tools  https://host/files/PULP_MANIFEST",
        "━━━━━─────────────────────────────────────────────  10%",
        "300 of 3,000 units   45.2 MB   4.5 MB/s   about 1:31 left",
        "",
        "  source                             waits: the line is full",
        "  query_existing_content +1   1,500  waits for the next step",
        "  download_artifacts            484  50 at work",
        "  my own step                     3  waits for units",
        "  save_artifacts +3               9  fills a batch",
    ]


@pytest.mark.parametrize("event", [READING, KNOWN, replace(KNOWN, stages=[]), replace(KNOWN, declared=0, done=0), VAST])
def test_no_line_is_ever_wider_than_the_terminal(event):
    for width in range(1, 200):
        lines = drawn(event, width)
        assert max(map(len, lines)) <= width
        assert all(line.isprintable() for line in lines)


def test_the_number_of_lines_stays_while_a_run_goes_on():
    heights = {len(drawn(event)) for event in (READING, KNOWN, replace(KNOWN, done=3000))}
    assert heights == {4 + len(STAGES)}


def test_when_all_units_are_through_the_version_is_being_made():
    bar, facts = drawn(replace(KNOWN, done=3000))[1:3]
    assert bar.endswith("━ making the version")
    assert "left" not in facts


def test_a_stop_is_shown_while_it_cleans_up():
    assert drawn(KNOWN, stopping=True)[1].endswith(" stopping, cleaning up")


def test_a_title_cannot_command_the_terminal():
    assert frame(KNOWN, 80, title="a\x1b[2J")[0].plain == "a\\x1b[2J"


def test_a_rate_is_of_what_came_since_the_earlier_event():
    later = replace(KNOWN, seconds=14.0, done=500, bytes_downloaded=65_200_000)
    assert Pace.of(later, KNOWN) == Pace(units=50.0, bytes=5_000_000.0, left=50.0)
    assert Pace.of(later).bytes == 65_200_000 / 14


@pytest.mark.parametrize("event", [replace(KNOWN, seconds=0.0), replace(KNOWN, done=0)])
def test_where_nothing_has_come_through_no_time_is_promised(event):
    assert Pace.of(event).left is None


def test_bytes_that_turn_out_void_give_no_negative_rate():
    assert Pace.of(replace(KNOWN, seconds=11.0, bytes_downloaded=1), KNOWN).bytes == 0.0


def test_a_log_has_it_in_one_line():
    assert line(KNOWN) == "300 of 3,000 units, 45.2 MB, 4.5 MB/s, 0:10, about 1:31 left"
