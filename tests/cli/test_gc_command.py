"""``rxsync gc``, for people and for programs."""

import re

import pytest

WHEN = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"


@pytest.fixture
def deleted(rxsync, folder):
    """A home in which nothing refers to three files of 49 bytes."""
    rxsync("sync", folder, "--repository", "tools")
    rxsync("repository", "delete", "tools")


def told(done):
    return [re.sub(r"\d+\.\d s", "SECONDS", re.sub(WHEN, "WHEN", line)) for line in done.out.splitlines()]


def test_a_first_call_says_what_waits_until_when_and_how_it_is_freed_now(rxsync, deleted):
    for _ in range(2):
        done = rxsync("gc")
        assert (done.code, done.err) == (0, "")
        assert told(done) == [
            "freed 0 B in SECONDS",
            "  deleted   0 units, 0 artifacts, 0 files",
            "  waiting   3 units, 3 files, 49 B, until WHEN at the latest; --grace 0 frees it now",
        ]


def test_without_grace_it_is_freed_at_once(rxsync, deleted, home):
    assert told(rxsync("gc", "--dry-run", "--grace", "0")) == [
        "would free 49 B in SECONDS",
        "  to delete 3 units, 3 artifacts, 3 files",
    ]
    assert list((home / "artifacts").glob("*/*"))
    assert told(rxsync("gc", "--grace", "0")) == [
        "freed 49 B in SECONDS",
        "  deleted   3 units, 3 artifacts, 3 files",
    ]
    assert not list((home / "artifacts").glob("*/*"))


def test_json_says_the_same(rxsync, deleted):
    waits = rxsync("gc", "--dry-run", "--json").json
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", waits["waiting"].pop("until"))
    assert waits.pop("seconds") >= 0
    assert waits == {
        "schema": "rxsync.gc/1",
        "versions": [],
        "content": 0,
        "artifacts": 0,
        "files": 0,
        "partial": 0,
        "bytes_freed": 0,
        "waiting": {"content": 3, "files": 3, "bytes": 49},
        "live_runs": [],
        "dry_run": True,
    }
    freed = rxsync("gc", "--grace", "0", "--json").json
    assert (freed["content"], freed["artifacts"], freed["files"], freed["bytes_freed"]) == (3, 3, 3, 49)
    assert freed["waiting"] == {"content": 0, "files": 0, "bytes": 0, "until": None}


def test_quiet_says_nothing(rxsync, deleted):
    assert rxsync("gc", "-q").out == ""


def test_beside_a_sync_it_says_what_waits_for_it(rxsync, deleted, spawn, upstream):
    upstream.serve("endless", b"ab")
    upstream.endless.add("endless")
    spawn("sync", f"{upstream.url}PULP_MANIFEST", "--repository", "slow")
    upstream.begun.wait()
    assert told(rxsync("gc", "--grace", "0")) == [
        "freed 0 B in SECONDS",
        "  deleted   0 units, 0 artifacts, 0 files",
        "  waiting   3 units, 3 files, 49 B, for syncs to end",
        "  beside    a sync of slow since WHEN; what it may use waits for it",
    ]
    (run,) = rxsync("gc", "--json").json["live_runs"]
    assert (set(run), run["repository"]) == ({"run", "repository", "started"}, "slow")


def test_versions_that_go_first_are_counted_and_named(rxsync, folder):
    for word in ("one", "two", "three"):
        (folder / "b.txt").write_text(word)
        rxsync("sync", folder, "--repository", "tools")
    foreseen = rxsync("gc", "tools", "--keep", "1", "--dry-run", "--grace", "0", "--json").json
    assert foreseen["versions"] == [{"repository": "tools", "number": number} for number in (0, 1, 2)]
    assert (foreseen["content"], foreseen["bytes_freed"]) == (2, 6)
    rxsync("sync", folder, "--repository", "more")
    assert "  deleted   4 versions, 0 units, 0 artifacts, 0 files" in told(rxsync("gc", "--keep", "1"))
    assert [one["number"] for one in rxsync("version", "list", "tools", "--json").json["versions"]] == [3]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tools"], "a NAME says whose versions --keep is for: expected --keep N, or no NAME"),
        (["--grace", "5"], 'expected a number with s, m, h or d behind it, such as "24h"'),
        (["--grace", "9999999d"], "expected seconds, 0 to 1000000000"),
        (["--keep", "0"], "0 is not in the range x>=1"),
        (["--keep", "1", "nobody"], "no repository 'nobody' here"),
    ],
)
def test_what_cannot_be_is_refused(rxsync, deleted, words, said):
    done = rxsync("gc", *words)
    assert (done.code, said in done.err.splitlines()[0]) == (2, True), done.err


def test_without_a_home_there_is_nothing_to_collect_from(rxsync, home):
    done = rxsync("gc", "--json")
    assert (done.code, done.json["error"]["kind"]) == (2, "HomeError")
    assert not home.exists()


def test_a_second_one_at_once_ends_with_5(rxsync, deleted, home):
    from rxsync.pipeline.collect import LOCK
    from rxsync.pipeline.lock import locked

    with locked(home / "locks", LOCK):
        done = rxsync("gc")
    assert (done.code, done.err) == (5, "error: gc: another one is at work in this home\n")


def test_to_keep_more_versions_than_a_database_counts_is_to_keep_all(rxsync, folder):
    rxsync("sync", folder, "--repository", "tools")
    done = rxsync("gc", "--keep", "9" * 30, "--json")
    assert (done.code, done.json["versions"]) == (0, [])
