"""A folder as a repository: its files, and the manifest that lists them."""

import os

import pytest

from rxsync.errors import MetadataError, SourceError
from rxsync.plugins.file.folder import summed, walk, write_manifest
from rxsync.plugins.file.manifest import read_manifest
from tests.operators.conftest import sha256


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "folder"
    (folder / "b").mkdir(parents=True)
    (folder / "b" / "c,d").write_bytes(b"two")
    (folder / "a").write_bytes(b"one")
    (folder / "PULP_MANIFEST").write_text("of old\n")
    return folder


def names(folder):
    return [path.relative_to(folder).as_posix() for path in walk(folder)]


def test_the_manifest_lists_every_file_but_itself_and_can_be_read_again(folder):
    assert write_manifest(folder) == 2
    entries = list(read_manifest((folder / "PULP_MANIFEST").read_text().splitlines()))
    assert entries == [("a", sha256(b"one"), 3), ("b/c,d", sha256(b"two"), 3)]
    assert write_manifest(folder) == 2
    assert sorted(path.name for path in folder.iterdir()) == ["PULP_MANIFEST", "a", "b"]


def test_a_manifest_deeper_down_is_a_file_like_any_other(folder):
    (folder / "b" / "PULP_MANIFEST").write_text("x")
    assert "b/PULP_MANIFEST" in names(folder)


def test_links_are_followed_to_files_inside_and_nowhere_else(folder, tmp_path):
    (tmp_path / "outside").write_text("secret")
    (folder / "inside").symlink_to("a")
    (folder / "out").symlink_to("../outside")
    (folder / "broken").symlink_to("nothing")
    (folder / "loop").symlink_to(".")
    os.mkfifo(folder / "fifo")
    assert names(folder) == ["a", "inside", "b/c,d"]


@pytest.mark.parametrize("name", ["back\\slash", "new\nline", os.fsdecode(b"\xff")])
def test_a_name_that_cannot_be_declared_is_named_and_the_old_manifest_stays(folder, name):
    (folder / name).write_text("x")
    with pytest.raises(MetadataError, match="relative_path"):
        write_manifest(folder)
    assert (folder / "PULP_MANIFEST").read_text() == "of old\n"
    assert not list(folder.glob(".PULP*"))


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SourceError, match="nowhere"):
        write_manifest(tmp_path / "nowhere")
    with pytest.raises(SourceError, match="nowhere"):
        list(walk(tmp_path / "nowhere"))


async def test_walking_gives_what_the_manifest_would_list(folder):
    assert [entry async for entry in summed(folder)] == [("a", sha256(b"one"), 3), ("b/c,d", sha256(b"two"), 3)]


def test_a_home_in_a_folder_and_manifests_being_written_are_no_part_of_it(folder):
    (folder / "mirror").mkdir()
    (folder / "mirror" / "rxsync.db").touch()
    (folder / ".PULP_MANIFEST.x1y2").touch()
    (folder / "circle").symlink_to("circle")
    assert names(folder) == ["a", "b/c,d"]


def test_two_manifests_written_at_once_do_not_disturb_each_other(folder, monkeypatch):
    from rxsync.plugins.file import folder as module

    entry, done = module.entry, []

    def entry_while_another_is_written(*args):
        if not done:
            done.append(True)
            done.append(write_manifest(folder))
        return entry(*args)

    monkeypatch.setattr(module, "entry", entry_while_another_is_written)
    assert write_manifest(folder) == 2
    assert done == [True, 2]
    assert [e.relative_path for e in read_manifest((folder / "PULP_MANIFEST").read_text().splitlines())] == [
        "a",
        "b/c,d",
    ]
    assert list(folder.glob(".PULP*")) == []
