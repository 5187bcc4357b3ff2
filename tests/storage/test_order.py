"""Durability is an order of system calls; strace sees it."""

import re
import shutil

import pytest

from rxsync.testing.storage import sha256_of, some_bytes

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")

PUT = """
async def main():
    async with storage.scratch("run") as scratch:
        theirs = home / "theirs"
        theirs.write_bytes(some_bytes(5000, seed=99))
        bodies = [await received(scratch, some_bytes(1000, seed)) for seed in range(150)]
        bodies.append(await received(scratch, some_bytes(2 << 20)))
        bodies.append(Body(5000, {"sha256": sha256_of(theirs.read_bytes())}, path=theirs, ours=False))
        os.write(1, b"put\\n")
        try:
            await storage.put(bodies)
            os.write(1, b"kept\\n")
        except StorageError as told:
            os.write(1, f"{told}\\n".encode())
asyncio.run(main())
"""
WITHOUT_SYNCFS = "durable._syncfs = None\n" + PUT
FILES = 152


@pytest.fixture
def traced(tmp_path, child):
    """Run a script under strace; the calls from "put" on, in the order in which they began and ended."""

    def trace(script, *options):
        log = tmp_path / "trace"
        calls = "trace=write,rename,renameat2,syncfs,fsync"
        strace = ("strace", "-f", "-y", "-s", "200", "-e", calls, *options, "-o", str(log))
        status, said = child(script, tmp_path / "home", under=strace).end()
        if "Operation not permitted" in said:
            pytest.skip("strace may not trace here")
        assert status == 0, said
        lines = [line.split(maxsplit=1)[1] for line in log.read_text().splitlines()]
        return lines[next(n for n, line in enumerate(lines) if '"put\\n"' in line) :]

    return trace


def places(lines, pattern):
    return [number for number, line in enumerate(lines) if re.search(pattern, line)]


def test_all_is_in_place_before_one_syncfs_and_it_ends_before_put_returns(traced):
    lines = traced(PUT)
    renames = places(lines, r"\brename(at2)?\b")
    written = places(lines, r"write\(\d+<.*/tmp/put-")
    began, ended = places(lines, r"syncfs\("), places(lines, r"syncfs.*= 0$")
    assert len(places(lines, r"rename(at2)?\(.*/artifacts/../\w{62}")) >= FILES
    assert len(written) >= FILES - 1
    assert len(began) == len(ended) == 1
    assert max(renames + written) < began[0] <= ended[0] < places(lines, r'"kept\\n"')[0]
    assert places(lines, "fsync") == []


def test_without_syncfs_each_file_is_settled_before_its_rename_and_each_folder_after(traced):
    lines = traced(WITHOUT_SYNCFS)
    in_place = [re.match(r'rename\("([^"]+)", "([^"]+)"\)\s+= 0', line) for line in lines]
    moves = [(number, match.group(1), match.group(2)) for number, match in enumerate(in_place) if match]
    kept = places(lines, r'"kept\\n"')[0]
    assert len(moves) == FILES
    last = moves[-1][0]
    for number, temp, target in moves:
        assert places(lines[:number], rf"fsync\(\d+<{re.escape(temp)}>\)\s+= 0")
        assert places(lines[last:kept], rf"fsync\(\d+<{re.escape(target.rsplit('/', 1)[0])}>\)\s+= 0")
    assert places(lines[last:kept], r"fsync\(\d+<[^>]*/artifacts>\)\s+= 0")
    assert places(lines[last:kept], r"fsync\(\d+<[^>]*/home>\)\s+= 0")


def test_a_file_that_is_there_is_replaced_only_by_bytes_that_are_durable(traced):
    lines = traced(PUT.replace("os.write(1", "await storage.put(bodies[:1])\n        os.write(1", 1))
    name = sha256_of(some_bytes(1000))
    [replaced] = places(lines, rf"rename\(.*/artifacts/{name[:2]}/{name[2:]}")
    assert len(places(lines[:replaced], r"fsync\(\d+<.*/tmp/put-.*= 0")) == 1


def test_a_failed_syncfs_fails_the_put_and_is_not_tried_again(traced):
    lines = traced(PUT, "-e", "inject=syncfs:error=EIO")
    assert len(places(lines, r"syncfs\(")) == 1
    assert places(lines, r"cannot write artifacts: input/output error")
    assert places(lines, r'"kept\\n"') == []


def test_a_failed_fsync_fails_the_put_and_is_not_tried_again(traced):
    lines = traced(WITHOUT_SYNCFS, "-e", "inject=fsync:error=EIO")
    assert len(places(lines, r"fsync\(")) == 1
    assert places(lines, r"rename(at2)?\(.*/artifacts/../\w{62}") == []
    assert places(lines, r"cannot write artifacts/../\w{62}: input/output error")


def test_a_quota_that_is_used_up_is_told(traced):
    lines = traced(PUT, "-e", "inject=rename,renameat2:error=EDQUOT:when=3+")
    assert places(lines, r"cannot write artifacts/../\w{62}: disk quota exceeded")
