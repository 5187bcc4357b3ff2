"""One bad file must not fail a sync of a thousand."""

import hashlib


def test_a_sync_of_a_thousand_with_ten_bad_ones_makes_a_version_of_the_rest_and_the_next_adds_just_those(
    rxsync, upstream
):
    for number in range(1000):
        upstream.serve(f"{number:03}", b"file %d" % number)
    good = dict(upstream.files)
    for number in range(7):
        del upstream.files[f"{number * 100:03}"]
    for number in range(3):
        upstream.files[f"{number * 100 + 50:03}"] = b"FILE %d" % (number * 100 + 50)
    words = ["sync", f"{upstream.url}PULP_MANIFEST", "--repository", "r", "--on-error", "skip", "--max-failures", "20"]
    report = rxsync(*words, "--retries", "1", "--json").json
    assert (report["exit_code"], report["version"], report["new"], report["skipped"]) == (3, 1, 990, 10)
    assert len(report["problems"]) == 10
    assert sorted(one["kind"] for one in report["problems"]) == ["DigestMismatchError"] * 3 + ["HttpStatusError"] * 7
    assert {(one["stage"], one["attempts"]) for one in report["problems"]} == {
        ("download_artifacts", 1),
        ("download_artifacts", 4),  # one retry, in two passes
    }
    (version,) = [one for one in rxsync("version", "list", "r", "--json").json["versions"] if one["number"] == 1]
    assert (version["present"], version["skipped"]) == (990, 10)
    shown = rxsync("log", "--run", report["run"]).out
    assert shown.count("HTTP 404 Not Found") == 7
    assert "050" in shown
    upstream.files.update(good)
    report = rxsync(*words, "--json").json
    assert (report["exit_code"], report["added"], report["new"], report["known"]) == (0, 10, 10, 990)


def test_too_many_failures_trip_the_guard(rxsync, upstream):
    for number in range(20):
        upstream.serve(f"{number}", b"%d" % number)
    manifest = upstream.files["PULP_MANIFEST"]
    upstream.files.clear()
    upstream.files["PULP_MANIFEST"] = manifest
    words = ["sync", f"{upstream.url}PULP_MANIFEST", "--repository", "r", "--on-error", "skip", "--max-failures", "5"]
    done = rxsync(*words, "--retries", "0")
    assert (done.code, done.err.startswith("error: r: 6 of ")) == (8, True)
    assert "more than --max-failures 5 allows. No version was made." in done.err


def test_the_file_says_it_by_kind(rxsync, upstream, settings, home):
    upstream.serve("a", b"a")
    upstream.serve("b", b"b")
    upstream.files["b"] = b"B"
    path = settings(
        f"[repositories.r]\nsource = '{upstream.url}PULP_MANIFEST'\nretries = 0\nmax_failures = 1\n"
        "on_error = {404 = 'skip', DigestMismatchError = 'quarantine'}\n"
    )
    report = rxsync("--config", path, "sync", "r", "--json").json
    assert (report["exit_code"], report["skipped"]) == (3, 1)
    (kept,) = (home / "quarantine").glob("*/*/0")
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == hashlib.sha256(b"B").hexdigest()
