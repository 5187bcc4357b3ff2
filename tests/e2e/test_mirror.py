"""A real tree over real HTTP, killed at random, twice at once: as the operator meets it."""

import hashlib
import random

import pytest

from tests.e2e.conftest import counting_server, http_server, rxsync, start, stored, temporary


def files_of(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "PULP_MANIFEST"
    }


def assert_sound(home, ask):
    """What an auditor would check without knowing rxsync: every row has its file, every file its name."""
    files = stored(home)
    for name, data in files.items():
        assert hashlib.sha256(data).hexdigest() == name
    rows = ask(home, "SELECT sha256, size FROM artifact")
    dangling = ask(
        home, "SELECT count(*) FROM content_artifact f LEFT JOIN content c ON c.id = f.content_id WHERE c.id IS NULL"
    )
    assert {name: size for name, size in rows if len(files[name]) != size} == {}
    assert dangling == [(0,)]
    assert temporary(home) == []


def test_a_real_tree_is_mirrored_again_and_after_changes(library, tmp_path, ask):
    home = tmp_path / "home"
    assert rxsync(home, "manifest", library)["files"] == len(files_of(library))
    with http_server(library) as url:
        first = rxsync(home, "sync", url, "--repository", "stdlib")
        files = files_of(library)
        assert len(files) > 1000
        assert (first["version"], first["declared"], first["new"], first["added"]) == (1, *[len(files)] * 3)
        assert stored(home) == {hashlib.sha256(data).hexdigest(): data for data in files.values()}
        assert_sound(home, ask)

        again = rxsync(home, "sync", url, "--repository", "stdlib")
        assert (again["version"], again["created"], again["unchanged"]) == (1, False, True)
        again = rxsync(home, "sync", url, "--repository", "stdlib", "--full")
        assert (again["version"], again["created"], again["known"]) == (1, False, len(files))
        assert again["bytes_downloaded"] == 0

        (library / "abc.py").write_text("changed\n")
        (library / "this.py").unlink()
        (library / "brand new, with comma.py").write_text("new\n")
        rxsync(home, "manifest", library)
        third = rxsync(home, "sync", url, "--repository", "stdlib")
        assert (third["version"], third["added"], third["removed"]) == (2, 2, 2)

    diff = rxsync(home, "version", "diff", "stdlib")
    assert [unit["name"] for unit in diff["added"]] == ["abc.py", "brand new, with comma.py"]
    assert [unit["name"] for unit in diff["removed"]] == ["abc.py", "this.py"]
    assert [version["number"] for version in rxsync(home, "version", "list", "stdlib")["versions"]] == [0, 1, 2]


@pytest.fixture
def tree(tmp_path):
    """600 files of many sizes, some of them the same, under a manifest."""
    chance = random.Random(3844)
    folder = tmp_path / "tree"
    for number in range(600):
        path = folder / f"{number % 7}" / f"{number}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(chance.randbytes(chance.choice([0, 10, 5_000, 300_000])) if number % 5 else b"the same")
    rxsync(tmp_path / "unused", "manifest", folder)
    return folder


def test_killed_ten_times_at_random_moments_one_clean_run_ends_with_every_file_once(tree, tmp_path, ask):
    home, chance = tmp_path / "home", random.Random(10)
    with counting_server(tree) as server:
        for _ in range(10):
            reached = server.wait_for(chance.randrange(1, 300))
            sync = start(home, "sync", server.url, "--repository", "tree")
            while not reached.wait(0.05) and sync.poll() is None:
                pass  # killed when so many files were asked for, or it came to its end before
            sync.kill()
            sync.communicate()
        server.wait_for(0)
        report = rxsync(home, "sync", server.url, "--repository", "tree", "--full")
        files = files_of(tree)
        assert (report["version"], report["added"] in (0, len(files))) == (1, True)
        assert report["declared"] == len(files)
        assert stored(home) == {hashlib.sha256(data).hexdigest(): data for data in files.values()}
        versions = rxsync(home, "version", "list", "tree")["versions"]
        assert [(version["number"], version["present"]) for version in versions] == [(0, 0), (1, len(files))]
    assert_sound(home, ask)


def test_two_repositories_with_the_same_files_sync_at_once_in_two_processes_on_one_home(tree, tmp_path, ask):
    home = tmp_path / "home"
    with counting_server(tree) as server:
        both = [start(home, "sync", server.url, "--repository", name) for name in ("one", "two")]
        ended = [(sync.communicate(), sync.returncode) for sync in both]
    assert [code for _, code in ended] == [0, 0], ended
    one, two = [rxsync(home, "version", "show", name, 1)["units"] for name in ("one", "two")]
    assert one == two
    assert len(one) == len(files_of(tree))
    assert_sound(home, ask)


def test_while_a_sync_runs_a_second_one_exits_5_at_once_and_readers_do_not_wait(tree, tmp_path, ask):
    home = tmp_path / "home"
    rxsync(home, "sync", tree, "--repository", "tree")
    (tree / "0" / "0.bin").write_bytes(b"another")
    rxsync(home, "manifest", tree)
    with counting_server(tree) as server:
        with server.lock:  # whoever asks for the manifest now waits, and so does the sync that holds the repository
            sync = start(home, "sync", server.url, "--repository", "tree")
            while not (home / "tmp").exists() or not temporary(home):
                assert sync.poll() is None
            locked = rxsync(home, "sync", server.url, "--repository", "tree", expect=5)
            assert locked["error"]["kind"] == "LockedError"
            assert locked["error"]["transient"] is True
            assert [v["number"] for v in rxsync(home, "version", "list", "tree")["versions"]] == [0, 1]
        out, err = sync.communicate()
    assert sync.returncode == 0, out + err
    assert rxsync(home, "repository", "show", "tree")["version"] == 2
